import { totalOf } from "../cost/estimate.ts";
import { ProviderError } from "../provider/fault.ts";
import type { Client } from "../runtime/client.ts";
import type { ResourceType } from "../runtime/resource.ts";
import { secretText } from "../runtime/secrets.ts";
import { condition } from "./conditions.ts";
import {
  type Counts,
  type EnvironmentHost,
  type EnvironmentObject,
  environmentPass,
  type SecretRef,
} from "./environment.ts";
import { cacheOf, claimFinalizer, type Run, release, type Shared, writeStatus } from "./leaf-controller.ts";
import type { LeafObject } from "./leaf-object.ts";
import { hasFinalizer, isDeleting, type KubeObject, mergePatch } from "./object.ts";
import { tokensFrom } from "./tokens.ts";

/** Time between two questions to a cloud who we are: a rotated credential is taken up within it. */
const RESYNC_MS = 60_000;

/** Runs passes over Environments. They come before all others: no object is judged before its Environment is known. */
export function environmentReconciler(type: ResourceType, leafKinds: readonly string[], shared: Shared): Run {
  const { client, environments } = shared;
  const tokens = tokensFrom(client, "add it to tenantIdentities in the values of the operator's chart");
  return async (key, { signal, wrote }) => {
    const object: EnvironmentObject | undefined = cacheOf(shared, "Environment").get(key);
    if (!object) {
      environments.forget(key);
      return { when: "change" };
    }
    const host: EnvironmentHost = {
      registry: environments,
      now: shared.now,
      resyncMs: RESYNC_MS,
      counts: (name, isDefault) => count(objectsIn(leafKinds, name, isDefault, shared)),
      monthlyCost: (name, isDefault) => monthlyCostOf(objectsIn(leafKinds, name, isDefault, shared)),
      budgets: shared.budgets,
      secret: (ref) => readSecret(client, ref, signal),
      tokens,
    };
    if (isDeleting(object) && !hasFinalizer(object)) return { when: "change" };
    if (!hasFinalizer(object)) wrote(await claimFinalizer(client, type, object, signal));
    const pass = await environmentPass(object, host, signal);
    for (const notice of pass.notices) shared.tell(object, notice);
    if (pass.released) {
      wrote(await release(client, type, object, signal));
      return { when: "change" };
    }
    if (mergePatch(object.status ?? {}, pass.status) !== undefined)
      wrote(await writeStatus(client, type, object, pass.status, signal));
    return pass.next;
  };
}

/** What cloud resources cost a month by list prices, with the currency; undefined when none says. */
export const monthlyCostOf = (objects: readonly Pick<LeafObject, "status">[]): string | undefined =>
  totalOf(objects.flatMap(({ status }) => status?.cost?.monthlyEstimate ?? []));

/** @throws ProviderError denied, when the operator's own rights don't cover the Secret */
async function readSecret(
  client: Client,
  { namespace, name }: SecretRef,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  return secretText(client, { namespace, name }, { signal }).catch((error) => {
    if ((error as { status?: number }).status !== 403) throw error;
    const message = `the operator may not read Secret ${namespace}/${name}; add it to credentialSecrets in the values of its chart`;
    throw new ProviderError("denied", message, { code: "Forbidden", cause: error });
  });
}

function objectsIn(kinds: readonly string[], name: string, isDefault: boolean, shared: Shared): readonly LeafObject[] {
  return kinds.flatMap((kind) => {
    const objects: LeafObject[] = cacheOf(shared, kind).list();
    return objects.filter((object) => {
      const stands = object.status?.environment ?? object.spec.environmentRef?.name;
      return stands === undefined ? isDefault : stands === name;
    });
  });
}

function count(objects: readonly LeafObject[]): Counts {
  const is = (object: KubeObject, type: "Ready" | "Stalled") =>
    condition((object.status as LeafObject["status"])?.conditions, type)?.status === "True";
  return {
    managed: objects.length,
    ready: objects.filter((object) => is(object, "Ready")).length,
    failed: objects.filter((object) => is(object, "Stalled")).length,
    disabled: objects.filter((object) => object.spec.enabled === false).length,
  };
}
