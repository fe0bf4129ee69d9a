import { ProviderError } from "../provider/fault.ts";
import { isNotFound } from "../runtime/errors.ts";
import { keyOf, type ResourceType, type KubeObject as ServerObject } from "../runtime/resource.ts";
import { compositePass } from "./composite.ts";
import type { CompositeHost } from "./composite-host.ts";
import {
  type Composite,
  type CompositeObject,
  type CompositeSpec,
  type CompositeStatus,
  kindOf,
  placeOf,
} from "./composite-object.ts";
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
import { sweep } from "./sweep.ts";

/** How a child kind is addressed. */
export const typeOfChild = (kind: {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced?: false;
}): ResourceType => ({
  group: kind.group,
  version: kind.version,
  plural: kind.plural,
  kind: kind.kind,
  namespaced: kind.namespaced ?? true,
});

/** Runs passes of one composite kind against the cluster. */
export function compositeReconciler<Spec extends CompositeSpec>(
  composite: Composite<Spec>,
  type: ResourceType,
  shared: Shared & { readonly serves: (type: ResourceType) => Promise<boolean> },
): Run {
  const { client } = shared;
  return async (key, { signal, wrote }) => {
    const object: CompositeObject<Spec> | undefined = cacheOf(shared, composite.kind).get(key);
    if (!object || (isDeleting(object) && !hasFinalizer(object))) return { when: "change" };
    if (!environmentsKnown(shared)) return { when: "change" };
    let recorded: CompositeStatus | undefined = object.status;
    const host: CompositeHost = {
      environments: shared.environments,
      now: shared.now,
      resyncMs: shared.resyncMs,
      lookup: (reference, namespace) => cacheOf(shared, reference.kind).get(keyOf({ namespace, name: reference.name })),
      secretVersion: (name, namespace) => shared.secretVersion(name, namespace),
      live: (ref, namespace) => shared.caches.get(ref.kind)?.get(keyOf(placeOf(ref, namespace))),
      monthlyCost: (namespace) => shared.monthlyCost(namespace),
      within: (namespace) => shared.within(namespace),
      blueprint: (namespace, name) => shared.blueprint(namespace, name),
      parts: (whole) => shared.parts(whole),
      async find(ref, namespace, until) {
        const kind = kindOf(composite.uses, ref);
        if (!kind) return undefined;
        return client.find<ServerObject>(typeOfChild(kind), placeOf(ref, namespace), { signal: until });
      },
      serves: (kind) => shared.serves(typeOfChild(kind)),
      async apply(child, fieldManager, until) {
        const kind = kindOf(composite.uses, {
          apiVersion: child.apiVersion,
          kind: child.kind,
          name: child.metadata.name,
        });
        if (!kind)
          throw new Error(`${composite.kind} composed a ${child.kind}, which its definition does not name in "uses".`);
        const { namespace, name } = child.metadata;
        const applied: ServerObject = await client.patch(typeOfChild(kind), { namespace, name }, child, {
          as: "apply",
          force: true,
          fieldManager,
          signal: until,
        });
        shared.caches.get(child.kind)?.offer(applied);
        return applied;
      },
      async remove(ref, { namespace, uid, foreground }, until) {
        const kind = kindOf(composite.uses, ref);
        if (!kind) return;
        const propagationPolicy = foreground ? "Foreground" : "Background";
        await client
          .delete(typeOfChild(kind), placeOf(ref, namespace), {
            preconditions: { uid },
            propagationPolicy,
            signal: until,
          })
          .catch((error) => {
            if (!isNotFound(error) && (error as { status?: number }).status !== 409) throw error;
          });
      },
      async sweep(name, namespace, until) {
        const found = shared.environments.get(name);
        if ("problem" in found)
          throw new ProviderError("transient", found.problem.message, { code: found.problem.reason });
        return sweep(found, shared.leafKinds, namespace, until);
      },
      async claim(one) {
        wrote(await claimFinalizer(client, type, one, signal));
      },
      async record(one, status) {
        wrote(await writeStatus(client, type, one, status, signal));
        recorded = status;
      },
    };
    const pass = await compositePass(composite, object, host, signal);
    if (await conclude(shared, type, { ...object, status: recorded }, pass, { signal, wrote }))
      return { when: "change" };
    return pass.next;
  };
}
