import { claimOf, type Parent } from "./children.ts";
import type { CompositeHost } from "./composite-host.ts";
import { type ChildKind, type ChildRef, kindOf } from "./composite-object.ts";

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
  const { parent, host, signal } = context;
  const removed: ChildRef[] = [];
  const left: ChildRef[] = [];
  for (const ref of stale.toReversed()) {
    if (!kindOf(context.uses, ref)) {
      left.push(ref);
      continue;
    }
    const live = host.live(ref, parent.namespace) ?? (await host.find(ref, parent.namespace, signal));
    if (!live || claimOf(live, parent) !== "ours") continue;
    left.push(ref);
    if (live.metadata.deletionTimestamp !== undefined) continue;
    await host.remove(
      ref,
      { namespace: parent.namespace, uid: live.metadata.uid ?? "", foreground: context.foreground(ref) },
      signal,
    );
    removed.push(ref);
  }
  return { removed, left: left.toReversed() };
}
