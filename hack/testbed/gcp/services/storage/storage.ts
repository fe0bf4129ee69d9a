/** Cloud Storage: its JSON API over REST, from the same store as everything else. */
import type { Engine } from "../../engine/engine.ts";
import type { Message } from "../../engine/messages.ts";
import type { World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import type { Stored } from "./bucket-rules.ts";
import { bucketMethods, forgetBuckets } from "./buckets.ts";
import { runLifecycles } from "./lifecycle.ts";
import { newNotify, notificationMethods } from "./notifications.ts";
import { type Generation, newObjects } from "./objects.ts";
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
  /** After a generation was written. */
  finalized(bucket: Stored, one: Generation): Promise<void>;
}

export function storage({ world, engine, publish, finalized }: StorageParts) {
  const tell = newNotify(world, publish);
  const objects = newObjects(world, async (bucket, event, one, base, attributes) => {
    await tell(bucket, event, one, base, attributes);
    if (event === "OBJECT_FINALIZE") await finalized(bucket, one);
  });
  const uploads = newUploads(objects);
  const methods = [
    ...notificationMethods,
    ...policyMethods,
    ...bucketMethods,
    ...rewriteMethods(world, objects),
    ...objects.methods,
    ...uploads.methods,
  ];
  const module: ServiceModule = {
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
  return { module, receive: objects.receive };
}
