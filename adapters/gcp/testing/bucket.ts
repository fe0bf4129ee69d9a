import type { BucketOutputs, BucketWant } from "../../../controllers/leaf/wants.ts";
import type { Provider } from "../../../operator/provider/provider.ts";
import { marks } from "./cloud.ts";

/** A private bucket and nothing more, but for `change`. */
export const bucketWant = (name: string, change: Partial<BucketWant> = {}): BucketWant => ({
  private: true,
  versioning: false,
  storageClass: "Hot",
  lifecycle: [],
  softDeleteDays: 0,
  retention: null,
  cors: [],
  notifications: [],
  replicateTo: null,
  replicaKey: null,
  encryptionKey: null,
  deliverers: [],
  overrides: {},
  tags: { ...marks("Bucket", name), team: "core" },
  ...change,
});

export const fitted = (provider: Provider<BucketWant, BucketOutputs>, want: BucketWant): BucketWant =>
  provider.fit?.(want).want ?? want;
