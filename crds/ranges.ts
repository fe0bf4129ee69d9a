import { durationText, isDurationCel } from "./duration.ts";
import type { Limit } from "./limits.ts";
import { widest } from "./limits.ts";
import type { Rule } from "./rules.ts";

/**
 * The range of a field: portable under `portability: Strict`, what any cloud takes under Warn. One rule, so that
 * what lies outside gives one message.
 *
 * @param field path below the spec, such as `retention` or `deadLetter.maxReceives`
 */
export function portableRange(field: string, limit: Limit): Rule {
  const seconds = limit.unit === "seconds";
  const wide = widest(limit);
  const within = ({ min, max }: { min: number; max: number }) =>
    seconds
      ? `(duration(self.${field}) >= duration('${min}s') && duration(self.${field}) <= duration('${max}s'))`
      : `(self.${field} >= ${min} && self.${field} <= ${max})`;
  const guards = [...absent(field), ...(seconds ? [`!${isDurationCel(`self.${field}`)}`] : [])];
  return {
    rule: [...guards, `(self.portability == 'Warn' ? ${within(wide)} : ${within(limit.portable)})`].join(" || "),
    message: rangeMessage(field, limit),
    fieldPath: `.${field}`,
  };
}

function rangeMessage(field: string, limit: Limit): string {
  const show = limit.unit === "seconds" ? durationText : (value: number) => String(value);
  const range = ({ min, max }: { min: number; max: number }) =>
    min === max ? show(min) : `${show(min)} to ${show(max)}`;
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
