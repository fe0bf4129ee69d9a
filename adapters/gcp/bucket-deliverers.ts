import { isDeepStrictEqual } from "node:util";
import type { BucketDeliverer, BucketWant } from "../../controllers/leaf/wants.ts";
import { step } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import { deliverersIn, withDeliverers } from "./deliverer-shape.ts";
import { ifThere } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import { bucketName } from "./names.ts";
import type { Bucket } from "./storage.ts";

/** Label of a bucket that may have deliverers: set before there is one, and taken off once there is none. */
export const DELIVERERS_LABEL = "onyx-deliverers";

/** What nothing asks for: the label without a deliverer, which a crash leaves. Never wanted, so it is drift. */
const LEFT: BucketDeliverer = { who: "", prefix: "", delivers: false };

/**
 * Who outside may put objects into a bucket: bindings of ours in its policy. Without the label that policy is not looked at,
 * so nobody pays a call for what nobody asked for.
 */
export function bucketDeliverers({ storage, storagePolicies: policies }: Pick<Gcp, "storage" | "storagePolicies">) {
  const mark = (bucket: string, on: boolean, signal: AbortSignal) =>
    step(`label the bucket ${bucket}`, () =>
      storage.patch(bucket, { labels: { [DELIVERERS_LABEL]: on ? "true" : null } }, signal),
    );
  const isMarked = ({ labels }: Pick<Bucket, "labels">): boolean => labels?.[DELIVERERS_LABEL] !== undefined;

  return {
    /** What there is of ours. */
    async actual(bucket: Bucket, { signal }: Call): Promise<readonly BucketDeliverer[]> {
      if (!isMarked(bucket)) return [];
      const policy = await ifThere(policies.read(bucketName(bucket.name), signal));
      const found = deliverersIn(policy ?? {}, bucket.name);
      return found.length > 0 ? found : [LEFT];
    },

    /** Makes it as `want` says. Sends only what differs. */
    async ensure(bucket: string, { deliverers }: BucketWant, { signal }: Call): Promise<void> {
      const some = deliverers.length > 0;
      const marked = isMarked((await storage.bucket(bucket, signal)) ?? {});
      if (some && !marked) await mark(bucket, true, signal);
      await step(`set who delivers to the bucket ${bucket}`, () =>
        policies.edit(
          bucketName(bucket),
          (policy) =>
            isDeepStrictEqual(deliverersIn(policy, bucket), deliverers)
              ? policy
              : withDeliverers(policy, bucket, deliverers),
          signal,
        ),
      );
      if (!some && marked) await mark(bucket, false, signal);
    },
  };
}
