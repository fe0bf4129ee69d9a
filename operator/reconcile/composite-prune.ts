import { claimOf, type Parent } from "./children.ts";
import type { CompositeHost } from "./composite-host.ts";
import { type ChildKind, type ChildRef, kindOf } from "./composite-object.ts";
import type { KubeObject } from "./object.ts";

/** What pruning came to. */
export interface Pruned {
  readonly removed: readonly ChildRef[];
  /** Still there: stays in the inventory. */
  readonly left: readonly ChildRef[];
}

/**
 * Removes what was made and is no longer composed, last made first. Only what carries our owner reference goes; what
 * somebody else holds by now is left alone and forgotten.
 */
export async function prune(
  stale: readonly ChildRef[],
  context: {
    readonly parent: Parent;
    readonly uses: readonly ChildKind[];
    readonly host: CompositeHost;
    readonly signal: AbortSignal;
    /** Wait for the pods, too. */
    readonly foreground: (ref: ChildRef) => boolean;
  },
): Promise<Pruned> {
  const { parent, host } = context;
  const removed: ChildRef[] = [];
  const left: ChildRef[] = [];
  for (const ref of stale.toReversed()) {
    if (!kindOf(context.uses, ref)) {
      left.push(ref);
      continue;
    }
    const live = host.live(ref, parent.namespace) ?? (await host.find(ref, parent.namespace, context.signal));
    if (!live || claimOf(live, parent) !== "ours") continue;
    left.push(ref);
    if (await remove(ref, live, context)) removed.push(ref);
  }
  return { removed, left: left.toReversed() };
}

/** Deletes that very object. @returns false: somebody has already */
export async function remove(
  ref: ChildRef,
  { metadata: { uid = "", deletionTimestamp } }: KubeObject,
  { parent, host, signal, foreground }: Parameters<typeof prune>[1],
): Promise<boolean> {
  if (deletionTimestamp !== undefined) return false;
  await host.remove(ref, { namespace: parent.namespace, uid, foreground: foreground(ref) }, signal);
  return true;
}
