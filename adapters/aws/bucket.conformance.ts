import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type ReplicationConfiguration,
} from "@aws-sdk/client-s3";
import { afterAll, expect, it } from "vitest";
import type { BucketWant } from "../../controllers/leaf/wants.ts";
import { startAws } from "../../hack/testbed/index.ts";
import { bucketProvider } from "./bucket.ts";
import { awsClients } from "./clients.ts";
import { objectCopier } from "./object-copy.ts";
import { bucketWant, call, owner, place } from "./testing/fixtures.ts";

/** Against an emulator that enforces policies, in us-east-1. */
const emulator = await startAws({ env: { AUTH: "true" } });
const aws = awsClients(place(emulator.endpoint));
const provider = bucketProvider(aws);
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const by = (name: string) => call(name, { owner: owner(name, { kind: "Bucket" }) });

async function seen(name: string) {
  const found = await provider.observe({ name, footprint: [] }, by(name));
  if (!found.exists) expect.fail(`${name} is not there`);
  return found;
}

async function made(name: string, over: Partial<BucketWant> = {}) {
  const want = bucketWant(name, over);
  await provider.create(name, want, by(name));
  await provider.update(
    await seen(name),
    want,
    new Set<keyof BucketWant>(["private", ...(over.retention ? (["retention"] as const) : [])]),
    by(name),
  );
  return { want, seen: await seen(name) };
}

it("B8 nobody reads it without credentials", async () => {
  const { want, seen } = await made("test-secret");
  expect(seen.actual).toMatchObject({ private: true, versioning: want.versioning });
  await aws.s3.send(new PutObjectCommand({ Bucket: "test-secret", Key: "secret", Body: "x" }));
  expect((await fetch(`${emulator.endpoint}/test-secret/secret`)).status).toBe(403);
});

it("in us-east-1 a bucket of somebody else, which CreateBucket answers as if it were new, is refused and left alone", async () => {
  const Tags = [{ Key: "theirs", Value: "x" }];
  await aws.s3.send(new CreateBucketCommand({ Bucket: "test-theirs", CreateBucketConfiguration: { Tags } }));
  await expect(provider.create("test-theirs", bucketWant("test-theirs"), by("test-theirs"))).rejects.toMatchObject({
    fault: "conflict",
  });
  expect((await aws.s3.send(new GetBucketTaggingCommand({ Bucket: "test-theirs" }))).TagSet).toEqual(Tags);
});

it("a create that is repeated finds its own work", async () => {
  const name = "test-again";
  const first = await provider.create(name, bucketWant(name), by(name));
  expect(await provider.create(name, bucketWant(name), by(name))).toEqual(first);
});

it("retention is set when the bucket is made, and can be taken away again", async () => {
  const name = "test-kept";
  const { want, seen: before } = await made(name, { retention: { days: 30, lock: false } });
  expect(before.actual.retention).toEqual({ days: 30, lock: false });
  await provider.update(before, { ...want, retention: null }, new Set(["retention"] as const), by(name));
  expect((await seen(name)).actual.retention).toBeNull();
});

it("what is written under a lock is kept from everybody, from who may bypass a retention too", async () => {
  const Bucket = "test-locked";
  const { seen: before } = await made(Bucket, { retention: { days: 30, lock: true } });
  expect(before.actual.retention).toEqual({ days: 30, lock: true });
  const { VersionId } = await aws.s3.send(new PutObjectCommand({ Bucket, Key: "receipt", Body: "x" }));
  const destroyed = aws.s3.send(
    new DeleteObjectCommand({ Bucket, Key: "receipt", VersionId, BypassGovernanceRetention: true }),
  );
  await expect(destroyed).rejects.toMatchObject({ name: "AccessDenied" });
  expect((await aws.s3.send(new GetObjectCommand({ Bucket, Key: "receipt", VersionId }))).VersionId).toBe(VersionId);
});

it("replication that somebody else set up is told and left alone", async () => {
  const Bucket = "test-replicated";
  await made("test-there", { versioning: true });
  await made(Bucket, { versioning: true });
  const versions = { VersioningConfiguration: { Status: "Enabled" } } as const;
  for (const name of ["test-there", Bucket])
    await aws.s3.send(new PutBucketVersioningCommand({ Bucket: name, ...versions }));
  const Destination = { Bucket: "arn:aws:s3:::test-there" };
  const theirs = {
    Role: "arn:aws:iam::111122223333:role/theirs",
    Rules: [{ ID: "a", Status: "Enabled", Prefix: "", Destination }],
  };
  await aws.s3.send(
    new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration: theirs as ReplicationConfiguration }),
  );
  const found = await seen(Bucket);
  expect(found.actual.replicateTo).toBeNull();
  const want = bucketWant(Bucket, {
    versioning: true,
    replicateTo: { target: Destination.Bucket, prefix: "", copies: true },
  });
  await expect(provider.update(found, want, new Set(["replicateTo"] as const), by(Bucket))).rejects.toMatchObject({
    fault: "conflict",
    message: expect.stringContaining("role/theirs"),
  });
  await provider.update(found, bucketWant(Bucket, { versioning: true }), new Set(["replicateTo"] as const), by(Bucket));
  const { ReplicationConfiguration: live } = await aws.s3.send(new GetBucketReplicationCommand({ Bucket }));
  expect(live?.Role).toBe(theirs.Role);
});

interface Statement {
  readonly Sid: string;
  readonly Action: unknown;
}
const statements = async (Bucket: string): Promise<readonly Statement[]> => {
  const { Policy = "{}" } = await aws.s3.send(new GetBucketPolicyCommand({ Bucket }));
  return (JSON.parse(Policy) as { Statement: readonly Statement[] }).Statement;
};
const write = (Bucket: string, Statement: readonly object[]) =>
  aws.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));

const ACME = { who: "111122223333", prefix: "acme/", delivers: true };
const GLOBEX = { who: "444455556666", prefix: "", delivers: true };

async function delivering(name: string, ...deliverers: BucketWant["deliverers"]) {
  const before = await seen(name);
  await provider.update(before, bucketWant(name, { deliverers }), new Set(["deliverers"] as const), by(name));
  return (await seen(name)).actual;
}

it("who delivers comes with a new bucket, is added, changed and taken away", async () => {
  const name = "test-delivered";
  const want = bucketWant(name, { deliverers: [ACME] });
  await provider.create(name, want, by(name));
  await provider.update(await seen(name), want, new Set(["private", "deliverers"] as const), by(name));
  expect((await seen(name)).actual).toMatchObject({ private: true, deliverers: [ACME] });
  for (const wanted of [[ACME, GLOBEX], [{ ...ACME, prefix: "other/" }, GLOBEX], [GLOBEX], []])
    expect(await delivering(name, ...wanted)).toMatchObject({ private: true, deliverers: wanted });
  expect((await statements(name)).map(({ Sid }) => Sid)).toEqual(["OnyxTlsOnly"]);
});

it("who delivers is put right when somebody lets more in or takes it out, and what others wrote stays", async () => {
  const name = "test-bent";
  await made(name);
  const Principal = { AWS: `arn:aws:iam::${ACME.who}:root` };
  const Resource = `arn:aws:s3:::${name}/*`;
  const theirs = { Sid: "Theirs", Effect: "Allow", Principal, Action: "s3:PutObject", Resource };
  await write(name, [...(await statements(name)), theirs]);
  await delivering(name, ACME);
  const right = await statements(name);
  expect(right).toHaveLength(4);
  expect(right).toContainEqual(theirs);
  const bents = [
    right.map((one) => (one.Sid === `OnyxDelivery${ACME.who}` ? { ...one, Action: "s3:*" } : one)),
    right.filter(({ Sid }) => Sid !== `OnyxDelivery${ACME.who}Billing`),
  ];
  for (const bent of bents) {
    await write(name, bent);
    expect((await seen(name)).actual.deliverers).toEqual([{ ...ACME, delivers: false }]);
    expect(await delivering(name, ACME)).toMatchObject({ private: true, deliverers: [ACME] });
    expect(await statements(name)).toHaveLength(4);
  }
  await delivering(name);
  expect(await statements(name)).toEqual([expect.objectContaining({ Sid: "OnyxTlsOnly" }), theirs].toReversed());
});

/** S3 takes no part below 5 MiB but the last. */
const IN_PARTS = { wholeBytes: 2 ** 20, partBytes: 5 * 2 ** 20, partsAtOnce: 2 };

it("what is too large for one copy goes in parts, with its metadata and tags", async () => {
  for (const Bucket of ["test-from", "test-to"]) await aws.s3.send(new CreateBucketCommand({ Bucket }));
  const Body = Buffer.alloc(11 * 2 ** 20, "onyx");
  const Key = "dir/a b+ü";
  const more = { ContentType: "text/csv", CacheControl: "no-cache", Metadata: { of: "me" }, Tagging: "team=a%26b" };
  await aws.s3.send(new PutObjectCommand({ Bucket: "test-from", Key, Body, ...more }));
  const copy = objectCopier(aws, "test-from", "test-to", AbortSignal.timeout(30_000), IN_PARTS);
  const sent: object[] = [];
  aws.s3.middlewareStack.add((next) => async (args) => {
    sent.push(args.input);
    return next(args);
  });
  expect(await copy({ name: Key, bytes: Body.length, versionId: undefined })).toBeUndefined();
  const copied = await aws.s3.send(new GetObjectCommand({ Bucket: "test-to", Key }));
  expect(copied).toMatchObject({ ContentType: "text/csv", CacheControl: "no-cache", Metadata: { of: "me" } });
  expect(Buffer.compare(Buffer.from((await copied.Body?.transformToByteArray()) ?? []), Body)).toBe(0);
  // The emulator forgets tags that come with an upload in parts.
  expect(sent).toContainEqual(expect.objectContaining({ Bucket: "test-to", Key, Tagging: "team=a%26b" }));
});

it("a version that is gone meanwhile is left out, and leaves no part behind", async () => {
  for (const Bucket of ["test-from-2", "test-to-2"]) await aws.s3.send(new CreateBucketCommand({ Bucket }));
  const signal = AbortSignal.timeout(30_000);
  const copy = objectCopier(aws, "test-from-2", "test-to-2", signal, IN_PARTS);
  expect(await copy({ name: "gone", bytes: 1, versionId: undefined })).toContain("taken that version away");
  const { Uploads = [] } = await aws.s3.send(new ListMultipartUploadsCommand({ Bucket: "test-to-2" }));
  expect(Uploads).toEqual([]);
});
