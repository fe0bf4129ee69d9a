import { CreateBucketCommand, GetBucketTaggingCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, expect, it } from "vitest";
import type { BucketWant } from "../../controllers/leaf/wants.ts";
import { startAws } from "../../hack/testbed/index.ts";
import { bucketProvider } from "./bucket.ts";
import { awsClients } from "./clients.ts";
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
