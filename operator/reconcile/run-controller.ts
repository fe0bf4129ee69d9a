import { keyOf, type ResourceType } from "../runtime/resource.ts";
import {
  cacheOf,
  claimFinalizer,
  conclude,
  environmentsKnown,
  type Run,
  type Shared,
  writeStatus,
} from "./leaf-controller.ts";
import { hasFinalizer, isDeleting } from "./object.ts";
import { runPass } from "./run.ts";
import type { RunKind, RunObject, RunSpec, RunStatus } from "./run-object.ts";
import type { RunPlaces } from "./run-places.ts";
import type { RunHost } from "./run-work.ts";

/** Runs passes of one kind of runs against the cluster. */
export function runReconciler<Spec extends RunSpec>(
  kind: RunKind<Spec>,
  type: ResourceType,
  places: RunPlaces,
  shared: Shared,
): Run {
  const { client } = shared;
  return async (key, { signal, wrote }) => {
    const object: RunObject<Spec> | undefined = cacheOf(shared, kind.kind).get(key);
    if (!object || (isDeleting(object) && !hasFinalizer(object))) return { when: "change" };
    if (!environmentsKnown(shared)) return { when: "change" };
    let { resourceVersion = "" } = object.metadata;
    let recorded: RunStatus | undefined = object.status;
    const host: RunHost = {
      environments: shared.environments,
      now: shared.now,
      lookup: (of, name, namespace) => cacheOf(shared, of).get(keyOf({ namespace, name })),
      admit(one, most) {
        const { kind: of, name } = kind.of(object.spec);
        const all = shared.users(of, name, one.metadata.namespace ?? "").filter((user) => user.kind === kind.kind);
        return places.admit(one, all as readonly RunObject[], most);
      },
      async claim(one) {
        resourceVersion = await claimFinalizer(client, type, one, signal);
        wrote(resourceVersion);
      },
      async begin(one, status) {
        const latest = { ...one, metadata: { ...one.metadata, resourceVersion } };
        wrote(await writeStatus(client, type, latest, status, signal, { only: "latest" }));
        recorded = status;
      },
    };
    const pass = await runPass(kind, object, host, signal);
    if (await conclude(shared, type, { ...object, status: recorded }, pass, { signal, wrote }))
      return { when: "change" };
    if (pass.expired) {
      const { namespace, name, uid = "" } = object.metadata;
      await client.delete(
        type,
        { namespace, name },
        { preconditions: { uid }, propagationPolicy: "Background", signal },
      );
    }
    return pass.next;
  };
}
