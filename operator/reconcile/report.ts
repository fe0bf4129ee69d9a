import { isMark, type Tags } from "../provider/owner.ts";
import type { Observation, Wanted } from "../provider/provider.ts";
import { condition, mergeConditions } from "./conditions.ts";
import type { Decision } from "./decide.ts";
import { type Change, describe } from "./diff.ts";
import { type Next, offState, type Prepared } from "./gather.ts";
import type { LeafObject, LeafStatus } from "./leaf-object.ts";
import { type Outcome, portable, verdicts } from "./leaf-status.ts";
import { ANNOTATIONS } from "./object.ts";
import type { Reason } from "./reasons.ts";

/** What providers report, outputs as core handles them. */
export type Seen<Want> = Observation<Want, Readonly<Record<string, string>>>;

/** Something worth telling once, in an event. */
export interface Notice {
  readonly type: "Normal" | "Warning";
  readonly reason: Reason;
  readonly action: string;
  readonly note: string;
}

/** What a pass came to. */
export interface Pass {
  readonly status: LeafStatus;
  /** True: nothing of ours is left (or it is left on purpose), the finalizer can go. */
  readonly released: boolean;
  readonly next: Next;
  readonly notices: readonly Notice[];
  /** For the log and for `onyx plan`. */
  readonly decision: Decision | undefined;
}

/** What happened, in a word each: only acts, not looks. */
export function told<Want>(object: LeafObject, decision: Decision, after: Seen<Want>): readonly Notice[] {
  const id = after.exists ? after.id : (object.status?.externalId ?? "it");
  const normal = (reason: Reason, action: string, note: string): Notice[] => [{ type: "Normal", reason, action, note }];
  const changed = (changes: readonly Change[]) => changes.map(describe).join("; ");
  switch (decision.do) {
    case "create":
      return object.status?.externalId === id
        ? []
        : normal(after.exists && after.phase === "ready" ? "Available" : "Creating", "Create", `Created ${id}`);
    case "update":
      if (decision.because === "drift")
        return normal("DriftCorrected", "Correct", `Put right ${changed(decision.changes)}`);
      if (decision.because === "takeover")
        return normal(
          "TakenOver",
          "TakeOver",
          `${id} was found again and is ours still; changed ${changed(decision.changes)}`,
        );
      return normal("Updating", "Update", `Changed ${changed(decision.changes)}`);
    case "adopt":
      return normal("Adopted", "Adopt", `${id} now carries our marks`);
    case "delete":
      return normal(after.exists ? "Deleting" : "Deleted", "Delete", `Deleted ${id}`);
    case "release":
      return decision.reason === "Retained" ? normal("Retained", "Retain", decision.message) : [];
    default:
      return [];
  }
}

/** Puts the outcome into status. The same outcome twice gives an equal status. */
export function finish<Want extends Wanted>(
  object: LeafObject,
  now: () => Date,
  prepared: Prepared<Want> | undefined,
  outcome: Outcome,
  next: Next,
  seen?: Seen<Want>,
): Pass {
  const before = object.status?.conditions ?? [];
  const set = verdicts(outcome, before, prepared?.off ?? offState(object));
  const conditions = mergeConditions(
    before,
    {
      ...set,
      ...(prepared
        ? {
            Portable: portable(prepared.deviations),
            ReferencesResolved: { status: "True", reason: "Resolved", message: "All references are resolved." },
          }
        : {}),
      ...(outcome.kind === "blocked" && outcome.reason.startsWith("Dependency")
        ? { ReferencesResolved: { status: "False", reason: outcome.reason, message: outcome.message } }
        : {}),
    },
    object.metadata.generation ?? 0,
    now,
  );
  const status: LeafStatus = {
    ...object.status,
    ...(prepared ? { ...identity(object, prepared), ...facts(prepared, outcome, seen) } : {}),
    observedGeneration: object.metadata.generation,
    lastHandledReconcileAt: object.metadata.annotations?.[ANNOTATIONS.reconcileRequestedAt],
    conditions,
  };
  return {
    status: withoutUndefined(status),
    released: false,
    next,
    notices: warned(object, outcome, conditions),
    decision: undefined,
  };
}

export function identity<Want extends Wanted>(object: LeafObject, prepared: Prepared<Want>): LeafStatus {
  const { environment } = prepared;
  return {
    ...object.status,
    environment: environment.name,
    cloud: environment.cloud,
    account: environment.who.account,
    region: environment.place.region,
    externalName: prepared.name,
  };
}

function facts<Want extends Wanted>(
  prepared: Prepared<Want>,
  outcome: Outcome,
  seen: Seen<Want> | undefined,
): LeafStatus {
  const mine = outcome.kind !== "decided" || outcome.decision.do !== "refuse" || outcome.decision.reason !== "Conflict";
  const drift = outcome.kind === "decided" && outcome.decision.do === "none" ? outcome.decision.drift : [];
  const want = prepared.want as Record<string, unknown> | undefined;
  const settled = outcome.kind === "decided" && outcome.decision.do !== "refuse" && outcome.decision.do !== "wait";
  const overrides = Object.keys((want?.overrides as object | undefined) ?? {}).map(
    (key) => `${prepared.environment.cloud}.${key}`,
  );
  return {
    ...(seen?.exists && mine ? { externalId: seen.id } : {}),
    ...(seen?.exists && mine && Object.keys(seen.outputs).length > 0 ? { outputs: seen.outputs } : {}),
    ...(settled && want
      ? {
          effective: effective(want),
          footprint: prepared.footprintOfWant.length > 0 ? prepared.footprintOfWant : undefined,
        }
      : {}),
    ...(outcome.kind === "decided" ? { drift: drift.length > 0 ? drift.map(asText) : undefined } : {}),
    deviations: prepared.deviations.length > 0 ? prepared.deviations : undefined,
    overridesInUse: overrides.length > 0 ? overrides : undefined,
  };
}

/** The values in force for people and for the parity check: our marks are left out, they are in the cloud. */
function effective(want: Record<string, unknown>): Record<string, unknown> {
  const { tags, grants: _grants, overrides: _overrides, ...fields } = want;
  const own = Object.fromEntries(
    Object.entries((tags as Tags | undefined) ?? {}).filter(([key, value]) => value !== null && !isMark(key)),
  );
  return { ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)), tags: own };
}

const asText = (change: Change) => ({
  field: change.field,
  want: JSON.stringify(change.want) ?? "",
  actual: JSON.stringify(change.actual) ?? "",
});

/** A warning when Synced turns False or its reason changes: one a transition. */
function warned(
  object: LeafObject,
  outcome: Outcome,
  conditions: ReturnType<typeof mergeConditions>,
): readonly Notice[] {
  const now = condition(conditions, "Synced");
  const before = condition(object.status?.conditions, "Synced");
  if (now?.status !== "False" || (before?.status === "False" && before.reason === now.reason)) return [];
  const request = outcome.kind === "failed" && outcome.error.requestId ? ` (request ${outcome.error.requestId})` : "";
  return [{ type: "Warning", reason: now.reason as Reason, action: "Reconcile", note: `${now.message}${request}` }];
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
