import type { Cloud, Neutral } from "../../operator/provider/provider.ts";

/** The settings of this cloud under `spec.overrides`; the other cloud's are not its business. */
export function overridesFor(
  spec: { readonly overrides?: { readonly [C in Cloud]?: object | undefined } | undefined },
  cloud: Cloud,
): { readonly [field: string]: Neutral } {
  return { ...spec.overrides?.[cloud] } as { readonly [field: string]: Neutral };
}
