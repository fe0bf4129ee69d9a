import { costStatus } from "../cost/estimate.ts";
import { isMark } from "../provider/owner.ts";
import type { Observation, Present, Wanted } from "../provider/provider.ts";
import type { Consent } from "./approval.ts";
import { isOurs } from "./claim.ts";
import { type Condition, condition, mergeConditions, timestamp, type Verdicts } from "./conditions.ts";
import type { Decision } from "./decide.ts";
import { type Change, describe, diff, withoutMarks } from "./diff.ts";
import { type Next, offState, type Prepared } from "./gather.ts";
import type { LeafObject, LeafStatus, PendingApproval } from "./leaf-object.ts";
import { type Outcome, portable, verdicts } from "./leaf-status.ts";
import { ANNOTATIONS } from "./object.ts";
import type { Reason } from "./reasons.ts";
import { wantHash } from "./situation.ts";

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
  const changed = (changes: readonly Change[]) => withoutMarks(changes).map(describe).join("; ");
  switch (decision.do) {
    case "create":
      return normal(
        after.exists && after.phase === "ready" ? "Available" : "Creating",
        "Create",
        object.status?.externalId === undefined ? `Created ${id}` : `Created ${id} again: it was gone from the cloud`,
      );
    case "update":
      if (decision.because === "drift")
        return normal("DriftCorrected", "Correct", `Put right ${changed(decision.changes)}`);
      if (decision.because === "takeover")
        return normal(
          "TakenOver",
          "TakeOver",
          [`${id} was found again and is ours still`, changed(decision.changes)].filter(Boolean).join("; changed "),
        );
      // One change that the cloud takes in steps is told once.
      return condition(object.status?.conditions, "Synced")?.status === "Unknown"
        ? []
        : normal("Updating", "Update", `Changed ${changed(decision.changes)}`);
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
  const conditions = mergeConditions(
    before,
    { ...verdicts(outcome, before, prepared?.off ?? offState(object)), ...onSpec(prepared, outcome) },
    object.metadata.generation ?? 0,
    now,
  );
  const status: LeafStatus = {
    ...object.status,
    ...(prepared ? { ...identity(object, prepared), ...facts(object, prepared, outcome, seen, now) } : {}),
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

/** What the pass says of spec itself. A spec that could not be read whole leaves its conditions as they were. */
function onSpec<Want extends Wanted>(prepared: Prepared<Want> | undefined, outcome: Outcome): Verdicts {
  if (prepared?.want !== undefined)
    return {
      Portable: portable(prepared.deviations),
      ReferencesResolved: { status: "True", reason: "Resolved", message: "All references are resolved." },
    };
  if (outcome.kind !== "blocked") return {};
  const not = { status: "False", reason: outcome.reason, message: outcome.message } as const;
  if (outcome.reason.startsWith("Dependency")) return { ReferencesResolved: not };
  return outcome.reason === "OutsidePortableRange" ? { Portable: not } : {};
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
  object: LeafObject,
  prepared: Prepared<Want>,
  outcome: Outcome,
  seen: Seen<Want> | undefined,
  now: () => Date,
): LeafStatus {
  const { want, deviations } = prepared;
  const decision = outcome.kind === "decided" ? outcome.decision : undefined;
  const drift = decision?.do === "none" ? decision.drift : [];
  return {
    ...(seen?.exists && isBound(object, prepared, seen) ? bound(seen, object.status) : {}),
    // What was in force of one that is gone says nothing of the one that is made now.
    ...(mayHaveMade(outcome) ? { createdAt: timestamp(now()), appliedHash: undefined } : {}),
    ...inForce(object, prepared, decision, seen),
    ...(decision ? { approval: decision.do === "refuse" ? pending(decision.consent) : undefined } : {}),
    ...(decision ? { drift: drift.length > 0 ? drift.map(asText) : undefined } : {}),
    ...costed(prepared, seen),
    ...(want ? { deviations: deviations.length > 0 ? deviations : undefined, ...overridesInUse(prepared) } : {}),
  };
}

/** What is not there costs nothing; what could not be looked at or read is left as it was told before. */
function costed<Want extends Wanted>({ cost }: Prepared<Want>, seen: Seen<Want> | undefined): LeafStatus {
  if (seen === undefined) return {};
  if (!seen.exists) return { cost: undefined };
  return cost ? { cost: costStatus(cost) } : {};
}

/** A reply that was lost says nothing of what was done. */
const mayHaveMade = (outcome: Outcome): boolean =>
  outcome.kind === "decided"
    ? outcome.decision.do === "create"
    : outcome.kind === "failed" && outcome.during === "create" && outcome.error.fault === "transient";

/** What is ours, or is only observed. What is on its way out is never bound anew. */
function isBound<Want extends Wanted>(
  object: LeafObject,
  { policy, owner, environment }: Prepared<Want>,
  seen: Present<Want, unknown>,
): boolean {
  if (seen.phase === "deleting" && object.status?.externalId === undefined) return false;
  return policy.management === "Observe" || isOurs(seen.owner, owner, environment.succeeds);
}

/** Users of a resource that is replaced are sent to the new one when that is ready, not before. */
function bound<Want>(
  { id, outputs, phase }: Present<Want, Readonly<Record<string, string>>>,
  before?: LeafStatus,
): LeafStatus {
  const replacing = before?.replaced?.some((one) => one.state === "Waiting") && phase !== "ready";
  return { externalId: id, ...(Object.keys(outputs).length > 0 && !replacing ? { outputs } : {}) };
}

const pending = (consent: Consent | undefined): PendingApproval | undefined =>
  consent && {
    act: consent.act,
    word: consent.word,
    loses: consent.loses,
    ...(consent.changes.length > 0 ? { changes: consent.changes.map(asText) } : {}),
  };

/**
 * `effective` tells what was sent, `appliedHash` and the smaller footprint only what was seen to be so: until then a
 * difference is no drift, and the old places are searched for what is left there.
 */
function inForce<Want extends Wanted>(
  object: LeafObject,
  { want, policy, footprint, footprintOfWant, owner, environment, tellsObserved }: Prepared<Want>,
  decision: Decision | undefined,
  seen: Seen<Want> | undefined,
): LeafStatus {
  if (policy.management === "Observe") return tellsObserved ? observed(seen) : {};
  if (!want) return {};
  const sent = decision?.do === "create" || (decision?.do === "update" && decision.because !== "deletion");
  const confirmed =
    policy.active &&
    seen?.exists === true &&
    seen.phase === "ready" &&
    (sent || decision?.do === "none") &&
    isOurs(seen.owner, owner, environment.succeeds) &&
    diff(want, seen.actual).length === 0;
  const places = confirmed ? footprintOfWant : footprint;
  const before = object.status?.effective?.tags as Record<string, string> | undefined;
  return {
    footprint: places.length > 0 ? places : undefined,
    ...(confirmed ? { effective: effective(want), appliedHash: wantHash(want) } : {}),
    ...(sent && !confirmed ? { effective: effective(decision.later?.meanwhile ?? want, before ?? {}) } : {}),
  };
}

/** The most JSON of what is only observed that status holds: the cloud may have more than an object can. */
const MAX_SHOWN = 32_768;

/** What is there, of one that is only observed. Without its tags: those in status are the ones that we set. */
function observed<Want extends Wanted>(seen: Seen<Want> | undefined): LeafStatus {
  if (!seen?.exists) return seen ? { effective: undefined } : {};
  const { tags: _tags, ...found } = effective({ ...seen.actual, tags: {} });
  return { effective: JSON.stringify(found).length > MAX_SHOWN ? undefined : found };
}

/** Those in Want as such, and those that have become a field of their own there, which deviations tell. */
function overridesInUse<Want extends Wanted>({ want, deviations, environment }: Prepared<Want>): LeafStatus {
  const { overrides } = want as { overrides?: object };
  const path = `overrides.${environment.cloud}.`;
  const named = deviations.flatMap(({ field }) =>
    field.startsWith(path) ? (field.slice(path.length).split(".")[0] ?? []) : [],
  );
  const used = [...new Set([...Object.keys(overrides ?? {}), ...named])].map((key) => `${environment.cloud}.${key}`);
  return { overridesInUse: used.length > 0 ? used : undefined };
}

/** Fields of a Want that are no setting of the resource: what they come to stands in others, and no cloud reports them back. */
export const INPUTS: ReadonlySet<string> = new Set(["grants", "source", "place"]);

/**
 * The values in force for people and for the parity check: our marks are left out, they are in the cloud. `before` are
 * tags that may still have to go.
 */
export function effective(want: Wanted, before: Record<string, string> = {}): Record<string, unknown> {
  const { tags, overrides: _overrides, ...fields } = want as Wanted & Record<string, unknown>;
  const own = Object.entries(tags).filter(([key, value]) => value !== null && !isMark(key));
  const said = Object.entries(fields).filter(([name, value]) => !INPUTS.has(name) && value !== null);
  return {
    ...Object.fromEntries(said.filter(([, value]) => value !== undefined)),
    tags: { ...before, ...Object.fromEntries(own) },
  };
}

const asText = (change: Change) => ({
  field: change.field,
  want: JSON.stringify(change.want) ?? "",
  actual: JSON.stringify(change.actual) ?? "",
});

/** A warning when Synced turns False, or the reason changes, and when drift is found that stays: one a transition. */
function warned(object: LeafObject, outcome: Outcome, conditions: readonly Condition[]): readonly Notice[] {
  const warn = (reason: string, action: string, note: string): Notice => ({
    type: "Warning",
    reason: reason as Reason,
    action,
    note,
  });
  const notices: Notice[] = [];
  const [synced, drifted] = [condition(conditions, "Synced"), condition(conditions, "Drifted")];
  const before = condition(object.status?.conditions, "Synced");
  if (synced?.status === "False" && !(before?.status === "False" && before.reason === synced.reason)) {
    const request = outcome.kind === "failed" && outcome.error.requestId ? ` (request ${outcome.error.requestId})` : "";
    const notice = warn(synced.reason, "Reconcile", `${synced.message}${request}`);
    // Waiting for what was applied in the same moment is no reason to worry.
    notices.push(outcome.kind === "blocked" && !outcome.stalled ? { ...notice, type: "Normal" } : notice);
  }
  if (drifted && !condition(object.status?.conditions, "Drifted"))
    notices.push(warn(drifted.reason, "Compare", drifted.message));
  return notices;
}

/** Status as it is written: a field that is undefined is an absent one. */
export const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
