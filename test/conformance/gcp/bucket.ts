import type { BucketMetadata } from "@google-cloud/storage";
import { ApiError } from "@google-cloud/storage";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { type GcpUnderTest, REGION } from "./cloud.ts";

/** The field of Want that each field of a patch is. */
const FIELDS: Readonly<Record<string, string>> = {
  labels: "tags",
  iamConfiguration: "private",
  versioning: "versioning",
  storageClass: "storageClass",
  autoclass: "storageClass",
  lifecycle: "lifecycle",
  softDeletePolicy: "softDeleteDays",
  retentionPolicy: "retention",
  cors: "cors",
  encryption: "encryptionKey",
};

/** Undefined for what isn't there. */
export async function unlessAbsent<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

/** Bucket on GCP, by Google's Cloud Storage client. */
export function bucketOnGcp({ eyes, byOthers }: GcpUnderTest): KindOnCloud {
  const { storage } = eyes;
  const metadata = async ({ name }: Subject): Promise<BucketMetadata | undefined> =>
    (await unlessAbsent(storage.bucket(name).getMetadata()))?.[0];
  const change =
    (fields: BucketMetadata) =>
    async ({ name }: Subject): Promise<void> => {
      await byOthers(() => storage.bucket(name).setMetadata(fields));
    };
  const label = ({ name }: Subject, key: string, value: string) =>
    byOthers(async () => {
      await storage.bucket(name).setMetadata({ labels: { [key]: value } });
    });

  return {
    makes: ["CreateBucket"],
    unmakes: ["DeleteBucket"],
    touches({ request }) {
      const { body } = request as { body?: { bindings?: object; labels?: object } };
      if (body?.bindings || "onyx-deliverers" in (body?.labels ?? {})) return ["deliverers"];
      return [...new Set(Object.keys(body ?? {}).map((field) => FIELDS[field] ?? field))];
    },
    async list({ object }) {
      const [buckets] = await storage.getBuckets();
      return buckets
        .filter(({ metadata: { labels } }) => carries(ownerOf((labels ?? {}) as Record<string, string>), object))
        .map(({ name }) => ({ id: name }));
    },
    async snapshot(subject) {
      const { etag, metageneration, updated, autoclass, ...rest } = (await metadata(subject)) ?? {};
      // Switched off it means what it means where it never was.
      return etag === undefined ? undefined : { ...rest, ...(autoclass?.enabled && { autoclass }) };
    },
    tamper: {
      private: change({ iamConfiguration: { publicAccessPrevention: "inherited" } }),
      versioning: change({ versioning: { enabled: true } }),
      storageClass: change({ storageClass: "NEARLINE" }),
      lifecycle: change({ lifecycle: { rule: [{ action: { type: "Delete" }, condition: { age: 1 } }] } }),
      softDeleteDays: change({ softDeletePolicy: { retentionDurationSeconds: 30 * 86_400 } }),
      retention: change({ retentionPolicy: { retentionPeriod: 60 } as NonNullable<BucketMetadata["retentionPolicy"]> }),
      cors: change({ cors: [{ origin: ["*"], method: ["GET"] }] }),
      encryptionKey: change({
        encryption: { defaultKmsKeyName: `projects/theirs/locations/${REGION}/keyRings/r/cryptoKeys/k` },
      }),
      deliverers: ({ name }) =>
        byOthers(async () => {
          const bucket = storage.bucket(name);
          await bucket.setMetadata({ labels: { "onyx-deliverers": "true" } });
          const [policy] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
          const binding = {
            role: "roles/storage.objectAdmin",
            members: ["serviceAccount:eve@theirs.iam.gserviceaccount.com"],
            condition: { title: "onyx-deliverer", expression: "true" },
          };
          await bucket.iam.setPolicy({
            ...policy,
            bindings: [...policy.bindings, binding],
            version: 3,
          } as typeof policy);
        }),
      tags: (subject) => label(subject, "stage", "somebody"),
    },
    tag: label,
    async createForeign({ name }) {
      await byOthers(() =>
        storage.createBucket(name, {
          location: REGION,
          labels: { theirs: "x" },
          iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
          softDeletePolicy: { retentionDurationSeconds: 0 },
        }),
      );
    },
    async remove({ name }) {
      await byOthers(() => unlessAbsent(storage.bucket(name).delete()));
    },
  };
}
