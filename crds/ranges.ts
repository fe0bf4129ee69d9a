import { z } from "zod";
import { durationText, isDurationCel } from "./duration.ts";
import type { Limit } from "./limits.ts";
import { widest } from "./limits.ts";
import type { Rule } from "./rules.ts";

/**
 * The range of a duration: portable under `portability: Strict`, what any cloud takes under Warn. One rule, so that
 * what lies outside gives one message.
 *
 * @param field path below the spec, such as `retention`
 */
export function durationRange(field: string, limit: Limit): Rule {
  const within = ({ min, max }: Range) =>
    `(duration(self.${field}) >= duration('${min}s') && duration(self.${field}) <= duration('${max}s'))`;
  const fits = `(self.portability == 'Warn' ? ${within(widest(limit))} : ${within(limit.portable)})`;
  return {
    rule: [...absent(field), `!${isDurationCel(`self.${field}`)}`, fits].join(" || "),
    message: rangeMessage(field, limit),
    fieldPath: `.${field}`,
  };
}

/**
 * The portable range of a number under `portability: Strict`. The widest range is the schema's own minimum and maximum,
 * so what lies outside that is left to them.
 *
 * @param field path below the spec, such as `deadLetter.maxReceives`
 */
export function numberRange(field: string, limit: Limit): Rule {
  const outside = ({ min, max }: Range) => `self.${field} < ${min} || self.${field} > ${max}`;
  return {
    rule: `${absent(field).join(" || ")} || self.portability == 'Warn' || ${outside(widest(limit))} || !(${outside(limit.portable)})`,
    message: rangeMessage(field, limit),
    fieldPath: `.${field}`,
  };
}

/** A whole number in the widest range that any cloud takes. */
export function numberWithin(limit: Limit) {
  const { min, max } = widest(limit);
  return z.int().min(min).max(max);
}

type Range = { readonly min: number; readonly max: number };

function rangeMessage(field: string, limit: Limit): string {
  const show = limit.unit === "seconds" ? durationText : (value: number) => String(value);
  const range = ({ min, max }: Range) => (min === max ? show(min) : `${show(min)} to ${show(max)}`);
  const clouds = [
    limit.aws ? `AWS takes ${range(limit.aws)}` : "AWS has no such thing",
    limit.gcp ? `GCP takes ${range(limit.gcp)}` : "GCP has no such thing",
  ];
  return `${field} means the same on both clouds only at ${range(limit.portable)} (${clouds.join(", ")}): choose such a value, or set portability: Warn to take what this cloud can do`;
}

/** `a.b.c` → true when a, or a.b, or a.b.c is not given. */
function absent(path: string): string[] {
  const steps = path.split(".");
  return steps.map((_, index) => `!has(self.${steps.slice(0, index + 1).join(".")})`);
}
