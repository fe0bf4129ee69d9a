import {
  CRON_FIELDS,
  type Cron,
  type CronField,
  type CronWords,
  cronText,
  fieldText,
  isCron,
  parseCron,
  WEEKDAYS,
} from "../../crds/cron.ts";

/** EventBridge Scheduler takes no longer expression. */
export const EXPRESSION_LENGTH = 256;

/**
 * A schedule in the six fields of AWS: with a year, with `?` for the kind of day that isn't asked for, and with names
 * of weekdays, since AWS counts them from Sunday as 1 where cron counts from 0.
 */
export function toExpression(cron: Cron): string {
  const numbers: CronWords = { all: "*", value: String, every: (from, step) => `${from}/${step}` };
  const text = (field: CronField) => fieldText(field, cron[field], field === "dayOfWeek" ? names : numbers);
  const anyWeekday = cron.dayOfWeek.length === 7;
  const days = anyWeekday ? [text("dayOfMonth"), "?"] : ["?", text("dayOfWeek")];
  return `cron(${text("minute")} ${text("hour")} ${days[0]} ${text("month")} ${days[1]} *)`;
}

/** Every second weekday from Monday on is a list: what a step over names means is not written anywhere. */
const names: CronWords = {
  all: "*",
  value: (value) => WEEKDAYS[value] ?? "",
  every: (from, step) => WEEKDAYS.filter((_, day) => day >= from && (day - from) % step === 0).join(","),
};

/** The one text of the times of an expression; what cron's five fields can't say (L, W, #, years, rate) stays as it is. */
export function fromExpression(expression: string): string {
  const [, inner] = /^cron\((.*)\)$/.exec(expression.trim()) ?? [];
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, ...more] = (inner ?? "").trim().split(/\s+/);
  if (!minute || !hour || !dayOfMonth || !month || !dayOfWeek || year !== "*" || more.length > 0) return expression;
  const fields = [
    steps("minute", minute),
    steps("hour", hour),
    steps("dayOfMonth", dayOfMonth === "?" ? "*" : dayOfMonth),
    steps("month", month),
    dayOfWeek === "?" ? "*" : fromSundayAsOne(dayOfWeek),
  ];
  const read = parseCron(fields.join(" "));
  return isCron(read) ? cronText(read) : expression;
}

/** `5/10` begins at 5 and goes to the end of the field. */
const steps = (field: CronField, text: string): string =>
  text.replace(
    /(^|,)(\d+)\/(\d+)/g,
    (_, before: string, from: string, step: string) => `${before}${from}-${CRON_FIELDS[field].max}/${step}`,
  );

const fromSundayAsOne = (text: string): string =>
  text.replace(/(^|[,-])([1-7])(?=$|[,-])/g, (_, before: string, day: string) => `${before}${Number(day) - 1}`);
