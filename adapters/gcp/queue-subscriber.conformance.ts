import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { QueueWant } from "../../controllers/leaf/wants.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import {
  type Adapter,
  at,
  call,
  marks,
  owned,
  PROJECT,
  present,
  providerOf,
  REGION,
  startAdapter,
} from "./testing/cloud.ts";

let adapter: Adapter;
beforeAll(async () => {
  adapter = await startAdapter();
});
afterAll(() => adapter.close());
beforeEach(async () => {
  await adapter.prepare();
  await theirs().createTopic({ name: NEWS }, signal);
  adapter.writes();
});

const signal = AbortSignal.timeout(60_000);
const queue = () => providerOf(adapter.connection, "Queue");
const NEWS = `projects/${PROJECT}/topics/news`;
const own = `projects/${PROJECT}/topics/jobs`;
const id = `projects/${PROJECT}/subscriptions/jobs`;
const context = () => call("Queue", "jobs");
/** The cloud as other people use it. */
const theirs = () => adapter.direct.pubsub;

function wanted(change: Partial<QueueWant> = {}): QueueWant {
  const want: QueueWant = {
    tags: { ...marks("Queue", "jobs"), team: "core" },
    processingTimeoutSeconds: 60,
    retentionSeconds: 345_600,
    maxMessageBytes: 262_144,
    delaySeconds: 0,
    ordering: "None",
    deadLetter: null,
    subscription: { topic: NEWS, filter: [{ attribute: "type", anyOf: ["a", "b"] }], via: [] },
    encryptionKey: null,
    overrides: {},
    ...change,
  };
  return queue().fit?.(want).want ?? want;
}
const where = (want = wanted()) => ({ ...at("jobs"), footprint: queue().footprint?.(want) ?? [] });
const look = (want = wanted()) => queue().observe(where(want), context());
const made = () => queue().create("jobs", wanted(), context());

describe("a queue that subscribes to a topic", () => {
  test("is a subscription of that topic and nothing else, and reads back as wanted, also without a footprint", async () => {
    expect(await look()).toEqual({ exists: false });
    expect(await made()).toEqual({ id, outputs: { QUEUE_ID: id, QUEUE_URL: id, REGION } });
    expect(adapter.writes()).toEqual(["CreateSubscription"]);
    expect(await theirs().subscription(id, signal)).toMatchObject({
      topic: NEWS,
      filter: '(attributes."type" = "a" OR attributes."type" = "b")',
      expirationPolicy: { ttl: null },
    });
    for (const footprint of [where().footprint, []]) {
      const seen = present(await queue().observe({ ...at("jobs"), footprint }, context()));
      expect(seen).toMatchObject({ id, phase: "ready", owner: owned("Queue", "jobs"), outputs: { QUEUE_URL: id } });
      expect(diff(wanted(), seen.actual)).toEqual([]);
    }
  });

  test("leaves a topic of its own name alone, which is somebody else's", async () => {
    await theirs().createTopic({ name: own, labels: { theirs: "x" } }, signal);
    await made();
    adapter.writes();
    const seen = present(await look());
    expect(seen).toMatchObject({ phase: "ready", owner: owned("Queue", "jobs") });
    await queue().update(seen, wanted({ tags: { ...wanted().tags, team: "other" } }), new Set(["tags"]), context());
    await queue().release?.(seen, context());
    await queue().adopt(seen, wanted(), context());
    await queue().delete(present(await look()), where(), context());
    expect(adapter.writes().filter((write) => write.includes("Topic"))).toEqual([]);
    expect(await theirs().topic(own, signal)).toMatchObject({ labels: { theirs: "x" } });
  });

  test("whose topic was deleted says so, and goes without a trace", async () => {
    await made();
    await theirs().deleteTopic(NEWS, signal);
    adapter.writes();
    const seen = present(await look());
    expect(seen).toMatchObject({ phase: "failed", message: expect.stringContaining("was deleted") });
    expect(diff(wanted(), seen.actual)).toEqual([]);
    await queue().delete(seen, where(), context());
    expect(adapter.writes()).toEqual(["DeleteSubscription"]);
    expect(await look()).toEqual({ exists: false });
  });

  test("a filter that spec can't ask for is told as it stands, and another topic too", async () => {
    const filter = 'NOT attributes:"type"';
    await theirs().createSubscription({ name: id, topic: NEWS, filter, labels: marks("Queue", "jobs") }, signal);
    expect(diff(wanted(), present(await look()).actual).map(({ field, actual }) => [field, actual])).toContainEqual([
      "subscription",
      { topic: NEWS, filter, via: [] },
    ]);
    const plain = wanted({ subscription: null });
    expect(diff(plain, present(await look(plain)).actual).map(({ field }) => field)).toContain("subscription");
  });

  test("a plain queue that somebody hung on another topic keeps its own topic as a part, and both go", async () => {
    const plain = wanted({ subscription: null });
    await queue().create("jobs", plain, context());
    await theirs().deleteSubscription(id, signal);
    await theirs().createSubscription({ name: id, topic: NEWS, labels: marks("Queue", "jobs") }, signal);
    const seen = present(await look(plain));
    expect(diff(plain, seen.actual).map(({ field }) => field)).toContain("subscription");
    await queue().delete(seen, where(plain), context());
    expect(await theirs().topic(own, signal)).toBeUndefined();
    expect(await theirs().topic(NEWS, signal)).toBeDefined();
  });

  test("is listed, as every subscription that can be pulled from", async () => {
    await made();
    await theirs().createSubscription({ name: `${id}-theirs`, topic: NEWS }, signal);
    const found = (await queue().list?.({ signal }))?.map(({ name }) => name);
    expect(found?.sort()).toEqual(["jobs", "jobs-theirs"]);
  });

  test("a topic that isn't one is refused before any call", () => {
    const bad = { topic: "arn:aws:sns:x", filter: [], via: [] };
    expect(() => wanted({ subscription: bad })).toThrow("is no id of a topic");
  });

  test("a topic that isn't there is notFound, so that it is tried again", async () => {
    await theirs().deleteTopic(NEWS, signal);
    await expect(made()).rejects.toMatchObject({ fault: "notFound" });
  });
});
