/** Lifecycle rules of a Bucket as Cloud Storage has them, both ways. Pure. cloud.google.com/storage/docs/lifecycle */
import type { BucketLifecycleRule } from "../../controllers/leaf/wants.ts";
import type { LifecycleRule } from "./storage.ts";

const CLASSES = { Cool: "NEARLINE", Cold: "COLDLINE", Archive: "ARCHIVE" } as const;
type To = keyof typeof CLASSES;
const TO: ReadonlyMap<string, To> = new Map(Object.entries(CLASSES).map(([to, name]) => [name, to as To]));

/**
 * The rules as Cloud Storage can keep them: its rules have no names, so each is called by what it does. The same rule twice
 * is one rule.
 */
export function fitLifecycle(rules: readonly BucketLifecycleRule[]): readonly BucketLifecycleRule[] {
  return byName(rules.map((rule) => ({ ...rule, name: nameOf(rule) })));
}

/** `expire after 30 d: logs/`, for people and to tell rules apart. */
function nameOf({ action, to, days, prefix, versionsKept }: Omit<BucketLifecycleRule, "name">): string {
  const verb = action.replace(/[A-Z]/g, (letter, at: number) => `${at > 0 ? " " : ""}${letter.toLowerCase()}`);
  const kept = versionsKept === null ? "" : ` but ${versionsKept}`;
  return `${verb}${to === null ? "" : ` to ${to}`}${kept} after ${days} d${prefix === "" ? "" : `: ${prefix}`}`;
}

/** Sorted by name, each once. */
function byName(rules: readonly BucketLifecycleRule[]): readonly BucketLifecycleRule[] {
  const once = new Map(rules.map((rule) => [rule.name, rule]));
  return [...once.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * S3 counts old versions, Cloud Storage newer ones, and the live one is newer than every old one: hence one more. Of an
 * object that was deleted there is no live one, so there one more old version stays than was asked.
 */
const NEWER_THAN_KEPT = 1;

export function toRule({ action, to, days, prefix, versionsKept }: BucketLifecycleRule): LifecycleRule {
  const where = prefix === "" ? {} : { matchesPrefix: [prefix] };
  const move = { type: "SetStorageClass", ...(to === null ? {} : { storageClass: CLASSES[to] }) };
  switch (action) {
    case "AbortMultipart":
      return { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: days, ...where } };
    case "Expire":
      return { action: { type: "Delete" }, condition: { age: days, isLive: true, ...where } };
    case "Transition":
      return { action: move, condition: { age: days, isLive: true, ...where } };
    case "ExpireNoncurrent": {
      const kept = versionsKept === null ? {} : { numNewerVersions: versionsKept + NEWER_THAN_KEPT };
      const condition = { daysSinceNoncurrentTime: days, isLive: false, ...kept, ...where };
      return { action: { type: "Delete" }, condition };
    }
    case "TransitionNoncurrent":
      return { action: move, condition: { daysSinceNoncurrentTime: days, isLive: false, ...where } };
  }
}

/** The live rules, in the form of `fitLifecycle`. A rule that no Want can ask for shows as one of a telling name. */
export function lifecycleOf(rules: readonly LifecycleRule[]): readonly BucketLifecycleRule[] {
  return byName(rules.map((rule) => known(rule) ?? foreign(rule)));
}

function known(rule: LifecycleRule): BucketLifecycleRule | undefined {
  const { age, daysSinceNoncurrentTime, numNewerVersions, isLive, matchesPrefix } = rule.condition ?? {};
  const old = isLive === false;
  const days = old ? daysSinceNoncurrentTime : age;
  const { type = "", storageClass = "" } = rule.action ?? {};
  const to = TO.get(storageClass) ?? null;
  const action = actionOf(type, old);
  if (typeof days !== "number" || action === undefined || typeof (matchesPrefix?.[0] ?? "") !== "string")
    return undefined;
  if (typeof (numNewerVersions ?? 0) !== "number") return undefined;
  const guess = {
    prefix: matchesPrefix?.[0] ?? "",
    action,
    days,
    to,
    versionsKept: numNewerVersions === undefined ? null : numNewerVersions - NEWER_THAN_KEPT,
  };
  const wanted = { name: nameOf(guess), ...guess };
  return sameRule(toRule(wanted), rule) ? wanted : undefined;
}

function actionOf(type: string, old: boolean): BucketLifecycleRule["action"] | undefined {
  if (type === "AbortIncompleteMultipartUpload") return "AbortMultipart";
  if (type === "Delete") return old ? "ExpireNoncurrent" : "Expire";
  if (type === "SetStorageClass") return old ? "TransitionNoncurrent" : "Transition";
  return undefined;
}

const sameRule = (a: LifecycleRule, b: LifecycleRule): boolean => sorted(a) === sorted(b);

const sorted = ({ action, condition }: LifecycleRule): string =>
  JSON.stringify([
    Object.entries(action ?? {}).sort(),
    Object.entries(condition ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);

/** Never wanted, so it is drift. */
const foreign = (rule: LifecycleRule): BucketLifecycleRule => ({
  name: `not ours: ${sorted(rule)}`,
  prefix: "",
  action: "Expire",
  days: 0,
  to: null,
  versionsKept: null,
});
