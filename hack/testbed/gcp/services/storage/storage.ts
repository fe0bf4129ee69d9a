/** Cloud Storage: its JSON API over REST, from the same store as everything else. */
import type { Engine } from "../../engine/engine.ts";
import type { Message } from "../../engine/messages.ts";
import type { World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { bucketMethods, forgetBuckets } from "./buckets.ts";
import { runLifecycles } from "./lifecycle.ts";
import { newNotify, notificationMethods } from "./notifications.ts";
import { newObjects } from "./objects.ts";
import { policyMethods } from "./policies.ts";
import { publicRoute } from "./public.ts";
import { rewriteMethods } from "./rewrites.ts";
import { storageRoute } from "./routes.ts";
import { newUploads } from "./uploads.ts";

export interface StorageParts {
  readonly world: World;
  /** Asked for with the first call. */
  engine(): Engine;
  publish(topic: string, messages: readonly Message[]): Promise<unknown>;
}

export function storage({ world, engine, publish }: StorageParts): ServiceModule {
  const objects = newObjects(world, newNotify(world, publish));
  const uploads = newUploads(objects);
  const methods = [
    ...notificationMethods,
    ...policyMethods,
    ...bucketMethods,
    ...rewriteMethods(world, objects),
    ...objects.methods,
    ...uploads.methods,
  ];
  return {
    services: [],
    routes: [storageRoute(world, engine, methods), publicRoute(world)],
    async advanced() {
      forgetBuckets(world);
      await runLifecycles(world, objects);
    },
    async reset() {
      uploads.reset();
    },
  };
}
