import type { Limit } from "../../crds/limits.ts";
import type { Deviation } from "../../operator/provider/provider.ts";

/**
 * A number as AWS can take it, and how that differs from what was asked. Outside AWS's range it is clamped; inside it
 * but outside the portable range it is taken as it is and called specific to this cloud.
 */
export function fitNumber(field: string, asked: number, limit: Limit): { value: number; deviations: Deviation[] } {
  const { aws, portable, unit } = limit;
  const value = aws ? Math.min(Math.max(asked, aws.min), aws.max) : asked;
  if (aws && value !== asked)
    return {
      value,
      deviations: [
        {
          field,
          kind: "Clamped",
          message: `${asked} ${unit} are asked; ${aws.name} takes ${aws.min} to ${aws.max}, so ${value} is used.`,
        },
      ],
    };
  if (asked >= portable.min && asked <= portable.max) return { value, deviations: [] };
  return {
    value,
    deviations: [
      {
        field,
        kind: "CloudSpecific",
        message: `${asked} ${unit} work on AWS, but only ${rangeText(portable)} mean the same on both clouds.`,
      },
    ],
  };
}

const rangeText = ({ min, max }: { min: number; max: number }) => (min === max ? String(min) : `${min} to ${max}`);
