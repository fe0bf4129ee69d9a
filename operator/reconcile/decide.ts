import { isReleased, type Owner, sameObject, shortHash, tagValue } from "../provider/owner.ts";
import type { Observation, Present, Wanted } from "../provider/provider.ts";
import { type Change, describe, diff } from "./diff.ts";
import type { Reason } from "./reasons.ts";

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
  /** Tells one making of the resource from the next, so that consent to one is none to the next: status.createdAt. */
  readonly incarnation?: string | undefined;
  readonly policy: Policy;
  readonly immutable: readonly string[];
  /** Names of clusters that this one follows: their resources are ours. */
  readonly succeeds: readonly string[];
  /** Value of the annotation onyx.onelens.io/approve. */
  readonly approved: string | undefined;
}

/** What to do next. The loop executes it, `onyx plan` prints it. */
export type Decision =
  | { readonly do: "create" }
  | {
      readonly do: "update";
      readonly changes: readonly Change[];
      readonly because: "spec" | "drift" | "takeover" | "deletion";
    }
  | { readonly do: "adopt" }
  | { readonly do: "delete" }
  /** The object may go; nothing (more) is done in the cloud. `unmark`: our marks are taken off first. */
  | { readonly do: "release"; readonly reason: Reason; readonly message: string; readonly unmark: boolean }
  | { readonly do: "wait"; readonly reason: Reason; readonly message: string; readonly afterMs?: number | undefined }
  | { readonly do: "refuse"; readonly reason: Reason; readonly message: string }
  /** Nothing to write. `drift` is what differs and is left so by policy. */
  | { readonly do: "none"; readonly drift: readonly Change[] };

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
  const unseen = "It was made a moment ago and the cloud does not show it yet; it is deleted as soon as it does.";
  if (!seen.exists)
    return situation.fresh ? wait("Creating", unseen) : release("Deleted", "Nothing of it is left in the cloud.");
  const claim = claimOf(seen.owner, owner, situation.succeeds);
  if (claim === "unmarked" && situation.fresh) return wait("Creating", unseen);
  if (claim !== "ours") return release("Retained", `${seen.id} does not carry our marks and was left alone.`);
  if (policy.management === "Observe") return release("Retained", `${seen.id} was only observed and was left alone.`);
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
  const guard = seen.deleteBlockedBy;
  if (guard) {
    const lifted = want ? diff(want, seen.actual).filter((change) => change.field === guard.field) : [];
    if (lifted.length > 0) return { do: "update", changes: lifted, because: "deletion" };
    return refuse("DeletionBlocked", guard.message);
  }
  return { do: "delete" };
}

function decideAbsent<Want extends Wanted, Outputs>(
  situation: Situation<Want, Outputs>,
  seen: { readonly reservedForMs?: number | undefined },
): Decision {
  const { policy, known } = situation;
  if (!policy.active) return { do: "none", drift: [] };
  if (policy.management === "Observe")
    return wait("NotFound", "There is no such resource to observe (managementPolicy Observe).");
  if (known && situation.fresh) return wait("Creating", "It was made a moment ago and the cloud does not show it yet.");
  if (known && policy.management === "CreateOnly")
    return refuse("NotFound", "It was made once and is gone; managementPolicy CreateOnly does not make it again.");
  if (known && policy.dataBearing) {
    const word = approval(situation.owner, "recreate", situation.incarnation);
    if (situation.approved !== word)
      return refuse(
        "DataLost",
        `It is gone from the cloud with its data. Restore it there under the same name and with its tags; or, to have an empty one made, annotate this object with onyx.onelens.io/approve=${word}`,
      );
  }
  if (!known && policy.adoption === "Adopt")
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
  return { do: "create" };
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
  if (seen.phase === "deleting") return dying(situation, seen);
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
    return refuse(
      "Immutable",
      `This cloud can't change ${frozen.map(describe).join("; ")} on a living resource. Put the old value back, or make a new object and move over.`,
    );
  if (claim === "unmarked") return { do: "adopt" };
  if (changes.length > 0 && policy.management === "CreateOnly") return { do: "none", drift: fields };
  if (changes.length > 0) {
    const takeover =
      seen.owner !== undefined &&
      (tagValue(seen.owner.uid) !== tagValue(owner.uid) || tagValue(seen.owner.cluster) !== tagValue(owner.cluster));
    if (takeover) return { do: "update", changes, because: "takeover" };
    if (!situation.applied) return { do: "update", changes, because: "spec" };
    if (policy.drift === "Correct") return { do: "update", changes, because: "drift" };
    return { do: "none", drift: policy.drift === "Report" ? changes : [] };
  }
  if (seen.phase === "failed") return refuse("CloudFailed", seen.message ?? `The cloud reports ${seen.id} as failed.`);
  return { do: "none", drift: [] };
}

function dying<Want extends Wanted, Outputs>(
  situation: Situation<Want, Outputs>,
  seen: Present<Want, Outputs>,
): Decision {
  if (situation.known) return wait("Deleting", `The cloud is deleting ${seen.id}, and this object did not ask for it.`);
  return wait("Creating", `An earlier ${seen.id} is still being deleted; it is made anew when that is gone.`);
}

/**
 * The word that a user writes to consent to one act on one object: it fits no other object, no other act, and not the
 * resource that is made by that consent.
 */
export function approval(owner: Owner, act: string, incarnation = ""): string {
  const { environment, namespace, kind, name, uid } = owner;
  return `${act}-${shortHash([environment, namespace, kind, name, uid, act, incarnation].join("/"), 8)}`;
}

/** True when what is there may be treated as the resource of this object. */
export const isOurs = (found: Owner | undefined, owner: Owner, succeeds: readonly string[]): boolean =>
  claimOf(found, owner, succeeds) === "ours";

type Claim = "ours" | "unmarked" | "foreign" | "otherCluster";

function claimOf(found: Owner | undefined, owner: Owner, succeeds: readonly string[]): Claim {
  if (!found) return "unmarked";
  if (isReleased(found)) return sameObject(found, owner) ? "ours" : "unmarked";
  if (!sameObject(found, owner)) return "foreign";
  if (tagValue(found.cluster) === tagValue(owner.cluster)) return "ours";
  return succeeds.some((cluster) => tagValue(cluster) === tagValue(found.cluster)) ? "ours" : "otherCluster";
}

function foreignMessage<Want, Outputs>(seen: Present<Want, Outputs>, owner: Owner, claim: Claim): string {
  const found = seen.owner;
  if (claim === "otherCluster")
    return `${seen.id} belongs to this object in cluster "${found?.cluster}". Nothing was changed. If that cluster is lost, add it to spec.successorOf of Environment "${owner.environment}".`;
  return `${seen.id} belongs to ${found?.kind} ${found?.namespace}/${found?.name} of environment "${found?.environment}". Nothing was changed. Give this object another name.`;
}

const wait = (reason: Reason, message: string) => ({ do: "wait", reason, message }) as const;
const refuse = (reason: Reason, message: string): Decision => ({ do: "refuse", reason, message });
