import { type Owner, tagValue } from "../provider/owner.ts";
import type { Observation, Present, Wanted } from "../provider/provider.ts";
import { approval, type Consent, consentTo, howToApprove, inShort } from "./approval.ts";
import { type Claim, claimOf, foreignMessage } from "./claim.ts";
import { type Change, diff } from "./diff.ts";
import { inUse, type User } from "./in-use.ts";
import { type Lasting, type Later, laterOf } from "./lasting.ts";
import type { Reason } from "./reasons.ts";

export { approval } from "./approval.ts";
export { isOurs } from "./claim.ts";

/** What spec, annotations and the kind say about how far we may go. */
export interface Policy {
  readonly management: "Manage" | "Observe" | "CreateOnly";
  readonly adoption: "Never" | "Adopt" | "AdoptOrCreate";
  readonly drift: "Correct" | "Report" | "Ignore";
  readonly deletion: "Delete" | "Retain" | "Block";
  /** Neither paused nor disabled. Deletion goes on in both. */
  readonly active: boolean;
  /** Losing the resource loses data: it is never made anew in silence. */
  readonly dataBearing: boolean;
  /** Only observed, and no trouble when it is not there. */
  readonly optional?: boolean | undefined;
}

/** All that a decision hangs on. Nothing else: `decide` is pure. */
export interface Situation<Want extends Wanted, Outputs> {
  /** What the resource should be. Undefined while deleting, when references may be gone already. */
  readonly want: Want | undefined;
  readonly seen: Observation<Want, Outputs>;
  /** Who this object is. */
  readonly owner: Owner;
  readonly deleting: boolean;
  /** Status holds an id: the resource was there in an earlier pass. */
  readonly known: boolean;
  /** Just this want was in force before, so a difference is drift and not a new wish. */
  readonly applied: boolean;
  /** It was made a moment ago, or a call was sent that may have made it: the cloud may not show it, or its marks, yet. */
  readonly fresh?: boolean | undefined;
  /**
   * For so long, in ms, the cloud may still hide what a create made that was cut off: one of this process, or of one before
   * it. Absent or 0: no such create can have been sent.
   */
  readonly unsettledMs?: number | undefined;
  /** The cloud picks the id: a second create would make a second one. */
  readonly assigned?: boolean | undefined;
  /** Tells one making of the resource from the next, so that consent to one is none to the next: status.createdAt. */
  readonly incarnation?: string | undefined;
  readonly policy: Policy;
  readonly immutable: readonly string[];
  /** Names of clusters that this one follows: their resources are ours. */
  readonly succeeds: readonly string[];
  /** Value of the annotation onyx.onelens.io/approve. */
  readonly approved: string | undefined;
  /** Objects that could not do without it, in one order: it is not deleted while there are any. Absent: none. */
  readonly users?: readonly User[] | undefined;
  /** It was looked into and holds nothing, so that nothing is lost with it. Absent: it may hold something. */
  readonly empty?: boolean | undefined;
  /** What it holds, for people, such as `items`. */
  readonly holds?: string | undefined;
  /** For so many days what is deleted can be brought back, by the same object made again. Absent: it can't. */
  readonly keptDays?: number | undefined;
  /** The cloud keeps a backup of what is destroyed. */
  readonly backup?: boolean | undefined;
  /** It takes the place of another one that is still there. */
  readonly replacing?: boolean | undefined;
  /** Why no second one can stand beside it, for people: it can't be replaced then. */
  readonly irreplaceable?: string | undefined;
  /** What of the way from what is there to what is wanted can't be undone. Absent: all can be. */
  readonly lasting?: Lasting<Want> | undefined;
}

/** While a cloud may hide something, it is asked this often. */
const LOOK_AGAIN_MS = 10_000;

/** What to do next. The loop executes it, `onyx plan` prints it. */
export type Decision =
  /** `later`: made without what is lasting; why that waits. */
  | { readonly do: "create"; readonly later?: Later | undefined }
  | {
      readonly do: "update";
      readonly changes: readonly Change[];
      readonly because: "spec" | "drift" | "takeover" | "schedule" | "deletion";
      readonly later?: Later | undefined;
    }
  | { readonly do: "adopt" }
  /** `backup`: the cloud makes a backup of it first, and keeps that. */
  | { readonly do: "delete"; readonly backup?: true | undefined }
  /** A new one under another name, then the old one goes; `keep`: it stays, and is no longer ours. */
  | { readonly do: "replace"; readonly changes: readonly Change[]; readonly keep: boolean }
  /** The object may go; nothing (more) is done in the cloud. `unmark`: our marks are taken off first. */
  | { readonly do: "release"; readonly reason: Reason; readonly message: string; readonly unmark: boolean }
  | { readonly do: "wait"; readonly reason: Reason; readonly message: string; readonly afterMs?: number | undefined }
  /** `consent`: it would go on with the user's word. */
  | {
      readonly do: "refuse";
      readonly reason: Reason;
      readonly message: string;
      readonly consent?: Consent | undefined;
    }
  /** Nothing to write. `drift` is what differs and is left so by policy. */
  /** `optional`: it is not there, and need not be. */
  | { readonly do: "none"; readonly drift: readonly Change[]; readonly optional?: true | undefined };

/** What is next for one resource. Pure: same situation, same decision; no decision ever writes to what isn't ours. */
export function decide<Want extends Wanted, Outputs>(situation: Situation<Want, Outputs>): Decision {
  if (situation.deleting) return decideDeletion(situation);
  return situation.seen.exists ? decidePresent(situation, situation.seen) : decideAbsent(situation, situation.seen);
}

function decideDeletion<Want extends Wanted, Outputs>(situation: Situation<Want, Outputs>): Decision {
  const { seen, policy, owner, want } = situation;
  const release = (reason: Reason, message: string, unmark = false): Decision => ({
    do: "release",
    reason,
    message,
    unmark,
  });
  if (!seen.exists) return hidden(situation) ?? release("Deleted", "Nothing of it is left in the cloud.");
  const claim = claimOf(seen.owner, owner, situation.succeeds);
  const mayBeOurs = claim === "unmarked" ? hidden(situation) : undefined;
  if (mayBeOurs) return mayBeOurs;
  if (claim !== "ours") return release("Retained", `${seen.id} does not carry our marks and was left alone.`);
  if (policy.management === "Observe") return release("Retained", `${seen.id} was only observed and was left alone.`);
  if (isRestorable(seen))
    return release("Deleted", `The cloud is deleting ${seen.id}${seen.message ? `: ${seen.message}` : "."}`);
  if (policy.deletion === "Retain")
    return release("Retained", `${seen.id} stays in the cloud by deletionPolicy Retain.`, true);
  if (policy.deletion === "Block")
    return refuse(
      "DeletionBlocked",
      "deletionPolicy is Block: set spec.deletionPolicy to Delete or Retain to let the object go.",
    );
  if (seen.phase === "deleting") return wait("Deleting", seen.message ?? `The cloud is deleting ${seen.id}.`);
  if (seen.phase === "pending")
    return wait("Deleting", `Waiting to delete ${seen.id}: ${seen.message ?? "the cloud still works on it"}.`);
  const used = inUse(situation.users ?? [], seen.id);
  if (used) return "leaving" in used ? wait("Deleting", used.leaving) : refuse("DeletionBlocked", used.staying);
  const guard = seen.deleteBlockedBy;
  const lifted = want && guard ? diff(want, seen.actual).filter((change) => change.field === guard.field) : [];
  if (guard && lifted.length === 0) return refuse("DeletionBlocked", guard.message);
  const unsaid = destruction(situation, seen.id);
  if (unsaid) return unsaid;
  if (lifted.length > 0) return { do: "update", changes: lifted, because: "deletion" };
  const lost = policy.dataBearing && !situation.empty;
  return { do: "delete", ...(lost && situation.backup ? { backup: true } : {}) };
}

/** It, or its marks, may be there without being shown: its finalizer would go and leave it behind. */
function hidden({ fresh, unsettledMs }: Pick<Situation<Wanted, unknown>, "fresh" | "unsettledMs">) {
  if (fresh)
    return wait(
      "Creating",
      "It was made a moment ago and the cloud does not show it yet; it is deleted as soon as it does.",
    );
  if (!unsettledMs) return undefined;
  const message =
    "A create may have been cut off a moment ago, and the cloud may not show yet what it made; the object goes when it has shown nothing for a while.";
  return { ...wait("Creating", message), afterMs: Math.min(unsettledMs, LOOK_AGAIN_MS) };
}

/** What holds data is destroyed only on a user's word. Undefined: it holds nothing, or the word is given. */
function destruction<Want extends Wanted, Outputs>(
  {
    policy,
    owner,
    incarnation,
    approved,
    empty,
    backup,
    keptDays = 0,
    holds = "what is in it",
  }: Situation<Want, Outputs>,
  id: string,
): Decision | undefined {
  if (!policy.dataBearing || empty) return undefined;
  const way =
    keptDays > 0 ? `; for ${keptDays} days the same object made again brings it back` : ", and no backup is made";
  const kept = backup ? "; the cloud keeps a final backup" : way;
  const loses = `${id} is destroyed with ${holds}${kept}.`;
  const consent = consentTo(owner, { act: "destroy", incarnation, id, loses });
  if (approved === consent.word) return undefined;
  const message = `Deleting waits for approval: ${loses} To keep it in the cloud, set spec.deletionPolicy: Retain; to go on, ${howToApprove(owner, consent)}`;
  return { ...refuse("AwaitingApproval", message), consent };
}

function decideAbsent<Want extends Wanted, Outputs>(
  situation: Situation<Want, Outputs>,
  seen: { readonly reservedForMs?: number | undefined },
): Decision {
  const { policy, known } = situation;
  if (!policy.active) return { do: "none", drift: [] };
  if (policy.management === "Observe" && policy.optional) return { do: "none", drift: [], optional: true };
  if (policy.management === "Observe")
    return wait("NotFound", "There is no such resource to observe (managementPolicy Observe).");
  if ((known || situation.assigned) && situation.fresh)
    return wait("Creating", "It was made a moment ago and the cloud does not show it yet.");
  if (situation.assigned && situation.unsettledMs) {
    const message =
      "A create may have been cut off a moment ago, and the cloud may not show yet what it made; another is made when it has shown nothing for a while.";
    return { ...wait("Creating", message), afterMs: Math.min(situation.unsettledMs, LOOK_AGAIN_MS) };
  }
  if (known && policy.management === "CreateOnly")
    return refuse("NotFound", "It was made once and is gone; managementPolicy CreateOnly does not make it again.");
  if (known && policy.dataBearing) {
    const { owner, incarnation, approved } = situation;
    const word = approval(owner, "recreate", incarnation);
    const loses = "It is gone from the cloud with its data; an empty one is made.";
    const message = `It is gone from the cloud with its data. Restore it there under the same name and with its tags; or, to have an empty one made, ${howToApprove(owner, { word })}`;
    if (approved !== word)
      return { ...refuse("DataLost", message), consent: { act: "recreate", word, loses, changes: [] } };
  }
  if (!known && !situation.replacing && policy.adoption === "Adopt")
    return wait(
      "NotFound",
      "There is nothing to adopt under that name (adoptionPolicy Adopt); AdoptOrCreate would make it.",
    );
  if (seen.reservedForMs !== undefined && seen.reservedForMs > 0)
    return {
      ...wait(
        "Creating",
        "The cloud still holds the name of the one that was deleted; it is made as soon as the name is free.",
      ),
      afterMs: seen.reservedForMs,
    };
  const later = laterOf(situation);
  return { do: "create", ...(later && { later }) };
}

function decidePresent<Want extends Wanted, Outputs>(
  situation: Situation<Want, Outputs>,
  seen: Present<Want, Outputs>,
): Decision {
  const { policy, want, owner } = situation;
  const changes = want ? diff(want, seen.actual) : [];
  const fields = changes.filter((change) => change.field !== "tags");
  if (policy.management === "Observe") return { do: "none", drift: fields };

  const claim = claimOf(seen.owner, owner, situation.succeeds);
  if (claim === "ours" && !policy.active) return { do: "none", drift: fields };
  if (seen.phase === "deleting" && !isRestorable(seen)) return dying(situation, seen);
  if (claim === "foreign" || claim === "otherCluster") return refuse("Conflict", foreignMessage(seen, owner, claim));
  if (claim === "unmarked") {
    if (situation.fresh) return wait("Creating", `${seen.id} was made a moment ago and its marks can't be seen yet.`);
    if (policy.adoption === "Never")
      return refuse(
        "Conflict",
        `${seen.id} exists and does not carry our marks. Nothing was changed. To take it: spec.adoptionPolicy: Adopt; else give this object another name.`,
      );
    if (!policy.active)
      return wait("Pending", `${seen.id} exists without our marks; it is adopted once this object is switched on.`);
  }
  if (seen.phase === "pending")
    return wait(situation.known ? "Updating" : "Creating", seen.message ?? `The cloud works on ${seen.id}.`);

  const frozen = changes.filter((change) => situation.immutable.includes(change.field));
  if (frozen.length > 0 && policy.management !== "CreateOnly")
    return replacement(situation, seen, claim, frozen, fields);
  if (claim === "unmarked") return { do: "adopt" };
  if (changes.length > 0 && policy.management === "CreateOnly") return { do: "none", drift: fields };
  if (changes.length > 0) {
    const later = laterOf(situation, seen.id);
    const now = later ? diff(later.meanwhile as Want, seen.actual) : changes;
    if (later && now.length === 0) return { ...refuse(later.reason, later.message), consent: later.consent };
    const update = (because: "spec" | "drift" | "takeover"): Decision => ({
      do: "update",
      changes: now,
      because,
      ...(later && { later }),
    });
    const takeover =
      seen.owner !== undefined &&
      (tagValue(seen.owner.uid) !== tagValue(owner.uid) || tagValue(seen.owner.cluster) !== tagValue(owner.cluster));
    if (takeover) return update("takeover");
    if (!situation.applied) return update("spec");
    if (policy.drift === "Correct") return update("drift");
    return { do: "none", drift: policy.drift === "Report" ? changes : [] };
  }
  const due = seen.due ?? [];
  if (due.length > 0 && seen.phase === "ready" && policy.management === "Manage")
    return { do: "update", changes: due, because: "schedule" };
  if (seen.phase === "failed") return refuse("CloudFailed", seen.message ?? `The cloud reports ${seen.id} as failed.`);
  return { do: "none", drift: [] };
}

/** On its way out in days, and an update brings it back. */
export const isRestorable = (seen: {
  readonly exists: boolean;
  readonly phase?: string;
  readonly restorable?: boolean | undefined;
}): boolean => seen.exists && seen.phase === "deleting" && seen.restorable === true;

function dying<Want extends Wanted, Outputs>(
  situation: Situation<Want, Outputs>,
  seen: Present<Want, Outputs>,
): Decision {
  if (situation.known) return wait("Deleting", `The cloud is deleting ${seen.id}, and this object did not ask for it.`);
  return wait("Creating", `An earlier ${seen.id} is still being deleted; it is made anew when that is gone.`);
}

/** What can't be changed is made anew beside the old one, on a user's word. */
function replacement<Want extends Wanted, Outputs>(
  situation: Situation<Want, Outputs>,
  seen: Present<Want, Outputs>,
  claim: Claim,
  frozen: readonly Change[],
  changes: readonly Change[],
): Decision {
  const { policy, owner, incarnation, approved, irreplaceable, holds = "what is in it" } = situation;
  const cannot = `This cloud can't change ${inShort(frozen)} on a living resource. Put the old value back`;
  if (claim !== "ours") return refuse("Immutable", `${cannot}, or make a new object and move over.`);
  if (irreplaceable) return refuse("Immutable", `${cannot}. It can't be replaced by a new one: ${irreplaceable}`);
  const keep = policy.dataBearing || policy.deletion !== "Delete";
  const loses = keep
    ? `A new one is made, empty; the old one, ${seen.id}, stays in the cloud with ${holds} and is no longer ours.`
    : `A new one is made; once it is ready the old one, ${seen.id}, is deleted with ${holds}.`;
  const consent = consentTo(owner, { act: "replace", incarnation, id: seen.id, loses, changes });
  if (approved === consent.word) return { do: "replace", changes, keep };
  const message = `${cannot}, or have it replaced: ${loses} For that, ${howToApprove(owner, consent)}`;
  return { ...refuse("Immutable", message), consent };
}

const wait = (reason: Reason, message: string) => ({ do: "wait", reason, message }) as const;
const refuse = (reason: Reason, message: string) => ({ do: "refuse", reason, message }) as const;
