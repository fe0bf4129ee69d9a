import type { Call, Wanted } from "../provider/provider.ts";
import { isOurs } from "./claim.ts";
import type { Decision } from "./decide.ts";
import type { Prepared } from "./gather.ts";
import type { LeafObject, LeafStatus, Replaced } from "./leaf-object.ts";
import { finish, identity, type Notice, type Pass, type Seen } from "./report.ts";

/** At most so many are told in status; the oldest ones that stay in the cloud are forgotten first. */
const TOLD = 16;

/** Resources that were replaced and are still to be let go of or deleted. */
export const waitingOnes = (status: LeafStatus | undefined): readonly Replaced[] =>
  (status?.replaced ?? []).filter((one) => one.state === "Waiting");

/**
 * Begins a replacement: status gives up the old one and names the new one, which the next pass makes as any other. Nothing
 * is written to the cloud here. Outputs stay those of the old one until the new one is ready.
 */
export function beginReplacement<Want extends Wanted>(
  object: LeafObject,
  now: () => Date,
  prepared: Prepared<Want>,
  decision: Extract<Decision, { do: "replace" }>,
  seen: Extract<Seen<Want>, { exists: true }>,
): Pass {
  const old: Replaced = { externalName: prepared.name, externalId: seen.id, keep: decision.keep, state: "Waiting" };
  const status: LeafStatus = {
    ...identity(object, prepared),
    externalName: prepared.variants.find((name) => name !== prepared.name),
    externalId: undefined,
    createdAt: undefined,
    appliedHash: undefined,
    approval: undefined,
    replaced: [...(object.status?.replaced ?? []), old].slice(-TOLD),
  };
  const after = decision.keep ? "stays in the cloud and is no longer ours" : "is deleted";
  const message = `${status.externalName} takes the place of ${seen.id}, which ${after} once the new one is ready.`;
  const wait = { do: "wait", reason: "Replacing", message } as const;
  const outcome = { kind: "decided", decision: wait, seen, applied: false, left: [] } as const;
  const pass = finish({ ...object, status }, now, undefined, outcome, { when: "backoff" });
  const notice: Notice = { type: "Normal", reason: "Replacing", action: "Replace", note: message };
  return { ...pass, decision, notices: [notice, ...pass.notices] };
}

/** What became of the replaced ones. */
export interface Tidied {
  readonly replaced: readonly Replaced[] | undefined;
  /** Some are still there that must go. */
  readonly waiting: boolean;
  readonly notices: readonly Notice[];
}

/**
 * Lets go of the replaced ones that are to be kept, and deletes the others. Only when the new one serves, or the object
 * itself goes. Each call can be cut off: what is done is seen by the next pass.
 */
export async function tidyReplaced<Want extends Wanted>(
  status: LeafStatus,
  prepared: Prepared<Want>,
  call: Call,
): Promise<Tidied> {
  const notices: Notice[] = [];
  const left: Replaced[] = [];
  for (const one of status.replaced ?? []) {
    const after = one.state === "Kept" ? one : await tidy(one, status, prepared, call, notices);
    if (after) left.push(after);
  }
  return {
    replaced: left.length > 0 ? left : undefined,
    waiting: left.some((one) => one.state === "Waiting"),
    notices,
  };
}

async function tidy<Want extends Wanted>(
  one: Replaced,
  status: LeafStatus,
  { provider, owner, environment, policy, footprint }: Prepared<Want>,
  call: Call,
  notices: Notice[],
): Promise<Replaced | undefined> {
  if (one.externalId === status.externalId) return undefined;
  const at = { name: one.externalName, id: one.externalId, footprint };
  const seen = (await provider.observe(at, call)) as Seen<Want>;
  if (!seen.exists || !isOurs(seen.owner, owner, environment.succeeds)) return undefined;
  if (one.keep || policy.dataBearing || policy.deletion !== "Delete") {
    if (provider.release) await provider.release(seen, call);
    const note = `${one.externalId} was replaced; it stays in the cloud and is no longer ours`;
    notices.push({ type: "Normal", reason: "Retained", action: "Retain", note });
    return { ...one, keep: true, state: "Kept" };
  }
  if (seen.phase !== "deleting" && seen.phase !== "pending") {
    await provider.delete(seen, at, call);
    notices.push({
      type: "Normal",
      reason: "Deleted",
      action: "Delete",
      note: `Deleted ${one.externalId}, which was replaced`,
    });
  }
  return one;
}
