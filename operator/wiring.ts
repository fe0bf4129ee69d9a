import { connectAws } from "../adapters/aws/index.ts";
import { connectGcp } from "../adapters/gcp/index.ts";
import { composites } from "../controllers/composite/index.ts";
import { leaves as definitions } from "../controllers/leaf/index.ts";
import type { LeafKind, Leaves } from "../controllers/leaf/wants.ts";
import { estimate } from "./cost/index.ts";
import type { CloudConnection, Place } from "./provider/cloud.ts";
import type { Cloud, Wanted } from "./provider/provider.ts";
import type { AnyConnection, Connect } from "./reconcile/environments.ts";

/** The one place that knows both the kinds and the clouds. What is missing in an adapter does not compile here. */
const clouds: { readonly [C in Cloud]: (place: Place) => CloudConnection<Leaves> } = {
  aws: (place) => connectAws(place),
  gcp: (place) => connectGcp(place, { now: Date.now }),
};

export const connect: Connect = (cloud, place) => clouds[cloud](place) as unknown as AnyConnection;

/** Every leaf kind with what it costs. */
export const leaves = definitions.map((leaf) => ({
  ...leaf,
  cost: (want: Wanted, cloud: Cloud) => estimate(leaf.kind as LeafKind, cloud, want as Leaves[LeafKind]["want"]),
}));

export { composites };
