/** Schedules as Cloud Scheduler reads them: https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules */

/** The values of one field, and whether the text began with a star: then days of the other kind decide alone. */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly star: boolean;
}

export interface UnixCron {
  readonly minute: Field;
  readonly hour: Field;
  readonly dayOfMonth: Field;
  readonly month: Field;
  readonly dayOfWeek: Field;
}

const MONTHS = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
const WEEKDAYS = "SUNMONTUEWEDTHUFRISAT";

function value(text: string, names: string, firstName: number): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const at = text.length === 3 ? names.indexOf(text.toUpperCase()) : -1;
  return at >= 0 && at % 3 === 0 ? at / 3 + firstName : Number.NaN;
}

/** Undefined for what is no field. */
function field(text: string, low: number, high: number, names = "", firstName = 0): Field | undefined {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^([^/-]+)(?:-([^/-]+))?(?:\/(\d{1,2}))?$/.exec(part);
    if (!match) return undefined;
    const [, first = "", last, every] = match;
    const from = first === "*" ? low : value(first, names, firstName);
    const to = first === "*" ? high : last === undefined ? (every ? high : from) : value(last, names, firstName);
    const step = Number(every ?? 1);
    if (!(from >= low && to <= high && from <= to && step > 0) || (first === "*" && last !== undefined))
      return undefined;
    for (let one = from; one <= to; one += step) values.add(one);
  }
  return { values, star: text.startsWith("*") };
}

/** Undefined for what Cloud Scheduler would refuse. English-like schedules are not known here. */
export function readUnixCron(text: string): UnixCron | undefined {
  const texts = text.trim().split(/\s+/);
  if (texts.length !== 5) return undefined;
  const [minute, hour, dayOfMonth, month, weekday] = [
    field(texts[0] ?? "", 0, 59),
    field(texts[1] ?? "", 0, 23),
    field(texts[2] ?? "", 1, 31),
    field(texts[3] ?? "", 1, 12, MONTHS, 1),
    field(texts[4] ?? "", 0, 7, WEEKDAYS),
  ];
  if (!minute || !hour || !dayOfMonth || !month || !weekday) return undefined;
  const dayOfWeek = { ...weekday, values: new Set([...weekday.values].map((day) => day % 7)) };
  return { minute, hour, dayOfMonth, month, dayOfWeek };
}

/** Whether a day of the calendar is meant. With both kinds of day given, either is enough. */
export function isDay(
  { dayOfMonth, month, dayOfWeek }: UnixCron,
  year: number,
  monthNumber: number,
  day: number,
): boolean {
  if (!month.values.has(monthNumber)) return false;
  const ofMonth = dayOfMonth.values.has(day);
  const ofWeek = dayOfWeek.values.has(new Date(Date.UTC(year, monthNumber - 1, day)).getUTCDay());
  if (dayOfMonth.star || dayOfWeek.star) return ofMonth && ofWeek;
  return ofMonth || ofWeek;
}

/** Five leap years: what hasn't come by then never comes. */
const HORIZON_DAYS = 366 * 20;
const DAY = 86_400_000;
const MINUTE = 60_000;

/**
 * The first time after `after`, in milliseconds since the epoch; undefined: never. A time that a change of the clocks
 * skips doesn't come, one that it repeats comes once: Google says no more than that such times may surprise.
 */
export function nextTime(cron: UnixCron, timeZone: string, after: number): number | undefined {
  const clock = wallClock(timeZone);
  const today = Math.floor(clock(after) / DAY) * DAY;
  for (let day = 0; day < HORIZON_DAYS; day++) {
    const midnight = new Date(today + day * DAY);
    if (!isDay(cron, midnight.getUTCFullYear(), midnight.getUTCMonth() + 1, midnight.getUTCDate())) continue;
    for (const hour of [...cron.hour.values].sort((a, b) => a - b))
      for (const minute of [...cron.minute.values].sort((a, b) => a - b)) {
        const time = instantOf(clock, midnight.getTime() + hour * 60 * MINUTE + minute * MINUTE);
        if (time !== undefined && time > after) return time;
      }
  }
  return undefined;
}

/** What a clock on the wall of a time zone shows, as if it were UTC. @throws RangeError for no time zone */
export function wallClock(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}

/** The first instant at which the clock shows this, or undefined: it is skipped. */
function instantOf(clock: (instant: number) => number, wall: number): number | undefined {
  const offsets = [wall - DAY, wall, wall + DAY].map((around) => clock(around) - around);
  return offsets
    .map((offset) => wall - offset)
    .filter((instant) => clock(instant) === wall)
    .sort((a, b) => a - b)[0];
}
