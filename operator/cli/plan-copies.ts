import { isDeepStrictEqual } from "node:util";
import { ProviderError } from "../provider/fault.ts";
import type { Wanted } from "../provider/provider.ts";
import { createCopies } from "../reconcile/copies.ts";
import type { CopyFound } from "../reconcile/copy.ts";
import type { Leaf, LeafObject, LeafSpec, SecretCopy } from "../reconcile/leaf-object.ts";
import type { ClusterView } from "./cluster.ts";
import type { PlannedChild } from "./plan-children.ts";

/**
 * What would happen to the Secrets that hold copies of confidential values. They are looked at by their metadata alone;
 * where the user may not do that, what the object's status tells is taken for true.
 */
export async function planCopies(
  leaves: readonly Leaf<LeafSpec, Wanted>[],
  objects: readonly LeafObject[],
  cluster: Pick<ClusterView, "client" | "live"> | undefined,
): Promise<readonly PlannedChild[]> {
  const planned: PlannedChild[] = [];
  for (const object of objects) {
    const leaf = leaves.find((one) => one.kind === object.kind);
    if (!leaf?.copy) continue;
    const namespace = object.metadata.namespace ?? "";
    const live = cluster?.live(object.kind, namespace, object.metadata.name);
    const copy = leaf.copy(object.spec);
    const before = live?.status?.syncedTo;
    const child = (name: string) => ({ kind: "Secret", namespace, name });
    if (before && before.name !== copy?.name) planned.push({ ...child(before.name), action: "delete" });
    if (!copy) continue;
    const found = cluster && (await lookAt(cluster, object, copy));
    const same = live && isDeepStrictEqual(leaf.copy(live.spec as LeafSpec), copy);
    planned.push({ ...child(copy.name), ...judged(found, same === true, before) });
  }
  return planned;
}

async function lookAt(
  { client }: Pick<ClusterView, "client">,
  object: LeafObject,
  { name }: SecretCopy,
): Promise<CopyFound | "unseen" | undefined> {
  try {
    return await createCopies(client, object, AbortSignal.timeout(30_000)).look(name);
  } catch (error) {
    if (error instanceof ProviderError) return "unseen";
    throw error;
  }
}

function judged(
  found: CopyFound | "unseen" | undefined,
  same: boolean,
  before: { readonly name: string; readonly resourceVersion?: string | undefined } | undefined,
): Pick<PlannedChild, "action" | "message"> {
  if (found === "unseen") return { action: before ? (same ? "none" : "update") : "create" };
  if (!found) return { action: "create" };
  if (!found.ours)
    return { action: "refuse", message: "Conflict: it is there and does not carry the marks of this object." };
  if (!same) return { action: "update" };
  return found.resourceVersion === before?.resourceVersion
    ? { action: "none" }
    : { action: "update", message: "somebody else wrote it" };
}
