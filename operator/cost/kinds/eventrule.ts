import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";

/** What of an EventRuleWant is billed. */
interface Billed {
  readonly pattern: unknown;
  readonly targetIs: { readonly kind: string };
}

/** The executions of a workflow are billed by its steps, which nobody here knows. */
const leftOut = ({ targetIs }: Billed) =>
  targetIs.kind === "Workflow" ? { note: "what the workflow does once it is started is billed with the workflow" } : {};

/**
 * For a schedule AWS asks for each time that it fires, Google for its being there, suspended or not. A bus is billed by the
 * event, whatever its rules: a rule with a pattern has only its share.
 */
export const eventRule: Estimator<Billed> = {
  aws: (want) => ({
    ...leftOut(want),
    ...(want.pattern === null
      ? { byUse: [{ what: "each time it fires", price: aws.schedulerInvocation }] }
      : { byUse: [{ what: "each event that is published to the bus, once for all rules", price: aws.customEvent }] }),
  }),
  gcp: (want) => ({
    ...leftOut(want),
    ...(want.pattern === null
      ? { fixed: [{ what: "the job, suspended or not", quantity: 1, price: gcp.schedulerJob }] }
      : { byUse: [{ what: "each event on the bus and through the pipeline", price: gcp.eventarcMessage }] }),
  }),
};
