import type { CostCloud, CostsPlace } from "./provider/costs.ts";
import type { Cloud } from "./provider/provider.ts";

/**
 * A cloud as those see it who take cost reports in or read what they say. Apart from wiring.ts: the operator has no use for
 * it, and the worker none for the kinds. An adapter is loaded when it is asked for.
 */
const clouds: { readonly [C in Cloud]: (place: CostsPlace) => Promise<CostCloud> } = {
  aws: async (place) => (await import("../adapters/aws/costs.ts")).connectCosts(place),
  gcp: async (place) => (await import("../adapters/gcp/costs.ts")).connectCosts(place),
};

/** Connects as who runs the program: a pod's own identity, or a person's login. */
export type ConnectCosts = (cloud: Cloud, place: CostsPlace) => Promise<CostCloud>;

export const connectCosts: ConnectCosts = (cloud, place) => clouds[cloud](place);
