import { argumentsOf, makeStarter as make, makeWorkflow } from "../../../adapters/gcp/testing/workflows.ts";
import type { Workflows } from "../events.ts";
import type { GcpUnderTest } from "./cloud.ts";

export const workflowIdOnGcp = ({ place }: GcpUnderTest, name: string): string =>
  `projects/${place.account}/locations/${place.region}/workflows/${name}`;

/** The account that rules start workflows as. */
export const makeStarter = ({ byOthers }: GcpUnderTest): Promise<void> => byOthers(({ gcp }) => make(gcp));

/** Workflows as somebody makes them, and what they were started with, by Google's REST. */
export const workflowsOnGcp = ({ byOthers, eyes, place }: GcpUnderTest): Workflows => ({
  make: (name) => byOthers(({ gcp }) => makeWorkflow(gcp, place.region, name)),
  inputs: (id) => argumentsOf(eyes.gcp, id),
});
