import type { Owner } from "../provider/owner.ts";
import type { Wanted } from "../provider/provider.ts";
import { type Consent, consentTo, howToApprove, inShort } from "./approval.ts";
import { diff } from "./diff.ts";
import type { Reason } from "./reasons.ts";

/** The part of a change that nobody can undo, or that can't be since an earlier one can't be undone. */
export type Lasting<Want> = {
  /** What is asked for without it: that much is done at once. */
  readonly meanwhile: Want;
} & (
  | {
      /** For people, whole sentences: what can't be done any more afterwards. */
      readonly loses: string;
    }
  | {
      /** For people: which field can't be as spec says, why, and what to do. */
      readonly cannot: string;
    }
);

/** Why something is left undone when all else is done. */
export interface Later {
  readonly reason: Reason;
  readonly message: string;
  /** It would go on with the user's word. */
  readonly consent?: Consent | undefined;
  /** As `Lasting.meanwhile`. */
  readonly meanwhile: Wanted;
}

/** What of `Situation` a lasting change hangs on. */
interface Asked<Want> {
  readonly want: Want | undefined;
  readonly lasting?: Lasting<Want> | undefined;
  readonly applied: boolean;
  readonly owner: Owner;
  readonly incarnation?: string | undefined;
  readonly approved: string | undefined;
}

/**
 * Why a lasting change waits. Undefined: there is none, its word is given, or it was in force before, so that its word was
 * given then and it is only put back.
 *
 * @param id of the resource; absent while there is none that a word could be for
 */
export function laterOf<Want extends Wanted>(
  { want, lasting, applied, owner, incarnation, approved }: Asked<Want>,
  id?: string,
): Later | undefined {
  if (!want || !lasting) return undefined;
  if ("cannot" in lasting) return { reason: "Immutable", message: lasting.cannot, meanwhile: lasting.meanwhile };
  if (applied && id !== undefined) return undefined;
  const { loses, meanwhile } = lasting;
  const changes = diff(want, meanwhile);
  const waits = `All is as spec asks but what nobody can undo, which waits for approval: ${inShort(changes)}. ${loses}`;
  if (id === undefined) return { reason: "AwaitingApproval", message: waits, meanwhile };
  const consent = consentTo(owner, { act: "lock", incarnation, id, loses, changes });
  if (approved === consent.word) return undefined;
  const message = `${waits} To go on, ${howToApprove(owner, consent)}`;
  return { reason: "AwaitingApproval", message, consent, meanwhile };
}
