import { createHash } from "node:crypto";
import type { Wanted } from "../provider/provider.ts";
import { canonical } from "./canonical.ts";
import { condition } from "./conditions.ts";
import type { Situation } from "./decide.ts";
import type { Prepared } from "./gather.ts";
import type { LeafObject } from "./leaf-object.ts";
import { ANNOTATIONS, isDeleting } from "./object.ts";
import type { Seen } from "./report.ts";

/** How long after its making a cloud may not show a resource, or its tags, yet. SQS: up to 60 s. */
const SETTLING_MS = 60_000;

/** Puts together what `decide` needs, the same for the operator and for `onyx plan`. */
export function situationOf<Want extends Wanted>(
  object: LeafObject,
  prepared: Prepared<Want>,
  seen: Seen<Want>,
  now: Date,
): Situation<Want, Readonly<Record<string, string>>> {
  const { status } = object;
  return {
    want: prepared.want,
    seen,
    owner: prepared.owner,
    deleting: isDeleting(object),
    known: status?.externalId !== undefined,
    applied: prepared.want !== undefined && status?.appliedHash === wantHash(prepared.want),
    fresh: isFresh(object, now),
    assigned: prepared.provider.ids === "assigned",
    incarnation: status?.createdAt,
    policy: prepared.policy,
    immutable: prepared.provider.immutable,
    succeeds: prepared.environment.succeeds,
    approved: object.metadata.annotations?.[ANNOTATIONS.approve],
    users: prepared.users,
    holds: prepared.holds,
    keptDays: seen.exists ? prepared.keptDays?.(seen.actual) : undefined,
    backup: prepared.finalBackup && prepared.provider.finalBackup !== undefined,
    replacing: status?.replaced?.some((one) => one.state === "Waiting"),
    irreplaceable:
      prepared.variants.length > 0 ? undefined : "spec.externalName fixes its name, and no cloud has two of one name.",
  };
}

/** What was seen on its way out is not waited for, however young it was. */
function isFresh({ status }: LeafObject, now: Date): boolean {
  if (status?.createdAt === undefined || condition(status.conditions, "Ready")?.reason === "Deleting") return false;
  return now.getTime() - Date.parse(status.createdAt) < SETTLING_MS;
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
