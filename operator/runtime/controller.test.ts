import { beforeEach, describe, expect, it } from "vitest";
import { createClient } from "./client.ts";
import { type Controller, type ControllerOptions, createController, type ReconcileContext } from "./controller.ts";
import { PRIORITY } from "./queue.ts";
import { createReflector, type Reflector } from "./reflector.ts";
import type { KubeObject, ResourceType } from "./resource.ts";
import { createFakeClock, type FakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "./testing/memory-log.ts";
import { createModelServer, type ModelServer } from "./testing/model-server.ts";

const THINGS: ResourceType = { group: "test.dev", version: "v1", plural: "things", kind: "Thing", namespaced: true };

let clock: FakeClock;
let log: MemoryLog;
let server: ModelServer;
let reflector: Reflector;
let ran: { key: string; rv: string | undefined; context: ReconcileContext }[];
let live: KubeObject | undefined;
let reads: number;

beforeEach(async () => {
  clock = createFakeClock();
  log = createMemoryLog();
  server = createModelServer("test.dev/v1", "Thing", true);
  reflector = createReflector({ client: createClient(server.transport), type: THINGS, clock, log, random: () => 0.5 });
  ran = [];
  live = undefined;
  reads = 0;
});

async function create(options: Partial<ControllerOptions> = {}, before: readonly string[] = []): Promise<Controller> {
  for (const name of before) server.apply({ do: "write", name });
  const controller = createController({
    name: "things",
    client: {
      find: async () => {
        reads++;
        return live as never;
      },
    },
    clock,
    log,
    random: () => 0.5,
    sources: [{ reflector }],
    concurrency: 1,
    async reconcile({ key }, context) {
      ran.push({ key, rv: reflector.get(key)?.metadata.resourceVersion, context });
      return undefined;
    },
    ...options,
  });
  void reflector.start(new AbortController().signal);
  await reflector.synced();
  controller.start();
  await settle();
  return controller;
}

const keys = () => ran.map(({ key }) => key);
const write = async (name: string) => {
  server.apply({ do: "write", name });
  await settle();
};

describe("a controller", () => {
  it("reconciles what there is, and then what changes or goes", async () => {
    await create({}, ["a", "b"]);
    expect(keys()).toEqual(["ns/a", "ns/b"]);
    await write("c");
    await write("a");
    server.apply({ do: "delete", name: "b" });
    await settle();
    expect(keys()).toEqual(["ns/a", "ns/b", "ns/c", "ns/a", "ns/b"]);
    expect(ran.at(-1)?.rv).toBeUndefined();
  });

  it("asks each source what concerns whom, and how much", async () => {
    const seen: number[] = [];
    const controller = await create({
      sources: [
        { reflector, predicate: ({ object }) => object.metadata.name !== "noise" },
        {
          reflector,
          predicate: ({ object }) => object.metadata.name === "noise",
          keys: () => ["ns/parent", "ns/other"],
          priority: () => PRIORITY.retry,
        },
      ],
    });
    const add = controller.queue.add;
    controller.queue.add = (key, options) => {
      seen.push(options?.priority ?? -1);
      add(key, options);
    };
    await write("noise");
    await write("a");
    await write("a");
    expect(keys()).toEqual(["ns/parent", "ns/other", "ns/a", "ns/a"]);
    expect(seen).toEqual([PRIORITY.retry, PRIORITY.retry, PRIORITY.created, PRIORITY.changed]);
  });

  it("puts what is new before what was there at the start (fault 40)", async () => {
    const first = Promise.withResolvers<undefined>();
    await create(
      {
        async reconcile({ key }, context) {
          ran.push({ key, rv: "", context });
          return first.promise;
        },
      },
      ["a", "b", "c"],
    );
    await write("new");
    first.resolve(undefined);
    await settle();
    expect(keys()).toEqual(["ns/a", "ns/new", "ns/b", "ns/c"]);
  });

  it("tells a reconcile what it is about", async () => {
    await create({}, ["a"]);
    expect(ran[0]?.context).toMatchObject({ attempt: 1, signal: expect.any(AbortSignal) });
    ran[0]?.context.log.info({}, "hello");
    expect(log.lines.at(-1)?.fields).toMatchObject({ controller: "things", key: "ns/a" });
  });

  it("repeats what failed, and aborts what hangs (fault 35)", async () => {
    await create(
      {
        deadlineMs: 1_000,
        async reconcile({ key }, context) {
          ran.push({ key, rv: "", context });
          if (key === "ns/bad") throw new Error("no");
          if (key === "ns/slow")
            await new Promise((_, reject) =>
              context.signal.addEventListener("abort", () => reject(context.signal.reason)),
            );
          return undefined;
        },
      },
      ["bad", "slow", "good"],
    );
    await clock.advance(2_500);
    await settle();
    const times = (key: string) => ran.filter((one) => one.key === key).length;
    expect(times("ns/good")).toBe(1);
    expect(times("ns/bad")).toBeGreaterThan(1);
    expect(times("ns/slow")).toBeGreaterThan(1);
    expect(Math.max(...ran.map(({ context }) => context.attempt))).toBeGreaterThan(1);
  });

  it("comes back after the time that was asked for, or for a routine check, but not to what is gone", async () => {
    await create(
      {
        resyncMs: 600_000,
        async reconcile({ key }, context) {
          ran.push({ key, rv: "", context });
          return key === "ns/soon" && ran.length < 3 ? { requeueAfterMs: 5_000 } : undefined;
        },
      },
      ["soon", "gone"],
    );
    server.apply({ do: "delete", name: "gone" });
    await settle();
    await clock.advance(5_000);
    await settle();
    expect(keys()).toEqual(["ns/soon", "ns/gone", "ns/gone", "ns/soon"]);
    await clock.advance(610_000);
    await settle();
    expect(keys().slice(4)).toEqual(["ns/soon"]);
  });

  it("drains: what is under way ends, nothing begins", async () => {
    const hang = Promise.withResolvers<undefined>();
    const controller = await create(
      {
        async reconcile({ key }, context) {
          ran.push({ key, rv: "", context });
          return hang.promise;
        },
      },
      ["a", "b"],
    );
    const drained = controller.drain(10_000);
    await write("c");
    hang.resolve(undefined);
    await expect(drained).resolves.toBe(0);
    await settle();
    expect(keys()).toEqual(["ns/a"]);
  });
});

describe("reading one's own writes", () => {
  const nextRv = () => String(Number(server.position()) + 1);

  it("is certain: no reconcile before the cache shows the last write", async () => {
    let writes = 0;
    const controller = await create(
      {
        async reconcile({ key }, context) {
          ran.push({ key, rv: reflector.get(key)?.metadata.resourceVersion, context });
          if (writes++ === 0) context.wrote(nextRv());
          return undefined;
        },
      },
      ["a"],
    );
    const wrote = nextRv();
    controller.queue.add("ns/a");
    await settle();
    expect(ran).toHaveLength(1);
    await write("a");
    expect(ran).toHaveLength(2);
    expect(ran[1]?.rv).toBe(wrote);
    expect(reads).toBe(0);
  });

  it("also after a failure that followed the write", async () => {
    const controller = await create(
      {
        async reconcile({ key }, context) {
          ran.push({ key, rv: reflector.get(key)?.metadata.resourceVersion, context });
          if (ran.length === 1) {
            context.wrote(nextRv());
            throw new Error("after the write");
          }
          return undefined;
        },
      },
      ["a"],
    );
    controller.queue.add("ns/a");
    await clock.advance(2_000);
    expect(ran).toHaveLength(1);
    await write("a");
    await settle();
    expect(ran).toHaveLength(2);
    expect(ran[1]?.context.attempt).toBe(2);
  });

  it("reads the object directly when the cache does not show the write in time", async () => {
    const controller = await create(
      {
        async reconcile({ key }, context) {
          ran.push({ key, rv: reflector.get(key)?.metadata.resourceVersion, context });
          if (ran.length === 1) context.wrote("1000");
          return undefined;
        },
      },
      ["a"],
    );
    controller.queue.add("ns/a");
    live = { ...reflector.get("ns/a")!, metadata: { ...reflector.get("ns/a")!.metadata, resourceVersion: "1000" } };
    await clock.advance(4_900);
    expect(ran).toHaveLength(1);
    await clock.advance(200);
    await settle();
    expect(reads).toBe(1);
    expect(ran[1]?.rv).toBe("1000");
    controller.queue.add("ns/a");
    await settle();
    expect(reads).toBe(1);
  });

  it("does not work on an object that is gone while the cache still shows it", async () => {
    const controller = await create(
      {
        async reconcile({ key }, context) {
          ran.push({ key, rv: reflector.get(key)?.metadata.resourceVersion, context });
          if (ran.length === 1) context.wrote("1000");
          return undefined;
        },
      },
      ["a"],
    );
    controller.queue.add("ns/a");
    await clock.advance(7_000);
    expect(reads).toBeGreaterThan(0);
    expect(ran).toHaveLength(1);
    server.apply({ do: "delete", name: "a" });
    await settle();
    expect(ran).toHaveLength(2);
    expect(ran[1]?.rv).toBeUndefined();
  });

  it("waits for the cache that the write belongs to", async () => {
    const other = { observed: () => false, waitForRV: () => released.promise };
    const released = Promise.withResolvers<boolean>();
    const controller = await create(
      {
        async reconcile({ key }, context) {
          ran.push({ key, rv: "", context });
          if (ran.length === 1) context.wrote("5", other);
          return undefined;
        },
      },
      ["a"],
    );
    controller.queue.add("ns/a");
    await settle();
    expect(ran).toHaveLength(1);
    released.resolve(true);
    await settle();
    expect(ran).toHaveLength(2);
  });
});
