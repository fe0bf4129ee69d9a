import { createHash } from "node:crypto";
import { createIntent, SETTLING_MS, type Wanted } from "../provider/provider.ts";
import { canonical } from "./canonical.ts";
import { condition } from "./conditions.ts";
import type { Situation } from "./decide.ts";
import type { Prepared } from "./gather.ts";
import type { LeafObject } from "./leaf-object.ts";
import { ANNOTATIONS, isDeleting } from "./object.ts";
import type { Seen } from "./report.ts";

/**
 * Puts together what `decide` needs, the same for the operator and for `onyx plan`.
 *
 * @param quietMs as `Attempts.quietMs` of the object; `onyx plan`, which knows of no process, leaves it out
 */
export function situationOf<Want extends Wanted>(
  object: LeafObject,
  prepared: Prepared<Want>,
  seen: Seen<Want>,
  now: Date,
  quietMs = Number.POSITIVE_INFINITY,
): Situation<Want, Readonly<Record<string, string>>> {
  const { status } = object;
  const settlingMs = prepared.provider.settlingMs ?? SETTLING_MS;
  return {
    want: prepared.want,
    seen,
    owner: prepared.owner,
    deleting: isDeleting(object),
    known: status?.externalId !== undefined,
    applied: prepared.want !== undefined && status?.appliedHash === wantHash(prepared.want),
    fresh: isFresh(object, now, settlingMs),
    unsettledMs: mayHaveSent(object, prepared) ? Math.max(0, settlingMs - quietMs) : 0,
    assigned: prepared.provider.ids === "assigned",
    incarnation: status?.createdAt,
    policy: prepared.policy,
    immutable: prepared.provider.immutable,
    succeeds: prepared.environment.succeeds,
    approved: object.metadata.annotations?.[ANNOTATIONS.approve],
    users: prepared.users,
    holds: prepared.holds,
    keptDays: seen.exists ? prepared.keptDays?.(seen.actual) : undefined,
    lasting: prepared.lasting?.(seen.exists ? seen.actual : {}),
    backup: prepared.finalBackup && prepared.provider.finalBackup !== undefined,
    replacing: status?.replaced?.some((one) => one.state === "Waiting"),
    irreplaceable: prepared.variants.length > 0 ? undefined : "spec fixes its name, and no cloud has two of one name.",
  };
}

/** What was seen on its way out is not waited for, however young it was. */
function isFresh({ status }: LeafObject, now: Date, settlingMs: number): boolean {
  if (status?.createdAt === undefined || condition(status.conditions, "Ready")?.reason === "Deleting") return false;
  return now.getTime() - Date.parse(status.createdAt) < settlingMs;
}

/** A kind that records its intents has sent nothing where status holds none. */
function mayHaveSent({ status }: LeafObject, { provider }: Pick<Prepared<Wanted>, "provider">): boolean {
  if (!provider.recordsIntent) return true;
  return status?.footprint?.some((line) => line.startsWith(createIntent(""))) ?? false;
}

/**
 * A short hash of a want, whatever the order of its fields. Tags that are to go don't count: once they are gone
 * nothing tells of them.
 */
export function wantHash(want: Wanted): string {
  const tags = Object.fromEntries(Object.entries(want.tags).filter(([, value]) => value !== null));
  return createHash("sha256")
    .update(canonical({ ...want, tags }))
    .digest("hex")
    .slice(0, 16);
}
