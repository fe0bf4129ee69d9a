import { z } from "zod";
import { withRules } from "./rules.ts";

/** Hours, minutes and seconds, in this order, each optional: what Go and CEL read, without fractions and signs. */
const FORM = "^([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$";

/** What the error says when the text is no duration. */
export const DURATION_FORM =
  "must be a duration in hours, minutes and seconds, such as 90s, 10m or 1h30m; there is no unit for days: 14 days are 336h";

/** CEL that is true when the text at `path` is one of our durations: guard of every `duration()` call. */
export const isDurationCel = (path: string): string => `(${path} != '' && ${path}.matches('${FORM}'))`;

/** A duration as text: `60s`, `10m`, `336h`. */
export const duration = () =>
  withRules(
    z
      .string()
      .max(20)
      .refine((text) => text !== "" && new RegExp(FORM).test(text), DURATION_FORM),
    { rule: isDurationCel("self"), message: DURATION_FORM },
  );

/** A duration from `min` to `max` seconds. One message, whether the form or the range is wrong. */
export function durationWithin(name: string, { min, max }: { readonly min: number; readonly max: number }) {
  const what = `${name} must be ${durationText(min)} to ${durationText(max)}`;
  return withRules(
    duration().refine((text) => durationSeconds(text) >= min && durationSeconds(text) <= max, what),
    {
      rule: `!${isDurationCel("self")} || (duration(self) >= duration('${min}s') && duration(self) <= duration('${max}s'))`,
      message: what,
    },
  );
}

/** Seconds of a duration that the schema has accepted: `1h30m` → 5400. */
export function durationSeconds(text: string): number {
  const [, hours, minutes, seconds] = new RegExp(FORM).exec(text) ?? [];
  const number = (part: string | undefined) => (part ? Number.parseInt(part, 10) : 0);
  return number(hours) * 3600 + number(minutes) * 60 + number(seconds);
}

/** The shortest text for a number of seconds: 5400 → `1h30m`, 0 → `0s`. */
export function durationText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "m"],
    [seconds % 60, "s"],
  ] as const;
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join("") || "0s"
  );
}
