import type { LifecycleRule, Transition } from "@aws-sdk/client-s3";
import type { BucketLifecycleRule, BucketWant } from "../../controllers/leaf/wants.ts";

/** Rules of ours in the lifecycle configuration, beside those of spec. Names of spec can't begin so. */
const OURS = { auto: "onyx-storage-class", softDelete: "onyx-soft-delete" } as const;

const CLASSES = { Cool: "STANDARD_IA", Cold: "GLACIER_IR", Archive: "DEEP_ARCHIVE" } as const;

/** What of Want stands in the one lifecycle configuration of a bucket. */
export type LifecycleWant = Pick<BucketWant, "lifecycle" | "storageClass" | "softDeleteDays">;

/**
 * The whole configuration. A bucket has no class of its own in S3, so Auto is a rule that takes everything to
 * Intelligent-Tiering at once; soft delete is a rule about the versions that are kept for it.
 *
 * @param endingDays soft delete was on with so many days and is no more: what it kept still has to go
 */
export function lifecycleRules(want: LifecycleWant, endingDays?: number): LifecycleRule[] {
  const softDelete = want.softDeleteDays || endingDays;
  return [
    ...want.lifecycle.map(ruleOf),
    ...(want.storageClass === "Auto"
      ? [rule(OURS.auto, "", { Transitions: [{ Days: 0, StorageClass: "INTELLIGENT_TIERING" }] })]
      : []),
    ...(softDelete ? [rule(OURS.softDelete, "", expireNoncurrent(softDelete, null))] : []),
  ];
}

/** The configuration as Want has it. `softDeleteDays` says what the rule has, whether or not versions are kept. */
export function lifecycleOf(rules: readonly LifecycleRule[]): LifecycleWant {
  const named = (name: string) => rules.find(({ ID }) => ID === name);
  const [auto, softDelete] = [named(OURS.auto), named(OURS.softDelete)];
  const autoIsWhole = auto && same(auto, lifecycleRules({ lifecycle: [], storageClass: "Auto", softDeleteDays: 0 })[0]);
  const days = softDelete?.NoncurrentVersionExpiration?.NoncurrentDays ?? 0;
  const softIsWhole = softDelete && same(softDelete, rule(OURS.softDelete, "", expireNoncurrent(days, null)));
  const taken = [autoIsWhole && auto, softIsWhole && softDelete];
  return {
    storageClass: autoIsWhole ? "Auto" : "Hot",
    softDeleteDays: softIsWhole ? days : 0,
    lifecycle: rules
      .filter((one) => !taken.includes(one))
      .map(neutralOf)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

const rule = (ID: string, Prefix: string, action: Partial<LifecycleRule>): LifecycleRule => ({
  ID,
  Status: "Enabled",
  Filter: { Prefix },
  ...action,
});

/** Old versions go, and with the last of them the marker that says the object was deleted. */
const expireNoncurrent = (NoncurrentDays: number, kept: number | null): Partial<LifecycleRule> => ({
  NoncurrentVersionExpiration: { NoncurrentDays, ...(kept !== null && { NewerNoncurrentVersions: kept }) },
  Expiration: { ExpiredObjectDeleteMarker: true },
});

function ruleOf({ name, prefix, action, days, to, versionsKept }: BucketLifecycleRule): LifecycleRule {
  const StorageClass = CLASSES[to ?? "Cold"];
  switch (action) {
    case "Expire":
      return rule(name, prefix, { Expiration: { Days: days } });
    case "Transition":
      return rule(name, prefix, { Transitions: [{ Days: days, StorageClass }] });
    case "AbortMultipart":
      return rule(name, prefix, { AbortIncompleteMultipartUpload: { DaysAfterInitiation: days } });
    case "ExpireNoncurrent":
      return rule(name, prefix, expireNoncurrent(days, versionsKept));
    case "TransitionNoncurrent":
      return rule(name, prefix, { NoncurrentVersionTransitions: [{ NoncurrentDays: days, StorageClass }] });
  }
}

/** A rule as spec could ask for it; one that spec can't say is shown as it is, and so differs from every wish. */
function neutralOf(live: LifecycleRule): BucketLifecycleRule {
  const name = live.ID ?? "";
  const prefix = live.Filter?.Prefix ?? live.Prefix ?? "";
  const common = { name, prefix, to: null, versionsKept: null };
  const [moved, movedNoncurrent] = [live.Transitions?.[0], live.NoncurrentVersionTransitions?.[0]];
  const guesses: BucketLifecycleRule[] = [
    { ...common, action: "Expire", days: live.Expiration?.Days ?? 0 },
    { ...common, action: "Transition", days: moved?.Days ?? 0, to: classOf(moved?.StorageClass) },
    { ...common, action: "AbortMultipart", days: live.AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? 0 },
    {
      ...common,
      action: "ExpireNoncurrent",
      days: live.NoncurrentVersionExpiration?.NoncurrentDays ?? 0,
      versionsKept: live.NoncurrentVersionExpiration?.NewerNoncurrentVersions ?? null,
    },
    {
      ...common,
      action: "TransitionNoncurrent",
      days: movedNoncurrent?.NoncurrentDays ?? 0,
      to: classOf(movedNoncurrent?.StorageClass),
    },
  ];
  const found = guesses.find((guess) => same(live, ruleOf(guess)));
  return found ?? ({ name, asItIs: canonical(live) } as unknown as BucketLifecycleRule);
}

const classOf = (storageClass: Transition["StorageClass"]): BucketLifecycleRule["to"] =>
  (Object.keys(CLASSES) as (keyof typeof CLASSES)[]).find((name) => CLASSES[name] === storageClass) ?? null;

const same = (a: LifecycleRule, b: LifecycleRule | undefined): boolean =>
  b !== undefined && JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));

/** In one form: an empty filter, an empty prefix and none are the same, and so are empty lists and absent ones. */
function canonical({ Filter, Prefix, ...live }: LifecycleRule): object {
  const { Prefix: filtered, ...more } = Filter ?? {};
  return sorted({ ...live, prefix: filtered ?? Prefix ?? "", filter: Object.keys(more).length > 0 ? more : undefined });
}

function sorted(value: unknown): object {
  const plain = (one: unknown): unknown => {
    if (one instanceof Date) return one.toISOString();
    if (Array.isArray(one)) return one.length > 0 ? one.map(plain) : undefined;
    return typeof one === "object" && one !== null ? sorted(one) : one;
  };
  const fields = Object.entries(value as object).map(([key, one]) => [key, plain(one)] as const);
  return Object.fromEntries(fields.filter(([, one]) => one !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)));
}
