import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";

/** What of a WorkflowWant is billed. */
interface Billed {
  readonly logLevel: "None" | "Errors";
}

/** Neither cloud asks for a workflow that does not run. A task takes several steps of either engine. */
export const workflow: Estimator<Billed> = {
  aws: ({ logLevel }) => ({
    byUse: [
      { what: "each step of a run, several for a task", price: aws.stepFunctionsTransition },
      ...(logLevel === "Errors" ? [{ what: "what its log gets", price: aws.logIngestion }] : []),
    ],
  }),
  gcp: () => ({
    byUse: [
      { what: "each step of a run, several for a task", price: gcp.workflowsInternalStep },
      { what: "each request to elsewhere than Google, each wait for a signal", price: gcp.workflowsExternalStep },
    ],
  }),
};
