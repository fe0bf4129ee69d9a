/** The one shape in which a Bucket tells of its objects on every cloud: CloudEvents 1.0, structured, as JSON. */
import type { BucketNotification } from "../controllers/leaf/wants.ts";
import type { Cloud } from "../operator/provider/provider.ts";

export type ObjectEvent = BucketNotification["events"][number];

/** `type` of the CloudEvents. */
export const EVENT_TYPES = {
  ObjectCreated: "io.onelens.onyx.bucket.object.created",
  ObjectDeleted: "io.onelens.onyx.bucket.object.deleted",
} as const satisfies Record<ObjectEvent, string>;

/** `source` of the CloudEvents: the BUCKET_URL that programs know the bucket by. */
export const sourceOf = (cloud: Cloud, bucket: string): string => `${cloud === "aws" ? "s3" : "gs"}://${bucket}`;
