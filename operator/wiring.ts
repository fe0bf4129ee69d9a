import { connectAws } from "../adapters/aws/index.ts";
import { connectGcp } from "../adapters/gcp/index.ts";
import { composites } from "../controllers/composite/index.ts";
import { leaves } from "../controllers/leaf/index.ts";
import type { Leaves } from "../controllers/leaf/wants.ts";
import type { CloudConnection, Place } from "./provider/cloud.ts";
import type { Cloud } from "./provider/provider.ts";
import type { AnyConnection, Connect } from "./reconcile/environments.ts";

/** The one place that knows both the kinds and the clouds. What is missing in an adapter does not compile here. */
const clouds: { readonly [C in Cloud]: (place: Place) => CloudConnection<Leaves> } = {
  aws: (place) => connectAws(place),
  gcp: (place) => connectGcp(place, { now: Date.now }),
};

export const connect: Connect = (cloud, place) => clouds[cloud](place) as unknown as AnyConnection;

export { composites, leaves };
