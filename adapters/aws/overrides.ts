import { ProviderError } from "../../operator/provider/fault.ts";
import type { Deviation, Neutral } from "../../operator/provider/provider.ts";

type Overrides = { readonly [field: string]: Neutral };

/** Each override in use as a deviation; one that this kind doesn't have on AWS is an error. */
export function checkOverrides(given: Overrides, known: readonly string[]): Deviation[] {
  const used = Object.keys(given).filter((field) => given[field] !== undefined);
  const unknown = used.find((field) => !known.includes(field));
  if (unknown !== undefined)
    throw new ProviderError(
      "invalid",
      `overrides.aws.${unknown}: there is no such setting; there are ${known.join(", ")}`,
      { code: "UnknownOverride" },
    );
  return used.map((field) => ({
    field: `overrides.aws.${field}`,
    kind: "CloudSpecific",
    message: "GCP has no such setting.",
  }));
}
