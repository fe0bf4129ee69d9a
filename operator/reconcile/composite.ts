import type { Parent } from "./children.ts";
import { type Applied, applyChildren, unservedKinds } from "./composite-apply.ts";
import { resolve, seenBy } from "./composite-gather.ts";
import type { CompositeHost } from "./composite-host.ts";
import { leave, managerOf } from "./composite-leave.ts";
import {
  type Child,
  type ChildKind,
  type ChildRef,
  type Composed,
  type Composite,
  type CompositeObject,
  type CompositeSpec,
  kindOf,
  type PendingChild,
  type Resolved,
  refOf,
  refText,
  sameRef,
} from "./composite-object.ts";
import { type Pruned, prune } from "./composite-prune.ts";
import { type CompositePass, finish, type Unresolved } from "./composite-report.ts";
import { blockedVerdicts, composedVerdicts, pausedVerdicts, type Trouble } from "./composite-status.ts";
import { condition, mergeConditions } from "./conditions.ts";
import { notServed } from "./environment-view.ts";
import type { Next } from "./gather.ts";
import type { OffState } from "./leaf-status.ts";
import { hasFinalizer, heldBy, isDeleting, pollInterval } from "./object.ts";

/**
 * One pass over one composite: compose, record what is to be, apply what differs, prune what is no longer composed,
 * tell. Level-based: it can be cut off anywhere and run again.
 *
 * Guarantees: nothing is made that the inventory does not hold; nothing is changed or removed that is not ours; nothing
 * is pruned while a child could not be said or applied; a child that is as it should be costs no call; status is
 * returned once, equal to the old one when nothing changed.
 *
 * Deletion: children go by garbage collection. The finalizer is there for what has to be done before: what runs pods is
 * stopped first, so that no pod loses its rights in the cloud while it still works, or what the kind itself says.
 */
export async function compositePass<Spec extends CompositeSpec>(
  composite: Composite<Spec>,
  object: CompositeObject<Spec>,
  host: CompositeHost,
  signal: AbortSignal,
): Promise<CompositePass> {
  const parent = parentOf(object);
  if (isDeleting(object)) return leave({ composite, object, parent, host, signal });
  const before = object.status?.conditions ?? [];
  const held = heldBy(object);
  if (held) return finish(object, host, { verdicts: pausedVerdicts(before, held), next: { when: "change" } });
  const off = offState(object);
  const blocked = (trouble: Trouble, next: Next) =>
    finish(object, host, { verdicts: blockedVerdicts(trouble, before, off), next });

  const environment = host.environments.get(object.spec.environmentRef?.name);
  if ("problem" in environment)
    return blocked({ ...environment.problem, state: "working", usable: false }, { when: "backoff" });
  const not = notServed(environment, object.metadata.namespace);
  if (not) return blocked({ ...not, state: "refused", usable: false }, { when: "change" });

  const namespace = object.metadata.namespace ?? "";
  const references = composite.references(object.spec);
  const resolved = new Map(references.map((one) => [one.field, resolve(one, namespace, host)]));
  const composed = composite.compose(object.spec, seenBy(object, environment, resolved, host));
  if ("invalid" in composed) {
    const { field, message } = composed.invalid;
    const trouble = { state: "refused", usable: false, reason: "InvalidSpec", message: `spec.${field}: ${message}` };
    return blocked(trouble as Trouble, { when: "change" });
  }

  const unserved = await unservedKinds(composed.children, composite.uses, host, signal);
  const inventory = inventoryOf(composed.children, composite.uses, unserved);
  await announce(composite, object, inventory, environment.name, host);
  const context = {
    parent,
    uses: composite.uses,
    unserved,
    fieldManager: managerOf(composite.kind),
    host,
    signal,
  };
  const applied = await applyChildren(composed.children, context);
  const stale = (object.status?.inventory ?? []).filter((ref) => !inventory.some((one) => sameRef(one, ref)));
  // What is switched off stops, whatever else does not work.
  const settled = applied.complete || off !== undefined;
  const pruned = settled ? await prune(stale, { ...context, foreground: () => false }) : { removed: [], left: stale };
  return conclude(object, host, {
    composed,
    applied,
    pruned,
    settled,
    inventory,
    resolved,
    off,
    environment: environment.name,
  });
}

/** Everything that a pass that went through has come to. */
interface Work {
  readonly composed: Composed;
  readonly applied: Applied;
  readonly pruned: Pruned;
  /** Pruning was allowed: what is left of it is on its way out. */
  readonly settled: boolean;
  readonly inventory: readonly ChildRef[];
  readonly resolved: ReadonlyMap<string, Resolved>;
  readonly off: OffState;
  readonly environment: string;
}

function conclude(object: CompositeObject, host: CompositeHost, work: Work): CompositePass {
  const { applied, pruned, off } = work;
  const leaving: Trouble[] = pruned.left
    .filter(() => work.settled)
    .map((ref) => ({
      child: refText(ref),
      state: "working",
      usable: true,
      reason: "Deleting",
      message: "It is no longer part of the spec and is being removed.",
    }));
  const status = {
    ...work.composed.summary((id) => applied.live.get(id)),
    environment: work.environment,
    inventory: [...work.inventory, ...pruned.left],
  };
  return finish(object, host, {
    verdicts: {
      ...composedVerdicts([...applied.troubles, ...leaving], unresolvedOf(work.resolved), off),
      ...work.composed.verdicts,
    },
    status,
    next: applied.retry ?? { when: "after", ms: pollInterval(object, host.resyncMs) },
    did: { created: applied.created, changed: applied.changed, takenOver: applied.takenOver, removed: pruned.removed },
  });
}

/** Finalizer and inventory, in this order, before the first child is made. */
async function announce<Spec extends CompositeSpec>(
  composite: Composite<Spec>,
  object: CompositeObject<Spec>,
  inventory: readonly ChildRef[],
  environment: string,
  host: CompositeHost,
): Promise<void> {
  if ((composite.depart || composite.stopFirst.length > 0) && !hasFinalizer(object)) await host.claim(object);
  const known = object.status?.inventory ?? [];
  const added = inventory.filter((ref) => !known.some((one) => sameRef(one, ref)));
  if (added.length === 0) return;
  const before = object.status?.conditions ?? [];
  const pending = { status: "Unknown", reason: "Pending", message: "Accepted, not applied yet." } as const;
  const first = condition(before, "Ready")
    ? {}
    : { Ready: pending, Reconciling: { ...pending, status: "True" as const, reason: "Progressing" as const } };
  await host.record(object, {
    ...object.status,
    environment,
    inventory: [...known, ...added],
    conditions: mergeConditions(before, first, object.metadata.generation ?? 0, host.now),
  });
}

function offState(object: CompositeObject): OffState {
  if (object.spec.enabled !== false) return undefined;
  return { reason: "Disabled", message: object.spec.disabledReason ?? "spec.enabled is false." };
}

function parentOf(object: CompositeObject): Parent {
  const { namespace = "", name, uid = "" } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid };
}

function inventoryOf(
  children: readonly (Child | PendingChild)[],
  uses: readonly ChildKind[],
  unserved: ReadonlySet<ChildKind>,
): readonly ChildRef[] {
  const refs = children.map((one) => ("pending" in one ? one.ref : refOf(one.object)));
  return refs.filter((ref) => {
    const kind = kindOf(uses, ref);
    return kind === undefined || !unserved.has(kind);
  });
}

function unresolvedOf(resolved: ReadonlyMap<string, Resolved>): Unresolved | undefined {
  for (const one of resolved.values()) if ("pending" in one) return one.pending;
  return undefined;
}
