import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";

/** AWS asks for each time that a schedule fires, Google for its being there, suspended or not. */
export const eventRule: Estimator<unknown> = {
  aws: () => ({ byUse: [{ what: "each time it fires", price: aws.schedulerInvocation }] }),
  gcp: () => ({ fixed: [{ what: "the job, suspended or not", quantity: 1, price: gcp.schedulerJob }] }),
};
