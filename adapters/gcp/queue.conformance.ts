/** What is special to queues on Google Cloud; what all clouds share is in operator/provider/conformance. */
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
beforeEach(() => adapter.prepare());

const signal = AbortSignal.timeout(60_000);
const queue = () => providerOf(adapter.connection, "Queue");
const topic = (name: string) => `projects/${PROJECT}/topics/${name}`;
const subscription = (name: string) => `projects/${PROJECT}/subscriptions/${name}`;
const AGENT = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com";

function wanted(name: string, change: Partial<QueueWant> = {}): QueueWant {
  const want: QueueWant = {
    tags: { ...marks("Queue", name), team: "core" },
    processingTimeoutSeconds: 60,
    retentionSeconds: 345_600,
    maxMessageBytes: 262_144,
    delaySeconds: 0,
    ordering: "None",
    deadLetter: null,
    subscription: null,
    encryptionKey: null,
    overrides: {},
    ...change,
  };
  return queue().fit?.(want).want ?? want;
}

const withDeadLetters = (name: string, dlq: string, change: Partial<QueueWant> = {}) =>
  wanted(name, { deadLetter: { target: subscription(dlq), maxReceives: 5 }, ...change });

async function made(name: string, want = wanted(name)) {
  await queue().create(name, want, call("Queue", name));
  adapter.writes();
  return want;
}

const seen = async (name: string) => present(await queue().observe(at(name), call("Queue", name)));

describe("create", () => {
  test("makes a topic and a subscription with everything explicit, and nothing when it is looked at again", async () => {
    expect(await queue().observe(at("jobs"), call("Queue", "jobs"))).toEqual({ exists: false });
    const want = wanted("jobs");
    const created = await queue().create("jobs", want, call("Queue", "jobs"));
    expect(created).toEqual({
      id: subscription("jobs"),
      outputs: { QUEUE_ID: subscription("jobs"), QUEUE_URL: topic("jobs"), REGION },
    });
    expect(adapter.writes()).toEqual(["CreateTopic", "CreateSubscription"]);
    const live = await adapter.direct.pubsub.subscription(subscription("jobs"), signal);
    expect(live).toMatchObject({
      topic: topic("jobs"),
      ackDeadlineSeconds: 60,
      messageRetentionDuration: { seconds: "345600" },
      expirationPolicy: { ttl: null },
      labels: { team: "core", "onyx-name": "jobs" },
    });
    const found = await seen("jobs");
    expect(found).toMatchObject({ id: subscription("jobs"), phase: "ready", owner: owned("Queue", "jobs") });
    expect(diff(want, found.actual)).toEqual([]);
    expect(adapter.writes()).toEqual([]);
  });

  test("every field comes back as it was asked for", async () => {
    await made("dead");
    const want = withDeadLetters("all", "dead", {
      ordering: "PerKey",
      processingTimeoutSeconds: 600,
      retentionSeconds: 600,
      encryptionKey: `projects/${PROJECT}/locations/${REGION}/keyRings/r/cryptoKeys/k`,
      overrides: { retryBackoff: { minimum: "1m30s", maximum: "10m" } },
    });
    await made("all", want);
    const found = await seen("all");
    expect(diff(want, found.actual)).toEqual([]);
    expect(found.outputs.DLQ_ID).toBe(subscription("dead"));
    expect(Object.keys(want).filter((field) => found.actual[field as keyof QueueWant] === undefined)).toEqual([]);
  });

  test("a dead-letter queue that does not exist stops it before anything is made", async () => {
    const creating = queue().create("jobs", withDeadLetters("jobs", "nowhere"), call("Queue", "jobs"));
    await expect(creating).rejects.toMatchObject({
      fault: "notFound",
      step: expect.stringContaining("dead-letter topic"),
    });
    expect(adapter.writes()).toEqual([]);
  });

  test.each([
    ["CreateTopic", ["CreateTopic", "CreateSubscription"]],
    ["CreateSubscription", ["CreateSubscription"]],
  ])("a crash after %s is finished by create", async (method, rest) => {
    adapter.cloud.control.faults.add({ method, error: { code: "UNAVAILABLE" }, times: 1 });
    await expect(queue().create("jobs", wanted("jobs"), call("Queue", "jobs"))).rejects.toMatchObject({
      fault: "transient",
    });
    adapter.writes();
    await queue().create("jobs", wanted("jobs"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(rest);
    expect(diff(wanted("jobs"), (await seen("jobs")).actual)).toEqual([]);
  });

  test("a topic without subscription is seen as unfinished, and update makes the subscription", async () => {
    adapter.cloud.control.faults.add({ method: "CreateSubscription", error: { code: "UNAVAILABLE" }, times: 1 });
    const want = wanted("jobs");
    await expect(queue().create("jobs", want, call("Queue", "jobs"))).rejects.toMatchObject({
      step: `create the subscription ${subscription("jobs")}`,
    });
    const found = await seen("jobs");
    expect(found).toMatchObject({ owner: owned("Queue", "jobs"), message: expect.stringContaining("missing") });
    const changes = diff(want, found.actual).map(({ field }) => field);
    adapter.writes();
    await queue().update(found, want, new Set(changes) as never, call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["CreateSubscription"]);
    expect(diff(want, (await seen("jobs")).actual)).toEqual([]);
  });

  test("a lost reply leaves no second one", async () => {
    adapter.cloud.control.faults.add({ method: "CreateTopic", dropReply: true, times: 1 });
    await expect(queue().create("jobs", wanted("jobs"), call("Queue", "jobs"))).rejects.toMatchObject({
      fault: "transient",
    });
    await queue().create("jobs", wanted("jobs"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["CreateTopic", "CreateSubscription"]);
  });

  test.each([
    ["without marks", {}],
    ["of another object", marks("Queue", "other")],
    ["of another cluster", marks("Queue", "jobs", { cluster: "elsewhere" })],
  ])("a topic %s is left alone", async (_, labels) => {
    await adapter.direct.pubsub.createTopic({ name: topic("jobs"), labels }, signal);
    adapter.writes();
    await expect(queue().create("jobs", wanted("jobs"), call("Queue", "jobs"))).rejects.toMatchObject({
      fault: "conflict",
    });
    expect(adapter.writes()).toEqual([]);
  });
});

describe("ownership", () => {
  test("a foreign part makes the whole foreign", async () => {
    await adapter.direct.pubsub.createTopic({ name: topic("jobs"), labels: marks("Queue", "jobs") }, signal);
    await adapter.direct.pubsub.createSubscription({ name: subscription("jobs"), topic: topic("jobs") }, signal);
    expect((await seen("jobs")).owner).toBeUndefined();
    const labels = marks("Queue", "other");
    await adapter.direct.pubsub.updateSubscription({ name: subscription("jobs"), labels }, ["labels"], signal);
    expect((await seen("jobs")).owner).toMatchObject({ name: "other" });
  });

  test("adoption adds our marks to both and keeps foreign labels", async () => {
    await adapter.direct.pubsub.createTopic({ name: topic("jobs"), labels: { theirs: "t" } }, signal);
    await adapter.direct.pubsub.createSubscription(
      { name: subscription("jobs"), topic: topic("jobs"), ackDeadlineSeconds: 33 },
      signal,
    );
    adapter.writes();
    await queue().adopt(await seen("jobs"), wanted("jobs"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["UpdateTopic", "UpdateSubscription"]);
    const found = await seen("jobs");
    expect(found.owner).toEqual(owned("Queue", "jobs"));
    expect(found.actual.processingTimeoutSeconds).toBe(33);
    const live = await adapter.direct.pubsub.topic(topic("jobs"), signal);
    expect(live?.labels).toEqual({ theirs: "t", ...marks("Queue", "jobs") });
  });

  test("release takes off who holds it and leaves whose it was", async () => {
    await made("jobs");
    await queue().release?.(await seen("jobs"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["UpdateTopic", "UpdateSubscription"]);
    expect((await seen("jobs")).owner).toEqual({ ...owned("Queue", "jobs"), cluster: "", uid: "" });
    await queue().create("jobs", wanted("jobs"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual([]);
  });
});

describe("update", () => {
  const change = async (name: string, want: QueueWant) => {
    const found = await seen(name);
    const changes = diff(want, found.actual).map(({ field }) => field);
    await queue().update(found, want, new Set(changes) as never, call("Queue", name));
    return changes;
  };

  test.each<[string, Partial<QueueWant>, string, string[]]>([
    ["processing timeout", { processingTimeoutSeconds: 61 }, "UpdateSubscription", ["ack_deadline_seconds"]],
    ["retention", { retentionSeconds: 700 }, "UpdateSubscription", ["message_retention_duration"]],
    ["key", { encryptionKey: "projects/p/locations/l/keyRings/r/cryptoKeys/k" }, "UpdateTopic", ["kms_key_name"]],
    [
      "backoff",
      { overrides: { retryBackoff: { minimum: "1s", maximum: "2s" } } },
      "UpdateSubscription",
      ["retry_policy"],
    ],
  ])("%s alone sends its own path and nothing else", async (_, field, method, paths) => {
    await made("jobs");
    const want = wanted("jobs", field);
    await change("jobs", want);
    expect(adapter.requests(method)).toMatchObject([{ updateMask: { paths } }]);
    expect(adapter.writes()).toEqual([method]);
    expect(diff(want, (await seen("jobs")).actual)).toEqual([]);
    await change("jobs", wanted("jobs"));
    expect(adapter.writes()).toEqual([method]);
    expect(diff(wanted("jobs"), (await seen("jobs")).actual)).toEqual([]);
  });

  test("labels: ours are set and taken off on both parts, foreign ones stay", async () => {
    await made("jobs");
    const labels = { ...wanted("jobs").tags, theirs: "t" } as Record<string, string>;
    await adapter.direct.pubsub.updateTopic({ name: topic("jobs"), labels }, ["labels"], signal);
    adapter.writes();
    const want = wanted("jobs", { tags: { ...marks("Queue", "jobs"), team: null, tier: "1" } });
    expect(await change("jobs", want)).toEqual(["tags"]);
    expect(adapter.writes()).toEqual(["UpdateTopic", "UpdateSubscription"]);
    expect((await adapter.direct.pubsub.topic(topic("jobs"), signal))?.labels).toEqual({
      ...marks("Queue", "jobs"),
      tier: "1",
      theirs: "t",
    });
    expect(diff(want, (await seen("jobs")).actual)).toEqual([]);
  });

  test("a label that only one part has is drift, and only that part is written", async () => {
    await made("jobs");
    const { team: _gone, ...labels } = wanted("jobs").tags as Record<string, string>;
    await adapter.direct.pubsub.updateSubscription({ name: subscription("jobs"), labels }, ["labels"], signal);
    adapter.writes();
    expect(await change("jobs", wanted("jobs"))).toEqual(["tags"]);
    expect(adapter.writes()).toEqual(["UpdateSubscription"]);
  });

  test("a subscription that would expire is drift and put right", async () => {
    await made("jobs");
    await adapter.direct.pubsub.updateSubscription(
      { name: subscription("jobs"), expirationPolicy: { ttl: { seconds: 2_592_000 } } },
      ["expiration_policy"],
      signal,
    );
    adapter.writes();
    expect((await seen("jobs")).actual.overrides).toEqual({ expiresAfterSeconds: 2_592_000 });
    expect(await change("jobs", wanted("jobs"))).toEqual(["overrides"]);
    expect(adapter.writes()).toEqual(["UpdateSubscription"]);
    expect((await seen("jobs")).actual.overrides).toEqual({});
  });

  test("everything at once is one call a part", async () => {
    await made("dead");
    await made("jobs");
    const want = withDeadLetters("jobs", "dead", {
      processingTimeoutSeconds: 70,
      retentionSeconds: 900,
      tags: { ...marks("Queue", "jobs"), team: "other" },
    });
    await change("jobs", want);
    expect(adapter.writes()).toEqual(["UpdateTopic", "SetIamPolicy", "UpdateSubscription", "SetIamPolicy"]);
    expect(diff(want, (await seen("jobs")).actual)).toEqual([]);
  });

  test("dead letters off: the policy is masked as a whole", async () => {
    await made("dead");
    await made("jobs", withDeadLetters("jobs", "dead"));
    expect(await change("jobs", wanted("jobs"))).toEqual(["deadLetter"]);
    expect(adapter.requests("UpdateSubscription")).toMatchObject([{ updateMask: { paths: ["dead_letter_policy"] } }]);
    expect(diff(wanted("jobs"), (await seen("jobs")).actual)).toEqual([]);
  });
});

describe("dead letters", () => {
  const policies = () =>
    Promise.all([topic("dead"), subscription("jobs")].map((name) => adapter.direct.pubsub.read(name, signal)));

  test("Pub/Sub's own account gets its two rights, and members of others stay", async () => {
    await made("dead");
    const theirs = {
      bindings: [{ role: "roles/pubsub.publisher", members: ["user:someone@example.com"] }],
      etag: undefined,
    };
    await adapter.direct.pubsub.write(topic("dead"), theirs, signal);
    adapter.writes();
    await queue().create("jobs", withDeadLetters("jobs", "dead"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["SetIamPolicy", "CreateTopic", "CreateSubscription", "SetIamPolicy"]);
    const [onTopic, onSubscription] = await policies();
    expect(onTopic?.bindings).toMatchObject([
      { role: "roles/pubsub.publisher", members: [AGENT, "user:someone@example.com"] },
    ]);
    expect(onSubscription?.bindings).toMatchObject([{ role: "roles/pubsub.subscriber", members: [AGENT] }]);
  });

  test("a second queue with the same dead-letter queue writes that policy no more", async () => {
    await made("dead");
    await made("jobs", withDeadLetters("jobs", "dead"));
    await queue().create("more", withDeadLetters("more", "dead"), call("Queue", "more"));
    expect(adapter.writes()).toEqual(["CreateTopic", "CreateSubscription", "SetIamPolicy"]);
  });

  test.each([
    ["on the dead-letter topic", () => topic("dead")],
    ["on the subscription", () => subscription("jobs")],
  ])("a missing right %s means that dead letters are off, and only the right is put back", async (_, resource) => {
    await made("dead");
    const want = await made("jobs", withDeadLetters("jobs", "dead"));
    const { etag } = await adapter.direct.pubsub.read(resource(), signal);
    await adapter.direct.pubsub.write(resource(), { bindings: [], etag }, signal);
    adapter.writes();
    const found = await seen("jobs");
    expect(diff(want, found.actual)).toMatchObject([{ field: "deadLetter", actual: { maxReceives: 0 } }]);
    await queue().update(found, want, new Set(["deadLetter"] as const), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["SetIamPolicy"]);
    expect(diff(want, (await seen("jobs")).actual)).toEqual([]);
  });

  test("somebody else writes the policy in between: read again, nothing is lost", async () => {
    await made("dead");
    adapter.cloud.control.faults.add({ method: "SetIamPolicy", error: { code: "ABORTED" }, times: 2 });
    await queue().create("jobs", withDeadLetters("jobs", "dead"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["SetIamPolicy", "CreateTopic", "CreateSubscription", "SetIamPolicy"]);
  });

  test("a right that can't be given names the step", async () => {
    await made("dead");
    adapter.cloud.control.faults.add({ method: "SetIamPolicy", error: { code: "PERMISSION_DENIED" }, times: 1 });
    await expect(queue().create("jobs", withDeadLetters("jobs", "dead"), call("Queue", "jobs"))).rejects.toMatchObject({
      fault: "denied",
      step: `let Pub/Sub publish to the dead-letter topic ${topic("dead")}`,
    });
  });
});

describe("what others do", () => {
  test("a deleted topic is a failure that a person has to look at", async () => {
    await made("jobs");
    await adapter.direct.pubsub.deleteTopic(topic("jobs"), signal);
    const found = await seen("jobs");
    expect(found).toMatchObject({ phase: "failed", owner: owned("Queue", "jobs") });
    expect(found.message).toContain("was deleted");
    await queue().delete(found, at("jobs"), call("Queue", "jobs"));
    expect(await queue().observe(at("jobs"), call("Queue", "jobs"))).toEqual({ exists: false });
  });

  test("a topic that is not shown yet is waited for", async () => {
    await made("jobs");
    adapter.cloud.control.faults.add({ method: "GetTopic", error: { code: "NOT_FOUND" }, times: 1 });
    expect(await seen("jobs")).toMatchObject({ phase: "pending" });
  });

  test.each(["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL"] as const)(
    "%s while looking is an error and never absence",
    async (code) => {
      adapter.cloud.control.faults.add({ method: "GetSubscription", error: { code }, times: 1 });
      await expect(queue().observe(at("jobs"), call("Queue", "jobs"))).rejects.toMatchObject({
        name: "ProviderError",
        code,
      });
    },
  );
});

describe("delete", () => {
  test("subscription, then topic; what is absent is no error", async () => {
    await made("jobs");
    const found = await seen("jobs");
    await queue().delete(found, at("jobs"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual(["DeleteSubscription", "DeleteTopic"]);
    expect(await queue().observe(at("jobs"), call("Queue", "jobs"))).toEqual({ exists: false });
    await queue().delete(found, at("jobs"), call("Queue", "jobs"));
    expect(adapter.writes()).toEqual([]);
  });

  test("cut off in the middle, the topic is found and deleted by the next pass", async () => {
    await made("jobs");
    adapter.cloud.control.faults.add({ method: "DeleteTopic", error: { code: "UNAVAILABLE" }, times: 1 });
    await expect(queue().delete(await seen("jobs"), at("jobs"), call("Queue", "jobs"))).rejects.toMatchObject({
      step: `delete the topic ${topic("jobs")}`,
    });
    const left = await seen("jobs");
    expect(left.owner).toEqual(owned("Queue", "jobs"));
    await queue().delete(left, at("jobs"), call("Queue", "jobs"));
    expect(await queue().observe(at("jobs"), call("Queue", "jobs"))).toEqual({ exists: false });
  });
});

test("an aborted call ends at once and is cancelled at the server", async () => {
  adapter.cloud.control.faults.add({ method: "GetTopic", hang: true, times: 1 });
  const stop = new AbortController();
  const looking = queue().observe(at("jobs"), { ...call("Queue", "jobs"), signal: stop.signal });
  const reached = () => adapter.cloud.control.faults.list().some(({ hits }) => hits > 0);
  await expect.poll(reached).toBe(true);
  stop.abort();
  await expect(looking).rejects.toMatchObject({ fault: "transient", code: "CANCELLED" });
});

test("a cloud that can't be reached is an error for people, the same each time", async () => {
  const { connectGcp } = await import("./connect.ts");
  const nowhere = connectGcp({ ...adapter.place, endpoints: { default: "http://127.0.0.1:9" } }, { now: Date.now });
  const messages = [];
  for (let n = 0; n < 2; n++)
    messages.push(await nowhere.whoAmI(AbortSignal.timeout(10_000)).catch((error: Error) => error.message));
  expect(messages[0]).toMatch(/^Resource Manager can't be reached: .*ECONNREFUSED 127\.0\.0\.1:9/);
  expect(messages[1]).toBe(messages[0]);
  nowhere.close();
});
