import fc from "fast-check";
import { CRON_FIELDS, type CronField } from "../cron.ts";

/** Schedules in five fields: every way of writing a field, days of one kind only. Some never come. */
export function cronTextArbitrary(): fc.Arbitrary<string> {
  return fc
    .tuple(field("minute"), field("hour"), field("dayOfMonth"), field("month"), field("dayOfWeek"), fc.boolean())
    .map(([minute, hour, ofMonth, month, ofWeek, byMonth]) =>
      [minute, hour, byMonth ? ofMonth : "*", month, byMonth ? "*" : ofWeek].join(" "),
    );
}

function field(name: CronField): fc.Arbitrary<string> {
  const { min, max } = CRON_FIELDS[name];
  const value = fc.integer({ min, max: name === "dayOfWeek" ? 7 : max });
  const step = fc.integer({ min: 1, max: 20 });
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const part = fc.oneof(
    value.map(String),
    range,
    fc.tuple(range, step).map(([of, by]) => `${of}/${by}`),
    step.map((by) => `*/${by}`),
    ...(name === "month" ? [fc.constantFrom("JAN", "MAR-MAY", "DEC")] : []),
    ...(name === "dayOfWeek" ? [fc.constantFrom("SUN", "MON-FRI", "SAT", "FRI-SUN")] : []),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant("*") },
    { weight: 3, arbitrary: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(",")) },
  );
}
