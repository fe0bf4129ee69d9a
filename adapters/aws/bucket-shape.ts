import type {
  BucketLocationConstraint,
  CORSRule,
  ObjectLockConfiguration,
  ObjectOwnership,
  PublicAccessBlockConfiguration,
  ServerSideEncryptionRule,
} from "@aws-sdk/client-s3";
import type { BucketCorsRule, BucketWant } from "../../controllers/leaf/wants.ts";

/** All four: no ACL and no policy makes anything public, whoever writes it. */
export const NOT_PUBLIC: PublicAccessBlockConfiguration = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

export const isNotPublic = (block: PublicAccessBlockConfiguration | undefined): boolean =>
  (Object.keys(NOT_PUBLIC) as (keyof PublicAccessBlockConfiguration)[]).every((part) => block?.[part] === true);

/** ACLs are off: whatever is uploaded belongs to the bucket's owner. */
export const OWNER_ENFORCED: ObjectOwnership = "BucketOwnerEnforced";

/** The one region that CreateBucket doesn't take as a place. */
export const HOME = "us-east-1";

export const locationIn = (region: string): { LocationConstraint?: BucketLocationConstraint } =>
  region === HOME ? {} : { LocationConstraint: region as BucketLocationConstraint };

/** The rule for new objects; what else the live rule says, such as blocked kinds of encryption, stays. */
export function encryptionRule(
  { encryptionKey, overrides }: Pick<BucketWant, "encryptionKey" | "overrides">,
  live: ServerSideEncryptionRule | undefined,
): ServerSideEncryptionRule {
  return encryptionKey === null
    ? { ...live, ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }
    : {
        ...live,
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: encryptionKey },
        BucketKeyEnabled: overrides.bucketKey !== false,
      };
}

/**
 * The key in its one form, and the override where it applies.
 *
 * @param keyOf the ARN of a key that S3 may tell by its id
 */
export function encryptionOf(
  live: ServerSideEncryptionRule | undefined,
  keyOf: (key: string) => string | null,
): Pick<BucketWant, "encryptionKey" | "overrides"> {
  const { SSEAlgorithm, KMSMasterKeyID } = live?.ApplyServerSideEncryptionByDefault ?? {};
  if (SSEAlgorithm === undefined || SSEAlgorithm === "AES256") return { encryptionKey: null, overrides: {} };
  const key = KMSMasterKeyID && !KMSMasterKeyID.includes("alias/") ? keyOf(KMSMasterKeyID) : KMSMasterKeyID;
  return {
    encryptionKey: SSEAlgorithm === "aws:kms" ? (key ?? "alias/aws/s3") : `${SSEAlgorithm} ${key ?? ""}`,
    overrides: live?.BucketKeyEnabled === true ? {} : { bucketKey: false },
  };
}

/** What a bucket keeps, in days; what was asked of it in years is told in days. */
export function retentionOf(lock: ObjectLockConfiguration | undefined): BucketWant["retention"] {
  const kept = lock?.Rule?.DefaultRetention;
  if (!kept?.Mode) return null;
  return { days: kept.Days ?? (kept.Years ?? 0) * 365, lock: kept.Mode === "COMPLIANCE" };
}

/** Object Lock can't be taken off a bucket again; without a rule it asks nothing of new objects. */
export const objectLock = (retention: BucketWant["retention"]): ObjectLockConfiguration => ({
  ObjectLockEnabled: "Enabled",
  ...(retention && {
    Rule: { DefaultRetention: { Mode: retention.lock ? "COMPLIANCE" : "GOVERNANCE", Days: retention.days } },
  }),
});

export const corsRule = ({ name, origins, methods, headers, maxAgeSeconds }: BucketCorsRule): CORSRule => ({
  ID: name,
  AllowedOrigins: [...origins],
  AllowedMethods: [...methods],
  ...(headers.length > 0 && { AllowedHeaders: [...headers], ExposeHeaders: shownHeaders(headers) }),
  ...(maxAgeSeconds > 0 && { MaxAgeSeconds: maxAgeSeconds }),
});

/** S3 takes no wildcard among the headers that a page may see. */
const shownHeaders = (headers: readonly string[]): string[] => headers.filter((header) => header !== "*");

export function corsOf(live: CORSRule): BucketCorsRule {
  const headers = [...(live.AllowedHeaders ?? [])].sort();
  const rule: BucketCorsRule = {
    name: live.ID ?? "",
    origins: [...(live.AllowedOrigins ?? [])].sort(),
    methods: [...(live.AllowedMethods ?? [])].sort(),
    headers,
    maxAgeSeconds: live.MaxAgeSeconds ?? 0,
  };
  const shown = [...(live.ExposeHeaders ?? [])].sort();
  if (JSON.stringify(shown) === JSON.stringify(shownHeaders(headers))) return rule;
  return { ...rule, shown } as BucketCorsRule;
}
