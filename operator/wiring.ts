import { composites } from "../controllers/composite/index.ts";
import { leaves as definitions } from "../controllers/leaf/index.ts";
import type { LeafKind, Leaves } from "../controllers/leaf/wants.ts";
import { runs } from "../controllers/run/index.ts";
import { estimate } from "./cost/index.ts";
import type { CloudConnection, Place } from "./provider/cloud.ts";
import type { Cloud, Wanted } from "./provider/provider.ts";
import type { AnyConnection, Connect } from "./reconcile/environments.ts";

/**
 * The one place that knows both the kinds and the clouds. What is missing in an adapter does not compile here. An adapter is
 * loaded when there is an Environment of its cloud: the libraries of one that is not used take memory and time for nothing.
 */
const clouds: { readonly [C in Cloud]: (place: Place) => Promise<CloudConnection<Leaves>> } = {
  aws: async (place) => (await import("../adapters/aws/index.ts")).connectAws(place),
  gcp: async (place) => (await import("../adapters/gcp/index.ts")).connectGcp(place, { now: Date.now }),
};

export const connect: Connect = async (cloud, place) => (await clouds[cloud](place)) as unknown as AnyConnection;

/** Every leaf kind with what it costs. */
export const leaves = definitions.map((leaf) => ({
  ...leaf,
  cost: (want: Wanted, cloud: Cloud) => estimate(leaf.kind as LeafKind, cloud, want as Leaves[LeafKind]["want"]),
}));

export { composites, runs };
