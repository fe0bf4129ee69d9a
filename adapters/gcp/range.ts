import type { Limit } from "../../crds/limits.ts";
import type { Deviation } from "../../operator/provider/provider.ts";

/**
 * A number as Google Cloud can take it, and how that differs from what was asked. Outside its range it is clamped; inside
 * it but outside the portable range it is taken as it is and called specific to this cloud.
 */
export function fitNumber(field: string, asked: number, limit: Limit): { value: number; deviations: Deviation[] } {
  const { gcp, portable, unit } = limit;
  const value = gcp ? Math.min(Math.max(asked, gcp.min), gcp.max) : asked;
  const deviation = (kind: Deviation["kind"], message: string) => ({ value, deviations: [{ field, kind, message }] });
  if (gcp && value !== asked)
    return deviation(
      "Clamped",
      `${asked} ${unit} are asked; ${gcp.name} takes ${gcp.min} to ${gcp.max}, so ${value} is used.`,
    );
  if (asked >= portable.min && asked <= portable.max) return { value, deviations: [] };
  return deviation(
    "CloudSpecific",
    `${asked} ${unit} work on GCP, but only ${portable.min} to ${portable.max} mean the same on both clouds.`,
  );
}
