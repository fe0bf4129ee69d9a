import type { ChildRef, CompositeObject, CompositeStatus } from "./composite-object.ts";
import { refText } from "./composite-object.ts";
import type { Trouble } from "./composite-status.ts";
import { condition, mergeConditions, type Verdicts } from "./conditions.ts";
import type { Next } from "./gather.ts";
import { ANNOTATIONS } from "./object.ts";
import type { Reason } from "./reasons.ts";
import type { Notice } from "./report.ts";

/** What a pass came to. */
export interface CompositePass {
  readonly status: CompositeStatus;
  /** Deleting, and what had to be stopped is gone: the finalizer can go. */
  readonly released: boolean;
  readonly next: Next;
  readonly notices: readonly Notice[];
}

/** A reference that isn't resolved, in words. */
export type Unresolved = Pick<Trouble, "reason" | "message">;

/** What was done to children, for the event. */
export interface Deeds {
  readonly created: readonly ChildRef[];
  readonly changed: readonly ChildRef[];
  readonly takenOver: readonly ChildRef[];
  readonly removed: readonly ChildRef[];
}

/** Puts the outcome into status. The same outcome twice gives an equal status. */
export function finish(
  object: CompositeObject,
  host: { readonly now: () => Date },
  outcome: {
    readonly verdicts: Verdicts;
    readonly next: Next;
    readonly status?: Partial<CompositeStatus> | undefined;
    readonly did?: Deeds | undefined;
  },
): CompositePass {
  const before = object.status?.conditions ?? [];
  const conditions = mergeConditions(before, outcome.verdicts, object.metadata.generation ?? 0, host.now);
  const status: CompositeStatus = {
    ...object.status,
    ...outcome.status,
    observedGeneration: object.metadata.generation,
    lastHandledReconcileAt: object.metadata.annotations?.[ANNOTATIONS.reconcileRequestedAt],
    conditions,
  };
  return {
    status: Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined)),
    released: false,
    next: outcome.next,
    notices: [...(outcome.did ? told(outcome.did) : []), ...turned(object, conditions)],
  };
}

/** One event a pass for what was done, not one a child. */
function told(did: Deeds): readonly Notice[] {
  const said = (reason: Reason, action: string, verb: string, refs: readonly ChildRef[]): Notice[] =>
    refs.length === 0 ? [] : [{ type: "Normal", reason, action, note: `${verb} ${refs.map(refText).join(", ")}` }];
  return [
    ...said("Creating", "Create", "Created", did.created),
    ...said("Updating", "Update", "Changed", did.changed),
    ...said("TakenOver", "TakeOver", "Took over, made by an earlier object of this name:", did.takenOver),
    ...said("Deleting", "Prune", "Removed, no longer part of the spec:", did.removed),
  ];
}

/** Conditions that take Ready from nobody, and of which each new word is told. */
const TOLD = ["ReportAccepted", "WithinBudget"] as const;

/** An event when it becomes Ready, and a warning when it comes to a stop or stops for another reason. */
function turned(object: CompositeObject, conditions: ReturnType<typeof mergeConditions>): readonly Notice[] {
  const was = object.status?.conditions;
  const notices: Notice[] = [];
  const stalled = condition(conditions, "Stalled");
  if (stalled && condition(was, "Stalled")?.reason !== stalled.reason)
    notices.push({ type: "Warning", reason: stalled.reason as Reason, action: "Reconcile", note: stalled.message });
  for (const type of TOLD) {
    const now = condition(conditions, type);
    if (now?.status === "False" && condition(was, type)?.message !== now.message)
      notices.push({ type: "Warning", reason: now.reason as Reason, action: "Observe", note: now.message });
  }
  const ready = condition(conditions, "Ready");
  if (ready?.status === "True" && condition(was, "Ready")?.status !== "True")
    notices.push({ type: "Normal", reason: "Available", action: "Reconcile", note: ready.message });
  return notices;
}
