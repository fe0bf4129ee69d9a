import { type Owner, shortHash } from "../provider/owner.ts";
import { canonical } from "./canonical.ts";
import { type Change, describe } from "./diff.ts";
import { ANNOTATIONS } from "./object.ts";

/** What is done only on a user's word. */
export type Act = "recreate" | "replace" | "destroy" | "lock";

/** An act that waits for a user's word. */
export interface Consent {
  readonly act: Act;
  /** The value that the annotation onyx.onelens.io/approve must have. */
  readonly word: string;
  /** For people, a whole sentence: what is lost, and what stays. */
  readonly loses: string;
  /** What of the resource makes the act necessary. */
  readonly changes: readonly Change[];
}

/** What a word is for. Another plan has another word. */
export interface Plan {
  readonly act: Act;
  /** Tells one making of the resource from the next. */
  readonly incarnation?: string | undefined;
  /** The cloud's id of what is lost or left. */
  readonly id?: string | undefined;
  readonly changes?: readonly Change[] | undefined;
  /** What is lost, in words that change with it. */
  readonly loses?: string | undefined;
}

/**
 * The word that a user writes to consent to one act on one object: it fits no other object, no other act, no other
 * changes, and not the resource that is made by that consent.
 */
export function approval(
  owner: Owner,
  act: Act,
  incarnation = "",
  plan: Omit<Plan, "act" | "incarnation"> = {},
): string {
  const { environment, namespace, kind, name, uid } = owner;
  const { id = "", loses = "", changes = [] } = plan;
  const fields = changes.map(({ field, actual, want }) => [field, canonical(actual), canonical(want)]);
  const parts = [environment, namespace, kind, name, uid, act, incarnation, id, loses, JSON.stringify(fields)];
  return `${act}-${shortHash(parts.join("/"), 8)}`;
}

/** The consent that an act needs. */
export function consentTo(owner: Owner, { act, incarnation, ...plan }: Plan & { readonly loses: string }): Consent {
  const word = approval(owner, act, incarnation, plan);
  return { act, word, loses: plan.loses, changes: plan.changes ?? [] };
}

/** How to give the word, as the end of a message. */
export function howToApprove({ kind, namespace, name }: Owner, { word }: Pick<Consent, "word">): string {
  return `run: onyx approve ${kind.toLowerCase()} ${name} -n ${namespace}, or annotate this object with ${ANNOTATIONS.approve}=${word}`;
}

/** The first changes, for a message that must not grow too long. */
export function inShort(changes: readonly Change[]): string {
  const more = changes.length > 3 ? ` and ${changes.length - 3} more` : "";
  return changes.slice(0, 3).map(describe).join("; ") + more;
}
