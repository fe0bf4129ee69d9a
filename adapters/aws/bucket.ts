import { CreateBucketCommand, DeleteBucketCommand } from "@aws-sdk/client-s3";
import type { BucketOutputs, BucketWant } from "../../controllers/leaf/wants.ts";
import { RESTORED_AT } from "../../operator/provider/copying.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import type { Call, Fitted, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import { lifecycleOf } from "./bucket-lifecycle.ts";
import { bucketNotifications } from "./bucket-notifications.ts";
import { deliverersIn, hasTlsOnly } from "./bucket-policy.ts";
import { bucketArn, bucketReader, isAbsent } from "./bucket-read.ts";
import { bucketReplication } from "./bucket-replication.ts";
import { bucketRestorer } from "./bucket-restore.ts";
import { corsOf, encryptionOf, HOME, isNotPublic, locationIn, OWNER_ENFORCED, retentionOf } from "./bucket-shape.ts";
import { bucketWriter } from "./bucket-write.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor } from "./errors.ts";
import { keyArn } from "./key.ts";
import { checkTargets } from "./notification-shape.ts";
import { checkOverrides } from "./overrides.ts";
import { COPIES, checkReplica } from "./replication-shape.ts";
import { tagChanges, tagList, tagsOf, tagsToCreate } from "./tags.ts";

/**
 * Bucket as S3 bucket. CreateBucket makes it with its tags, public access blocked and ACLs off; all else follows as an
 * update, one document a field. Every call but that one says which account the bucket must belong to.
 */
export function bucketProvider(aws: Aws): Provider<BucketWant, BucketOutputs> {
  const { s3, place } = aws;
  const read = bucketReader(aws);
  const write = bucketWriter(aws, read);
  const notifications = bucketNotifications(aws);
  const replication = bucketReplication(aws, read);
  const options = (call: Call) => ({ abortSignal: call.signal });
  const of = (Bucket: string) => ({ Bucket, ExpectedBucketOwner: place.account });
  const arnOf = (name: string) => bucketArn(place, name);

  const outputsOf = (name: string): BucketOutputs => ({
    BUCKET_ID: arnOf(name),
    BUCKET: name,
    BUCKET_URL: `s3://${name}`,
    REGION: place.region,
  });

  async function actualOf(name: string, footprint: readonly string[], call: Call): Promise<Partial<BucketWant>> {
    const [versioning, rules, encryption, policy, block, ownership, cors, lock, told, copied] = await sideBySide([
      read.versioning(name, call),
      read.lifecycle(name, call),
      read.encryption(name, call),
      read.policy(name, call),
      read.publicBlock(name, call),
      read.ownership(name, call),
      read.cors(name, call),
      read.lock(name, call),
      notifications.actual(name, call),
      read.replication(name, call),
    ]);
    const kept = versioning === "Enabled";
    const { softDeleteDays, ...lifecycle } = lifecycleOf(rules);
    const encrypted = encryptionOf(encryption, (key) => keyArn(aws, key));
    const retention = retentionOf(lock);
    const beside = { encryptionKey: encrypted.encryptionKey, retention };
    return {
      private: isNotPublic(block) && ownership === OWNER_ENFORCED && hasTlsOnly(policy, arnOf(name)),
      ...lifecycle,
      // Versions that are kept for soft delete are no versioning that spec asked for.
      softDeleteDays: kept ? softDeleteDays : 0,
      // Object Lock keeps versions whatever spec says, for as long as the bucket lives.
      ...(lock?.ObjectLockEnabled !== "Enabled" && { versioning: kept && softDeleteDays === 0 }),
      retention,
      cors: cors.map(corsOf).sort((a, b) => (a.name < b.name ? -1 : 1)),
      notifications: told,
      deliverers: deliverersIn(policy, arnOf(name)),
      ...(await replication.actual(name, copied, footprint, beside, call)),
      ...encrypted,
    };
  }

  return {
    ids: "derived",
    service: "s3",
    immutable: [],
    footprint: ({ replicateTo }) => (replicateTo ? [COPIES] : []),
    fit: (want) => fitBucket(aws, want),
    foresee: (name) => outputsOf(name),

    async observe(at, call) {
      const name = at.id === undefined ? at.name : nameOf(at.id);
      const found = await read.tags(name, call);
      if (!found) return { exists: false };
      try {
        const tags = tagsOf(found);
        const actual: Partial<BucketWant> = { ...(await actualOf(name, at.footprint, call)), tags };
        return {
          exists: true,
          id: arnOf(name),
          owner: ownerOf(tags),
          phase: "ready",
          actual,
          outputs: outputsOf(name),
        };
      } catch (error) {
        if (isAbsent(error)) return { exists: false };
        throw error;
      }
    },

    list: ({ signal }) => read.all(signal),

    async create(name, want, call) {
      const id = arnOf(name);
      const elsewhere = place.region !== HOME;
      const made = await ask(
        "S3 CreateBucket",
        s3.send(
          new CreateBucketCommand({
            Bucket: name,
            ObjectOwnership: OWNER_ENFORCED,
            ...(want.retention && { ObjectLockEnabledForBucket: true }),
            CreateBucketConfiguration: {
              ...locationIn(place.region),
              Tags: tagList(tagsToCreate(want.tags, call.owner)),
            },
          }),
          options(call),
        ),
      ).catch((error: unknown) => {
        if (error instanceof ProviderError && error.code === "BucketAlreadyOwnedByYou") return undefined;
        throw error;
      });
      // In us-east-1 a bucket that our account has is answered as if it had just been made: whose is it?
      if (made && elsewhere) return { id };
      const owner = ownerOf((await step("see whose it is", () => read.tags(name, call))) ?? {});
      if (owner && sameObject(owner, call.owner)) return { id };
      throw new ProviderError("conflict", `S3 bucket ${name} exists and does not carry our marks`, {
        code: "BucketAlreadyOwnedByYou",
      });
    },

    async update(seen, want, changed, call) {
      const name = nameOf(seen.id);
      const any = (...fields: (keyof BucketWant)[]) => fields.some((field) => changed.has(field));
      // S3 lets nobody turn versions off that are copied.
      if (changed.has("replicateTo") && !want.replicateTo) await replication.remove(name, call);
      if (changed.has("private")) await write.privacy(name, arnOf(name), call);
      if (any("encryptionKey", "overrides")) await write.encryption(name, want, call);
      if (any("versioning", "softDeleteDays", "retention")) await write.versioning(name, seen.actual, want, call);
      if (any("lifecycle", "storageClass", "softDeleteDays")) await write.lifecycle(name, want, call);
      if (changed.has("retention")) await write.retention(name, want, call);
      if (changed.has("cors")) await write.cors(name, want, call);
      if (changed.has("deliverers")) await write.deliverers(name, arnOf(name), want, call);
      if (changed.has("notifications")) await notifications.ensure(name, want, call);
      // What the role may do hangs on keys and on Object Lock, here and there.
      if (want.replicateTo && any("replicateTo", "replicaKey", "encryptionKey", "retention"))
        await replication.ensure(name, want, want.replicateTo, call);
      if (changed.has("tags")) {
        if (want.replicateTo) await replication.retag(name, want.tags, call);
        if (want.notifications.length > 0) await notifications.retag(name, want.tags, call);
        await write.tags(name, tagChanges(seen.actual.tags, want.tags, call.owner), call);
      }
    },

    async delete(seen, at, call) {
      // Once the bucket is gone nothing would lead to its rules, nor to its role.
      await notifications.remove(nameOf(seen.id), call);
      if (seen.actual.replicateTo || at.footprint.includes(COPIES)) await replication.remove(nameOf(seen.id), call);
      await askFor("S3 DeleteBucket", s3.send(new DeleteBucketCommand(of(nameOf(seen.id))), options(call)));
    },

    // S3 deletes no bucket that holds an object or an old version, so nothing is lost that would need a word.
    isEmpty: async () => true,
    restoreByCopy: bucketRestorer(aws, read, write),
    async adopt(seen, _want, call) {
      await notifications.adopt(nameOf(seen.id), call);
      if (seen.actual.replicateTo) await replication.adopt(nameOf(seen.id), call);
      await write.tags(nameOf(seen.id), { set: ownerTags(call.owner), remove: [RESTORED_AT] }, call);
    },
    release: (seen, call) => write.tags(nameOf(seen.id), { set: {}, remove: HOLDER_MARKS }, call),
  };
}

/** `arn:aws:s3:::orders` → `orders`. */
const nameOf = (arn: string): string => parseArn(arn)?.resource ?? arn;

function fitBucket(aws: Pick<Aws, "arn" | "place">, want: BucketWant): Fitted<BucketWant> {
  checkTargets(aws, want.notifications);
  checkReplica(want);
  const encryptionKey = keyArn(aws, want.encryptionKey);
  const used = checkOverrides(want.overrides, ["bucketKey"]);
  return {
    want: {
      ...want,
      // Versions of spec's own are kept longer than any soft delete: no rule may take them.
      softDeleteDays: want.versioning ? 0 : want.softDeleteDays,
      encryptionKey,
      replicaKey: keyArn(aws, want.replicaKey),
      overrides: encryptionKey !== null && want.overrides.bucketKey === false ? { bucketKey: false } : {},
    },
    deviations: [...softDelete(want), ...retention(want), ...used, ...delivery(want)],
  };
}

function delivery({ deliverers }: BucketWant): Fitted<BucketWant>["deviations"] {
  if (deliverers.length === 0) return [];
  return [
    {
      field: "overrides.aws.deliverers",
      kind: "CloudSpecific",
      message: "Who delivers is an account of AWS; GCP has service accounts, in overrides.gcp.deliverers.",
    },
  ];
}

function softDelete({ softDeleteDays, versioning, lifecycle }: BucketWant): Fitted<BucketWant>["deviations"] {
  if (softDeleteDays === 0) return [];
  const short = lifecycle.find(({ action, days }) => action === "ExpireNoncurrent" && days < softDeleteDays);
  if (versioning && short)
    return [
      {
        field: "softDeleteDays",
        kind: "Clamped",
        message: `S3 has versions and no soft delete: the lifecycle rule ${short.name} takes an old version for good after ${short.days} days, not ${softDeleteDays} days later. Give it at least ${softDeleteDays} days.`,
      },
    ];
  return [
    {
      field: "softDeleteDays",
      kind: "Covered",
      message: versioning
        ? "S3 has no soft delete; the versions that versioning keeps do the same."
        : `S3 has no soft delete: versions are kept for ${softDeleteDays} days, and what was deleted is brought back from them.`,
    },
  ];
}

function retention({ retention: kept, versioning }: BucketWant): Fitted<BucketWant>["deviations"] {
  if (!kept || versioning) return [];
  return [
    {
      field: "retention",
      kind: "Covered",
      message: "S3 keeps versions for it, and goes on to keep them when retention is taken away.",
    },
  ];
}
