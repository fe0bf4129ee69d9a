/** Names in the store, as google/storage/v2/storage.proto forms them. */
import type { View } from "../../engine/store.ts";
import type { Stored } from "./bucket-rules.ts";
import { absent } from "./refusals.ts";

export const BUCKET = "storage.googleapis.com/Bucket";
/** By `<bucket>#<generation>`. */
export const SOFT_BUCKET = "storage.googleapis.com/SoftDeletedBucket";
/** By `<bucket>/objects/<name>#<generation>`. */
export const OBJECT = "storage.googleapis.com/Object";
/** By `<bucket>/notificationConfigs/<id>`. */
export const NOTIFICATION = "storage.googleapis.com/NotificationConfig";
/** By `serviceAccount:<email>`: made when first asked for. */
export const AGENT = "storage.googleapis.com/ServiceAccount";

export const bucketName = (bucket: string): string => `projects/_/buckets/${bucket}`;

/** @throws StorageError 404 */
export function bucketOf(view: View, bucket: string): Stored {
  const found = view.get(BUCKET, bucketName(bucket)) as Stored | undefined;
  if (found === undefined) throw absent("The specified bucket does not exist.");
  return found;
}

export const rfc3339 = (millis: number): string => new Date(millis).toISOString();

/** The account with which Cloud Storage publishes notifications and uses keys. */
export const agentOf = (projectNumber: string): string =>
  `service-${projectNumber}@gs-project-accounts.iam.gserviceaccount.com`;
