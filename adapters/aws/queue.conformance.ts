import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, describe, expect, it } from "vitest";
import type { QueueWant } from "../../controllers/leaf/wants.ts";
import { isReleased, type Owner, ownerOf, ownerTags } from "../../operator/provider/owner.ts";
import type { Present } from "../../operator/provider/provider.ts";
import { awsClients } from "./clients.ts";
import { queueProvider } from "./queue.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call, owner, place, queueWant, REGION } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const provider = queueProvider(aws);
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const fresh = (label: string) => `${label}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
const marked = (one: Owner) => ownerOf(ownerTags(one));
const at = (name: string, footprint: readonly string[] = []) => ({ name, footprint });
const url = (name: string) => `${emulator.endpoint}/${ACCOUNT}/${name}`;
const attributes = async (name: string) =>
  (await aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl: url(name), AttributeNames: ["All"] }))).Attributes ??
  {};
const tags = async (name: string) => (await aws.sqs.send(new ListQueueTagsCommand({ QueueUrl: url(name) }))).Tags ?? {};

async function seen(name: string, want?: QueueWant) {
  const found = await provider.observe(at(name, want && provider.footprint?.(want)), call(name));
  if (!found.exists) expect.fail(`${name} is not there`);
  return found;
}

async function made(label: string, over: Partial<QueueWant> = {}) {
  const name = fresh(label);
  const want = queueWant(name, over);
  const { id } = await provider.create(name, want, call(name));
  return { name, want, id, seen: await seen(name, want) };
}

describe("SQS queue", () => {
  it("is absent before, has every attribute after one create, and reads back as wanted", async () => {
    const name = fresh("plain");
    expect(await provider.observe(at(name), call(name))).toEqual({ exists: false });
    const want = queueWant(name, { processingTimeoutSeconds: 45, retentionSeconds: 7200, delaySeconds: 3 });
    const made = await provider.create(name, want, call(name));
    expect(made).toEqual({
      id: `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
      outputs: { QUEUE_ID: made.id, QUEUE_URL: url(name), REGION },
    });
    expect(await attributes(name)).toMatchObject({
      VisibilityTimeout: "45",
      MessageRetentionPeriod: "7200",
      MaximumMessageSize: "262144",
      DelaySeconds: "3",
      SqsManagedSseEnabled: "true",
    });
    expect(await tags(name)).toEqual({ team: "billing", ...ownerTags(owner(name)) });
    const { tags: wantedTags, ...fields } = want;
    expect(await seen(name)).toMatchObject({
      id: made.id,
      owner: marked(owner(name)),
      phase: "ready",
      actual: { ...fields, tags: wantedTags },
      outputs: made.outputs,
    });
  });

  it("has the URL that SQS itself gives for the name", async () => {
    const { name, seen } = await made("url");
    const { QueueUrl } = await aws.sqs.send(new GetQueueUrlCommand({ QueueName: name }));
    expect(new URL(seen.outputs.QUEUE_URL).pathname).toBe(new URL(QueueUrl ?? "").pathname);
  });

  it("PerKey is a high-throughput FIFO queue, found without its id by the footprint", async () => {
    const { name, want, id, seen } = await made("fifo", { ordering: "PerKey" });
    expect(id).toMatch(/\.fifo$/);
    expect(await attributes(`${name}.fifo`)).toMatchObject({
      FifoQueue: "true",
      ContentBasedDeduplication: "false",
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perMessageGroupId",
    });
    expect(seen.actual.ordering).toBe("PerKey");
    expect(provider.footprint?.(want)).toEqual([".fifo"]);
    expect(await provider.observe({ name, id, footprint: [] }, call(name))).toMatchObject({ exists: true, id });
  });

  it("a FIFO queue that somebody slowed down is put right, and one that is wanted so stays so", async () => {
    const { name, want } = await made("slow", { ordering: "PerKey" });
    const slow = { DeduplicationScope: "queue", FifoThroughputLimit: "perQueue", ContentBasedDeduplication: "true" };
    const QueueUrl = url(`${name}.fifo`);
    await aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: slow }));
    const found = await seen(name, want);
    const overrides = {
      fifo: { deduplicateWithin: "Queue", throughputPer: "Queue", deduplicateByContent: true },
    };
    expect(found.actual.overrides).toEqual(overrides);
    await provider.update(found, want, new Set(["overrides"]), call(name));
    expect((await seen(name, want)).actual.overrides).toEqual({});
    await provider.update(await seen(name, want), { ...want, overrides }, new Set(["overrides"]), call(name));
    expect(await attributes(`${name}.fifo`)).toMatchObject(slow);
  });

  it("who may have it for dead letters: nobody, one queue, any", async () => {
    const source = await made("source-of");
    const { name, want } = await made("closed", { overrides: { deadLetterSources: [] } });
    const policy = async () => JSON.parse((await attributes(name)).RedriveAllowPolicy ?? "{}");
    expect(await policy()).toEqual({ redrivePermission: "denyAll" });
    const one = { ...want, overrides: { deadLetterSources: [source.id] } };
    await provider.update(await seen(name), one, new Set(["overrides"]), call(name));
    expect(await policy()).toEqual({ redrivePermission: "byQueue", sourceQueueArns: [source.id] });
    await provider.update(await seen(name), { ...want, overrides: {} }, new Set(["overrides"]), call(name));
    expect((await seen(name)).actual.overrides).toEqual({});
  });

  it("a dead letter is set, changed and taken away", async () => {
    const first = await made("dlq-a");
    const second = await made("dlq-b");
    const queue = await made("source", { deadLetter: { target: first.id, maxReceives: 5 } });
    expect(queue.seen.outputs.DLQ_ID).toBe(first.id);
    for (const deadLetter of [{ target: second.id, maxReceives: 7 }, null]) {
      const want = { ...queue.want, deadLetter };
      await provider.update(await seen(queue.name), want, new Set(["deadLetter"]), call(queue.name));
      expect((await seen(queue.name)).actual.deadLetter).toEqual(deadLetter);
    }
    expect(await attributes(queue.name)).not.toHaveProperty("RedrivePolicy");
  });

  it("a dead letter that isn't there is notFound, so it is tried again", async () => {
    const name = fresh("lost-dlq");
    const target = `arn:aws:sqs:${REGION}:${ACCOUNT}:${fresh("nobody")}`;
    await expect(
      provider.create(name, queueWant(name, { deadLetter: { target, maxReceives: 5 } }), call(name)),
    ).rejects.toMatchObject({ fault: "notFound" });
  });

  it("encryption goes from SQS's key to a customer's and back", async () => {
    const key = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
    const { name, want, seen: before } = await made("kms");
    const withKey = { ...want, encryptionKey: key, overrides: { kmsDataKeyReuse: "10m" } };
    await provider.update(before, withKey, new Set(["encryptionKey", "overrides"]), call(name));
    expect(await attributes(name)).toMatchObject({ KmsMasterKeyId: key, KmsDataKeyReusePeriodSeconds: "600" });
    const between = await seen(name);
    expect(between.actual).toMatchObject({ encryptionKey: key, overrides: { kmsDataKeyReuse: "10m" } });
    await provider.update(between, want, new Set(["encryptionKey", "overrides"]), call(name));
    expect((await seen(name)).actual).toMatchObject({ encryptionKey: null, overrides: {} });
  });

  it("a queue that nothing encrypts differs from every wish, and is put right", async () => {
    const { name, want } = await made("bare");
    await aws.sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: url(name), Attributes: { SqsManagedSseEnabled: "false" } }),
    );
    const drifted = await seen(name);
    expect(drifted.actual.encryptionKey).toBe("none");
    await provider.update(drifted, want, new Set(["encryptionKey"]), call(name));
    expect((await seen(name)).actual.encryptionKey).toBeNull();
  });

  it("update sends what changed and leaves the rest and foreign tags alone", async () => {
    const { name, want } = await made("update");
    await aws.sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: url(name), Attributes: { ReceiveMessageWaitTimeSeconds: "9" } }),
    );
    await aws.sqs.send(new TagQueueCommand({ QueueUrl: url(name), Tags: { theirs: "kept" } }));
    const next: QueueWant = { ...want, retentionSeconds: 600, tags: { ...want.tags, team: null, cost: "7" } };
    await provider.update(await seen(name), next, new Set(["retentionSeconds", "tags"]), call(name));
    expect(await attributes(name)).toMatchObject({
      MessageRetentionPeriod: "600",
      VisibilityTimeout: "60",
      ReceiveMessageWaitTimeSeconds: "9",
    });
    expect(await tags(name)).toEqual({ theirs: "kept", cost: "7", ...ownerTags(owner(name)) });
  });

  it("create of what is ours already makes no second one and changes nothing", async () => {
    const { name, want, id } = await made("again");
    expect(await provider.create(name, want, call(name))).toMatchObject({ id });
    expect(await provider.create(name, { ...want, retentionSeconds: 60 }, call(name))).toEqual({ id });
    expect(await attributes(name)).toMatchObject({ MessageRetentionPeriod: "345600" });
    const elsewhere = call(name, { owner: owner(name, { cluster: "cluster-b" }) });
    expect(await provider.create(name, want, elsewhere)).toEqual({ id });
  });

  it.each([
    // One that was just made may look like that for a while: the next looks tell whose it is.
    ["without tags is waited for, or is", {}, "transient"],
    ["of another object is", ownerTags(owner("someone-else")), "conflict"],
  ])("a queue of that name %s a conflict, whatever its attributes", async (_what, theirs, alike) => {
    const name = fresh("foreign");
    const same = queueWant(name);
    await aws.sqs.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: {
          VisibilityTimeout: "60",
          MessageRetentionPeriod: "345600",
          MaximumMessageSize: "262144",
          DelaySeconds: "0",
          SqsManagedSseEnabled: "true",
        },
        tags: theirs,
      }),
    );
    const before = [await attributes(name), await tags(name)];
    await expect(provider.create(name, same, call(name))).rejects.toMatchObject({ fault: alike });
    const other = { ...same, retentionSeconds: 60 };
    await expect(provider.create(name, other, call(name))).rejects.toMatchObject({ fault: "conflict" });
    const { ApproximateNumberOfMessages: _count, ...now } = await attributes(name);
    expect([now, await tags(name)]).toMatchObject([
      Object.fromEntries(Object.entries(before[0] ?? {}).filter(([key]) => !key.startsWith("Approximate"))),
      before[1],
    ]);
    expect((await seen(name)).owner).toEqual("onyx-name" in theirs ? marked(owner("someone-else")) : undefined);
  });

  it("adopt and release change our marks only", async () => {
    const name = fresh("adopt");
    await aws.sqs.send(new CreateQueueCommand({ QueueName: name, tags: { theirs: "kept" } }));
    const before = await seen(name);
    await provider.adopt(before, queueWant(name), call(name));
    const adopted = await seen(name);
    expect(adopted.owner).toEqual(marked(owner(name)));
    expect(adopted.actual).toEqual({ ...before.actual, tags: { theirs: "kept", ...ownerTags(owner(name)) } });
    await provider.release?.(adopted, call(name));
    const { "onyx-cluster": _cluster, "onyx-uid": _uid, ...whose } = ownerTags(owner(name));
    expect(await tags(name)).toEqual({ theirs: "kept", ...whose });
    const free = await seen(name);
    expect(free.owner && isReleased(free.owner)).toBe(true);
    expect(await provider.create(name, queueWant(name), call(name))).toEqual({ id: free.id });
  });

  it("delete takes it away; deleting the absent succeeds", async () => {
    const { name, seen } = await made("gone");
    await provider.delete(seen as Present<QueueWant, never>, at(name), call(name));
    expect(await provider.observe(at(name), call(name))).toEqual({ exists: false });
    await provider.delete(seen as Present<QueueWant, never>, at(name), call(name));
  });
});
