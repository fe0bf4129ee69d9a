import type { Cloud, Neutral } from "../../operator/provider/provider.ts";

/** `spec.overrides` for settings that are in force on this cloud. */
export const overridesSpec = (actual: object | undefined, cloud: Cloud): object | undefined =>
  actual !== undefined && Object.keys(actual).length > 0 ? { [cloud]: actual } : undefined;

/** The settings of this cloud under `spec.overrides`; the other cloud's are not its business. */
export function overridesFor(
  spec: { readonly overrides?: { readonly [C in Cloud]?: object | undefined } | undefined },
  cloud: Cloud,
): { readonly [field: string]: Neutral } {
  return { ...spec.overrides?.[cloud] } as { readonly [field: string]: Neutral };
}
