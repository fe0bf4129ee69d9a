import type { BucketSpec } from "../../crds/bucket.ts";
import type { Given, Naming, Reference } from "../../operator/reconcile/leaf-object.ts";
import type { BucketReplication, BucketWant } from "./wants.ts";

const FIELD = "replicateTo.bucketRef";

/** The Bucket that copies go to. */
export const replicationReferences = ({ replicateTo }: BucketSpec): readonly Reference[] =>
  replicateTo?.bucketRef.name ? [{ field: FIELD, kind: "Bucket", name: replicateTo.bucketRef.name }] : [];

/**
 * Why nothing can be copied to it, as far as it is known. Each is what one cloud refuses or does otherwise: S3 copies from
 * and to versions only, under Object Lock into Object Lock only, and copies no copy again, which Cloud Storage does.
 */
export function replicationProblem(spec: BucketSpec, given: Given): string | undefined {
  if (!spec.replicateTo) return undefined;
  const { name } = spec.replicateTo.bucketRef;
  if (!name)
    return spec.encryption
      ? `${FIELD}.external: a bucket with a key of its own copies only to one whose key is known. Name a Bucket of this namespace.`
      : undefined;
  const { versioning, retention, encryptionKey, replicateTo } = given.target(FIELD).effective;
  if (versioning === undefined) return undefined;
  const to = `${FIELD}: Bucket ${name}`;
  if (versioning === false) return `${to} keeps no versions, and copies need them: set versioning: true on it.`;
  if (spec.encryption && !encryptionKey)
    return `${to} has no key of its own, as this one has: its copies would be less guarded. Give it an encryption.keyRef.`;
  if (spec.retention && !retention)
    return `${to} has no retention, as this one has, and S3 copies what is kept only to where it is kept. Give it a retention.`;
  if (replicateTo)
    return `${to} is copied on itself: a copy of a copy is made by Cloud Storage and not by S3. Name the last one, or take its replicateTo away.`;
  return undefined;
}

export function replicationOf(
  { replicateTo }: BucketSpec,
  given: Given,
): Pick<BucketWant, "replicateTo" | "replicaKey"> {
  if (!replicateTo) return { replicateTo: null, replicaKey: null };
  const { name, external } = replicateTo.bucketRef;
  const target = name ? given.target(FIELD) : undefined;
  const key = target?.effective.encryptionKey;
  return {
    replicateTo: {
      target: external ?? target?.outputs.BUCKET_ID ?? "",
      prefix: replicateTo.prefix ?? "",
      copies: true,
    },
    replicaKey: typeof key === "string" ? key : null,
  };
}

/** As spec has it, for `onyx import`. */
export const replicationSpec = (
  replication: BucketReplication | null | undefined,
  naming: Naming,
): object | undefined =>
  replication?.target
    ? {
        bucketRef: naming.reference("Bucket", replication.target),
        ...(replication.prefix !== "" && { prefix: replication.prefix }),
      }
    : undefined;
