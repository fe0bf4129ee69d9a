import {
  DeleteBucketCorsCommand,
  DeleteBucketLifecycleCommand,
  PutBucketCorsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import type { BucketWant } from "../../controllers/leaf/wants.ts";
import { sideBySide, step } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import { lifecycleOf, lifecycleRules } from "./bucket-lifecycle.ts";
import { hasTlsOnly, withDeliverers, withTlsOnly } from "./bucket-policy.ts";
import type { BucketReader } from "./bucket-read.ts";
import { corsRule, encryptionRule, isNotPublic, NOT_PUBLIC, OWNER_ENFORCED, objectLock } from "./bucket-shape.ts";
import type { Aws } from "./clients.ts";
import { ask } from "./errors.ts";
import { tagList } from "./tags.ts";

export type BucketWriter = ReturnType<typeof bucketWriter>;

/**
 * The documents of a bucket, each written as a whole. Where a document is not ours alone, it is read just before and
 * what others wrote stays. Errors carry the step.
 */
export function bucketWriter({ s3, place }: Pick<Aws, "s3" | "place">, read: BucketReader) {
  const of = (Bucket: string) => ({ Bucket, ExpectedBucketOwner: place.account });
  const send = <Output>(
    doing: string,
    operation: string,
    reply: (options: { abortSignal: AbortSignal }) => Promise<Output>,
    call: Call,
  ) => step(doing, () => ask(`S3 ${operation}`, reply({ abortSignal: call.signal })));

  const putPolicy = (doing: string, name: string, Policy: string, call: Call) =>
    send(
      doing,
      "PutBucketPolicy",
      (options) => s3.send(new PutBucketPolicyCommand({ ...of(name), Policy }), options),
      call,
    );

  return {
    /** Sends what is missing of the three things that keep a bucket private. */
    async privacy(name: string, arn: string, call: Call): Promise<void> {
      const [block, ownership, policy] = await sideBySide([
        read.publicBlock(name, call),
        read.ownership(name, call),
        read.policy(name, call),
      ]);
      if (!isNotPublic(block)) {
        const input = { ...of(name), PublicAccessBlockConfiguration: NOT_PUBLIC };
        await send(
          "block public access",
          "PutPublicAccessBlock",
          (options) => s3.send(new PutPublicAccessBlockCommand(input), options),
          call,
        );
      }
      if (ownership !== OWNER_ENFORCED) {
        const input = { ...of(name), OwnershipControls: { Rules: [{ ObjectOwnership: OWNER_ENFORCED }] } };
        await send(
          "turn ACLs off",
          "PutBucketOwnershipControls",
          (options) => s3.send(new PutBucketOwnershipControlsCommand(input), options),
          call,
        );
      }
      if (!hasTlsOnly(policy, arn)) await putPolicy("require TLS", name, withTlsOnly(policy, arn), call);
    },

    async deliverers(name: string, arn: string, { deliverers }: BucketWant, call: Call): Promise<void> {
      await putPolicy("set who delivers", name, withDeliverers(await read.policy(name, call), arn, deliverers), call);
    },

    async encryption(name: string, want: BucketWant, call: Call): Promise<void> {
      const rule = encryptionRule(want, await read.encryption(name, call));
      const input = { ...of(name), ServerSideEncryptionConfiguration: { Rules: [rule] } };
      await send(
        "set encryption",
        "PutBucketEncryption",
        (options) => s3.send(new PutBucketEncryptionCommand(input), options),
        call,
      );
    },

    /** Versions are also what soft delete and retention stand on. Where Object Lock keeps them, nothing is to do. */
    async versioning(name: string, seen: Partial<BucketWant>, want: BucketWant, call: Call): Promise<void> {
      if (seen.versioning === undefined) return;
      const status = (on: boolean) => (on ? "Enabled" : "Suspended");
      const Status = status(want.versioning || want.softDeleteDays > 0 || want.retention !== null);
      if (Status === status(seen.versioning || (seen.softDeleteDays ?? 0) > 0)) return;
      const input = { ...of(name), VersioningConfiguration: { Status } } as const;
      await send(
        "set versioning",
        "PutBucketVersioning",
        (options) => s3.send(new PutBucketVersioningCommand(input), options),
        call,
      );
    },

    async lifecycle(name: string, want: BucketWant, call: Call): Promise<void> {
      const before = lifecycleOf(await read.lifecycle(name, call)).softDeleteDays;
      const Rules = lifecycleRules(want, want.versioning ? undefined : before);
      const input = {
        ...of(name),
        LifecycleConfiguration: { Rules },
        TransitionDefaultMinimumObjectSize: "all_storage_classes_128K",
      } as const;
      await (Rules.length === 0
        ? send(
            "set the lifecycle",
            "DeleteBucketLifecycle",
            (options) => s3.send(new DeleteBucketLifecycleCommand(of(name)), options),
            call,
          )
        : send(
            "set the lifecycle",
            "PutBucketLifecycleConfiguration",
            (options) => s3.send(new PutBucketLifecycleConfigurationCommand(input), options),
            call,
          ));
    },

    async retention(name: string, { retention }: BucketWant, call: Call): Promise<void> {
      const input = { ...of(name), ObjectLockConfiguration: objectLock(retention) };
      await send(
        "set retention",
        "PutObjectLockConfiguration",
        (options) => s3.send(new PutObjectLockConfigurationCommand(input), options),
        call,
      );
    },

    async cors(name: string, { cors }: BucketWant, call: Call): Promise<void> {
      const input = { ...of(name), CORSConfiguration: { CORSRules: cors.map(corsRule) } };
      await (cors.length === 0
        ? send(
            "set CORS",
            "DeleteBucketCors",
            (options) => s3.send(new DeleteBucketCorsCommand(of(name)), options),
            call,
          )
        : send("set CORS", "PutBucketCors", (options) => s3.send(new PutBucketCorsCommand(input), options), call));
    },

    /** S3 takes tags as a whole only. */
    async tags(
      name: string,
      change: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] },
      call: Call,
    ): Promise<void> {
      const live = (await read.tags(name, call)) ?? {};
      const tags = Object.entries({ ...live, ...change.set }).filter(([key]) => !change.remove.includes(key));
      const input = { ...of(name), Tagging: { TagSet: tagList(Object.fromEntries(tags)) } };
      await send(
        "set tags",
        "PutBucketTagging",
        (options) => s3.send(new PutBucketTaggingCommand(input), options),
        call,
      );
    },
  };
}
