/**
 * Schedules in the five fields of cron, as far as they mean the same on both clouds: minute, hour, day of the month,
 * month, day of the week. `*`, numbers, ranges, steps over `*` or a range, lists, and names in capitals. Days of the
 * month together with days of the week are refused: cron means either, AWS takes only one of them.
 */

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"] as const;
/** In the order of cron, where Sunday is 0. */
export const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;

/** The fields with their lowest and highest value. */
export const CRON_FIELDS = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  dayOfMonth: { min: 1, max: 31 },
  month: { min: 1, max: 12 },
  dayOfWeek: { min: 0, max: 6 },
} as const;
export type CronField = keyof typeof CRON_FIELDS;

/** A schedule as the values that each field takes, ascending. Sunday is 0. */
export type Cron = Readonly<Record<CronField, readonly number[]>>;

/** Longest text that is read. */
export const CRON_LENGTH = 200;

const FORMS: Readonly<Record<CronField, string>> = {
  minute: "[0-5]?[0-9]",
  hour: "(?:[01]?[0-9]|2[0-3])",
  dayOfMonth: "(?:0?[1-9]|[12][0-9]|3[01])",
  month: `(?:0?[1-9]|1[0-2]|${MONTHS.join("|")})`,
  dayOfWeek: `(?:[0-7]|${WEEKDAYS.join("|")})`,
};
const STEP = "[1-9][0-9]?";
const fieldForm = (value: string) => {
  const part = `(?:[*](?:/${STEP})?|${value}(?:-${value}(?:/${STEP})?)?)`;
  return `${part}(?:,${part})*`;
};

/** The form of the whole text; ranges that run backwards and days that never come are found by `parseCron`. */
export const CRON_FORM = new RegExp(`^${Object.values(FORMS).map(fieldForm).join(" ")}$`);
/** Five fields that ask for days of the month and for days of the week. */
export const BOTH_KINDS_OF_DAY = /^[^ ]+ [^ ]+ (?:[^ *]|[^ ]{2,}) [^ ]+ (?:[^ *]|[^ ]{2,})$/;

export const CRON_SAYS =
  "cron must be five fields with one space between: minute (0-59), hour (0-23), day of the month (1-31), month (1-12 or JAN-DEC), day of the week (0-7 or SUN-SAT, 0 and 7 are Sunday); each *, a value, a range a-b, a step */n or a-b/n, or a list of these";
export const ONE_KIND_OF_DAY_SAYS =
  "cron must leave the day of the month or the day of the week at *: together they mean something else on each cloud";

/** What can't be read as a schedule, for people. */
export interface CronProblem {
  readonly problem: string;
}

/** The values of a schedule, or what is wrong with the text. */
export function parseCron(text: string): Cron | CronProblem {
  if (!CRON_FORM.test(text)) return { problem: CRON_SAYS };
  if (BOTH_KINDS_OF_DAY.test(text)) return { problem: ONE_KIND_OF_DAY_SAYS };
  const texts = text.split(" ");
  const values: Partial<Record<CronField, readonly number[]>> = {};
  for (const [index, field] of (Object.keys(CRON_FIELDS) as CronField[]).entries()) {
    const found = valuesOf(field, texts[index] ?? "");
    if (typeof found === "string") return { problem: `cron: ${found}` };
    values[field] = found;
  }
  const cron = values as Cron;
  if (!everComes(cron)) return { problem: `cron: "${text}" never comes: no month of it has such a day` };
  return cron;
}

export const isCron = (read: Cron | CronProblem): read is Cron => !("problem" in read);

function valuesOf(field: CronField, text: string): readonly number[] | string {
  const { min, max } = CRON_FIELDS[field];
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step = "1"] = part.split("/");
    const [from = "", to = from] = range.split("-");
    // Sunday may stand at the end of a range as 7.
    const [low, high] = range === "*" ? [min, max] : [numberOf(field, from), numberOf(field, to)];
    const end = field === "dayOfWeek" && high === 0 && low > 0 ? 7 : high;
    if (end < low) return `the range ${range} runs backwards; write it as two`;
    for (let value = low; value <= end; value += Number(step)) found.add(field === "dayOfWeek" ? value % 7 : value);
  }
  return [...found].sort((a, b) => a - b);
}

function numberOf(field: CronField, text: string): number {
  if (field === "month" && /^[A-Z]/.test(text)) return MONTHS.indexOf(text as (typeof MONTHS)[number]) + 1;
  if (field === "dayOfWeek" && /^[A-Z]/.test(text)) return WEEKDAYS.indexOf(text as (typeof WEEKDAYS)[number]);
  return Number(text);
}

/** Days of each month in a leap year. */
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const everComes = ({ month, dayOfMonth }: Cron): boolean =>
  month.some((one) => (dayOfMonth[0] ?? 1) <= (DAYS[one - 1] ?? 31));

/** How a cloud writes the parts of a field. */
export interface CronWords {
  /** Every value of the field. */
  readonly all: string;
  value(value: number): string;
  /** Every `step`th value from `from` to the end of the field. */
  every(from: number, step: number): string;
}

/** The shortest text that these words give for the values of a field. */
export function fieldText(field: CronField, values: readonly number[], words: CronWords): string {
  const { min, max } = CRON_FIELDS[field];
  if (values.length === max - min + 1) return words.all;
  const [first = min, second = first] = values;
  const step = second - first;
  const regular = values.every((value, index) => value === first + index * step);
  if (step > 1 && values.length > 2 && regular && first + values.length * step > max) return words.every(first, step);
  return runsOf(values)
    .map(({ from, to }) =>
      to - from > 1
        ? `${words.value(from)}-${words.value(to)}`
        : [...new Set([from, to])].map((value) => words.value(value)).join(","),
    )
    .join(",");
}

function runsOf(values: readonly number[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last && last.to === value - 1) last.to = value;
    else runs.push({ from: value, to: value });
  }
  return runs;
}

/** The one text of a schedule: equal texts mean equal times. */
export function cronText(cron: Cron): string {
  return (Object.keys(CRON_FIELDS) as CronField[])
    .map((field) => {
      const { min, max } = CRON_FIELDS[field];
      return fieldText(field, cron[field], {
        all: "*",
        value: String,
        every: (from, step) => (from === min ? `*/${step}` : `${from}-${max}/${step}`),
      });
    })
    .join(" ");
}

/** The one text of what `text` says; what can't be read stays as it is. */
export function canonicalCron(text: string): string {
  const read = parseCron(text);
  return isCron(read) ? cronText(read) : text;
}
