/**
 * Lifecycle rules, carried out when a test has moved the clock: https://cloud.google.com/storage/docs/lifecycle.
 * Google takes up to a day. Where several rules fit, Delete goes before SetStorageClass, and the coldest class wins.
 */
import type { World } from "../../engine/world.ts";
import { CLASSES, type Stored } from "./bucket-rules.ts";
import type { LifecycleRule } from "./bucket-schema.ts";
import { BUCKET, OBJECT, rfc3339 } from "./names.ts";
import { drop, type Generation, generationsOf, type Objects, put } from "./objects.ts";
import { StorageError } from "./refusals.ts";

const DAY = 24 * 60 * 60 * 1000;

/** @param newer how many generations of the same name are newer */
function fits({ condition }: LifecycleRule, { state, resource }: Generation, newer: number, now: number): boolean {
  const since = (time: string | undefined): number => (time === undefined ? -1 : (now - Date.parse(time)) / DAY);
  const before = (date: string, time: string | undefined): boolean =>
    time !== undefined && Date.parse(time) < Date.parse(date);
  const custom = resource.customTime as string | undefined;
  const atLeast = (limit: number | undefined, value: number) => limit === undefined || value >= limit;
  return (
    atLeast(condition.age, since(resource.timeCreated)) &&
    atLeast(condition.daysSinceNoncurrentTime, since(resource.timeDeleted)) &&
    atLeast(condition.daysSinceCustomTime, since(custom)) &&
    atLeast(condition.numNewerVersions, newer) &&
    (condition.isLive === undefined || condition.isLive === (state === "live")) &&
    (condition.matchesPrefix?.some((prefix) => resource.name.startsWith(prefix)) ?? true) &&
    (condition.matchesSuffix?.some((suffix) => resource.name.endsWith(suffix)) ?? true) &&
    (condition.matchesStorageClass?.includes(resource.storageClass) ?? true) &&
    (condition.createdBefore === undefined || before(condition.createdBefore, resource.timeCreated)) &&
    (condition.customTimeBefore === undefined || before(condition.customTimeBefore, custom)) &&
    (condition.noncurrentTimeBefore === undefined || before(condition.noncurrentTimeBefore, resource.timeDeleted))
  );
}

async function carryOut(
  world: World,
  bucket: Stored,
  one: Generation,
  rules: readonly LifecycleRule[],
  objects: Objects,
) {
  if (rules.some(({ action }) => action.type === "Delete")) {
    // A live object of a bucket with versions becomes noncurrent first.
    if (one.state === "live" && bucket.versioning?.enabled)
      put(world.store, {
        ...one,
        state: "noncurrent",
        resource: { ...one.resource, timeDeleted: rfc3339(world.clock.now()) },
      });
    else await objects.expire(bucket, one).catch(unlessRetained);
    return;
  }
  const colder = rules
    .map(({ action }) => CLASSES.indexOf(action.storageClass ?? ""))
    .reduce((coldest, index) => Math.max(coldest, index), CLASSES.indexOf(one.resource.storageClass));
  const storageClass = CLASSES[colder] ?? one.resource.storageClass;
  if (storageClass === one.resource.storageClass) return;
  const timeStorageClassUpdated = rfc3339(world.clock.now());
  put(world.store, { ...one, resource: { ...one.resource, storageClass, timeStorageClassUpdated } });
}

/** What is still under retention stays until a later run. */
function unlessRetained(error: unknown): void {
  if (!(error instanceof StorageError && error.reason === "retentionPolicyNotMet")) throw error;
}

/** Carries out all rules that are due, and forgets what was soft-deleted long enough ago. */
export async function runLifecycles(world: World, objects: Objects): Promise<void> {
  const now = world.clock.now();
  for (const name of world.store.names(OBJECT)) {
    const one = world.store.get(OBJECT, name) as Generation;
    const until = one.resource.hardDeleteTime;
    if (one.state === "softDeleted" && until !== undefined && Date.parse(until) <= now) drop(world.store, one);
  }
  for (const bucket of world.store.list(BUCKET, "") as readonly Stored[]) {
    const rules = bucket.lifecycle?.rule ?? [];
    const kept =
      rules.length === 0 ? [] : generationsOf(world.store, bucket.name).filter(({ state }) => state !== "softDeleted");
    for (const one of kept) {
      const newer = kept.filter(
        ({ resource }) =>
          resource.name === one.resource.name && Number(resource.generation) > Number(one.resource.generation),
      ).length;
      const due = rules.filter(
        (rule) => rule.action.type !== "AbortIncompleteMultipartUpload" && fits(rule, one, newer, now),
      );
      if (due.length > 0) await carryOut(world, bucket, one, due, objects);
    }
  }
}
