import type { Lasting } from "../../operator/reconcile/lasting.ts";
import type { BucketWant } from "./wants.ts";

/**
 * The lock of a retention is for good on both clouds: it is set, and made longer, on a user's word only, and never taken
 * away, though S3 would take it off what is yet to be written.
 */
export function lastingRetention(
  want: BucketWant,
  { retention: live }: Partial<BucketWant>,
): Lasting<BucketWant> | undefined {
  const { retention: wanted } = want;
  if (live?.lock) {
    const meanwhile = { ...want, retention: live };
    if (wanted?.lock && wanted.days === live.days) return undefined;
    if (wanted?.lock && wanted.days > live.days) return { meanwhile, loses: loses(wanted.days) };
    const cannot = `spec.retention: the retention of this bucket is locked at ${live.days} days, and can't be taken away, unlocked or shortened. Set it to { days: ${live.days}, lock: true } or more days.`;
    return { meanwhile, cannot };
  }
  if (!wanted?.lock) return undefined;
  return { meanwhile: { ...want, retention: { days: wanted.days, lock: false } }, loses: loses(wanted.days) };
}

const loses = (days: number): string =>
  `From then on nobody, the owner of the account neither, can delete or overwrite what is written to it before it is ${days} days old, and it is paid for as long; on Google Cloud what is in it already is kept so too. The days can be made more, never fewer, and the bucket can't be deleted while it keeps anything.`;
