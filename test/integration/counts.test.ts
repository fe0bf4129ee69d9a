import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { once, onyx } from "../../bench/peers.ts";
import { type Scene, setScene } from "../../bench/scene.ts";
import { countAtRest, countOf, type Spent, spentBetween } from "../../bench/spent.ts";
import { thisHost } from "../../hack/testbed/host.ts";
import { waitUntil } from "../../hack/testbed/wait.ts";

/**
 * What the operator asks of the API server and of the cloud, in whole calls: the same on a slow machine as on a fast one.
 * The API server counts the first, the bench's stand-in for SQS the second. Whoever makes a figure larger has a reason, and
 * writes it here.
 */
const OBJECTS = 40;
const host = thisHost(() => {});
const operator = once(onyx);

/** Requests or calls an object, by name. */
const each = (counts: ReadonlyMap<string, number>, objects: number) =>
  Object.fromEntries([...counts].map(([name, count]) => [name, count / objects]));
/** The Environment asks who it is whenever its objects are counted anew: no call of a Queue. */
const callsFor = ({ cloud }: Spent, objects: number) =>
  each(new Map([...cloud].filter(([action]) => action !== "GetCallerIdentity")), objects);

/** One list of one object tells where the API server stands when this process begins to lead. */
const AT_START = new Map([["LIST", 1]]);

/** Makes Queues. @returns what that took */
async function make(scene: Scene): Promise<Spent> {
  const before = await countAtRest(scene);
  await scene.populate("counts", OBJECTS);
  return spentBetween(before, await countAtRest(scene));
}

describe("Queues", () => {
  let scene: Scene;
  let all: number;

  beforeAll(async () => {
    scene = await setScene(operator, host, { name: "counts" });
  }, 240_000);
  afterAll(() => scene?.[Symbol.asyncDispose]());

  /** Starts the operator anew, and waits until it has looked so often at each Queue. */
  async function restart(options: { resyncSeconds?: number } = {}, looks = 1): Promise<void> {
    const looksSoFar = async () => (await scene.cloud.counts()).get("ListQueueTags") ?? 0;
    await scene.peer.end("SIGTERM");
    const before = await looksSoFar();
    await scene.start(options);
    await waitUntil(async () => (await looksSoFar()) >= before + looks * all, {
      what: `${looks} looks at each Queue`,
      timeoutMs: 90_000,
      check: () => scene.peer.check(),
    });
  }

  it("are made by two writes, and one call to the cloud that changes something between two that look", async () => {
    const made = await make(scene);
    all = scene.watched.size();
    expect(each(made.api, OBJECTS)).toEqual({ PATCH: 1, "PATCH/status": 1 });
    expect(callsFor(made, OBJECTS)).toEqual({ GetQueueAttributes: 1, CreateQueue: 1, ListQueueTags: 1 });
    expect(made.events / OBJECTS).toBe(1);
  }, 120_000);

  it("are looked at after a restart by two calls; nothing is written, and one list of one Queue is read", async () => {
    const before = await countAtRest(scene);
    await restart();
    const spent = spentBetween(before, await countAtRest(scene));
    expect(spent.api).toEqual(AT_START);
    expect(callsFor(spent, all)).toEqual({ GetQueueAttributes: 1, ListQueueTags: 1 });
    expect(spent.events).toBe(0);
  }, 120_000);

  it("are looked at again and again while they rest, and nothing more is read or written", async () => {
    const before = await countAtRest(scene);
    await restart({ resyncSeconds: 10 }, 3);
    const spent = spentBetween(before, await countOf(scene));
    expect(spent.api).toEqual(AT_START);
    expect(Object.keys(callsFor(spent, all)).sort()).toEqual(["GetQueueAttributes", "ListQueueTags"]);
    expect(spent.events).toBe(0);
  }, 120_000);

  it("go by one write, and one call to the cloud that changes something", async () => {
    await restart();
    const before = await countAtRest(scene);
    await scene.driver.deleteAll();
    await scene.gone();
    const spent = spentBetween(before, await countAtRest(scene));
    expect(each(spent.api, all)).toEqual({ PATCH: 1 });
    expect(callsFor(spent, all)).toEqual({ GetQueueAttributes: 2, ListQueueTags: 1, DeleteQueue: 1 });
  }, 120_000);
});

describe("Queues that get their finalizer at admission", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await setScene(operator, host, { name: "counts-admission", finalizerAtAdmission: true });
  }, 240_000);
  afterAll(() => scene?.[Symbol.asyncDispose]());

  it("are made by one write", async () => {
    const made = await make(scene);
    expect(each(made.api, OBJECTS)).toEqual({ "PATCH/status": 1 });
    expect(callsFor(made, OBJECTS)).toEqual({ GetQueueAttributes: 1, CreateQueue: 1, ListQueueTags: 1 });
  }, 120_000);
});
