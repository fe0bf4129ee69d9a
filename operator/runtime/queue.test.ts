import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "./errors.ts";
import { type Attempt, createQueue, type Outcome, PRIORITY, type QueueOptions, type WorkQueue } from "./queue.ts";
import { createFakeClock, type FakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "./testing/memory-log.ts";

let clock: FakeClock;
let log: MemoryLog;
let started: string[];
let metrics: string[];
let open: Map<string, { attempt: Attempt; finish: (outcome?: Outcome) => void; fail: (error: unknown) => void }>;

beforeEach(() => {
  clock = createFakeClock();
  log = createMemoryLog();
  started = [];
  metrics = [];
  open = new Map();
});
afterEach(() => {
  for (const { finish } of open.values()) finish();
});

/** A queue whose work the test ends by hand. */
function create(options: Partial<QueueOptions> = {}): WorkQueue {
  const queue = createQueue({
    name: "test",
    clock,
    log,
    random: () => 0.5,
    concurrency: 1,
    metrics: {
      started: (_, waitedMs) => void metrics.push(`started after ${waitedMs}`),
      finished: (_, result, durationMs) => void metrics.push(`${result} after ${durationMs}`),
      stuck: () => void metrics.push("stuck"),
    },
    work(key, attempt) {
      started.push(key);
      const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
      open.set(key, { attempt, finish: (outcome = {}) => resolve(outcome), fail: reject });
      return promise;
    },
    ...options,
  });
  queue.start();
  return queue;
}

async function finish(key: string, outcome?: Outcome): Promise<void> {
  open.get(key)!.finish(outcome);
  await settle();
}

describe("keys", () => {
  it("are worked on once, however often they are added before", async () => {
    const queue = create();
    queue.add("a");
    queue.add("a");
    await settle();
    await finish("a");
    expect(started).toEqual(["a"]);
    expect(queue.depth()).toBe(0);
  });

  it("are worked on again when they are added meanwhile, but never twice at a time", async () => {
    const queue = create({ concurrency: 5 });
    queue.add("a");
    await settle();
    queue.add("a");
    queue.add("a");
    await settle();
    expect(started).toEqual(["a"]);
    expect(queue.running()).toBe(1);
    await finish("a");
    expect(started).toEqual(["a", "a"]);
    await finish("a");
    expect(started).toHaveLength(2);
  });

  it("may be added before the queue starts", async () => {
    const work = async (key: string) => {
      started.push(key);
      return {};
    };
    const queue = createQueue({ name: "t", clock, log, concurrency: 1, work });
    queue.add("a");
    await settle();
    expect(started).toEqual([]);
    queue.start();
    await settle();
    expect(started).toEqual(["a"]);
  });

  it("are worked on as many at once as allowed", async () => {
    const queue = create({ concurrency: 3 });
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await settle();
    expect(started).toEqual(["a", "b", "c"]);
    await finish("b");
    expect(started).toEqual(["a", "b", "c", "d"]);
  });
});

describe("priorities", () => {
  it("decide who comes first", async () => {
    const queue = create();
    queue.add("busy");
    await settle();
    queue.add("resync", { priority: PRIORITY.resync });
    queue.add("retry", { priority: PRIORITY.retry });
    queue.add("changed");
    queue.add("created", { priority: PRIORITY.created });
    for (const key of ["busy", "created", "changed", "retry"]) await finish(key);
    expect(started).toEqual(["busy", "created", "changed", "retry", "resync"]);
    expect(open.get("created")?.attempt.priority).toBe(PRIORITY.created);
  });

  it("can rise while a key waits, but not fall", async () => {
    const queue = create();
    queue.add("busy");
    await settle();
    queue.add("a", { priority: PRIORITY.retry });
    queue.add("b", { priority: PRIORITY.resync });
    queue.add("b", { priority: PRIORITY.changed });
    queue.add("b", { priority: PRIORITY.resync });
    expect(queue.depth()).toBe(2);
    expect(queue.depth(PRIORITY.changed)).toBe(1);
    await finish("busy");
    await finish("b");
    expect(started).toEqual(["busy", "b", "a"]);
  });

  it("let the lowest have every sixteenth turn", async () => {
    const queue = createQueue({
      name: "t",
      clock,
      log,
      concurrency: 1,
      work: async (key) => {
        started.push(key);
        if (started.length < 50) queue.add(`user${started.length + 100}`);
        return {};
      },
    });
    queue.add("routine", { priority: PRIORITY.resync });
    for (let index = 0; index < 3; index++) queue.add(`user${index}`);
    queue.start();
    await settle();
    expect(started.indexOf("routine")).toBe(15);
  });

  it("give namespaces their turns within a priority", async () => {
    const queue = create();
    queue.add("busy/0");
    await settle();
    for (const key of ["big/1", "big/2", "big/3", "small/1", "other/1", "small/2"]) queue.add(key);
    for (let index = 0; index < 7; index++) await finish(started.at(-1)!);
    expect(started.slice(1)).toEqual(["big/1", "small/1", "other/1", "big/2", "small/2", "big/3"]);
  });
});

describe("failures", () => {
  it("are followed by a back-off that grows from a second to ten minutes, and ends with the first success", async () => {
    const queue = create();
    const waits: number[] = [];
    queue.add("a");
    await settle();
    for (let failure = 1; failure <= 13; failure++) {
      const before = clock.monotonic();
      expect(open.get("a")?.attempt.number).toBe(failure);
      open.get("a")!.fail(new Error("no"));
      await settle();
      expect(queue.delayed()).toBe(1);
      while (started.length === failure) await clock.advance(250);
      waits.push((clock.monotonic() - before) / 1_000);
    }
    expect(waits).toEqual([0.75, 1.5, 3, 6, 12, 24, 48, 96, 192, 384, 450, 450, 450]);
    await finish("a");
    queue.add("a");
    await settle();
    expect(open.get("a")?.attempt.number).toBe(1);
    expect(log.lines.filter((line) => line.level === "warn")).toHaveLength(13);
  });

  it("are followed by a longer wait when the server asks for it", async () => {
    const queue = create();
    queue.add("a");
    await settle();
    const busy = { status: 429, reason: "TooManyRequests", details: undefined, retryAfterMs: 60_000 };
    open.get("a")!.fail(new ApiError("busy", busy));
    await clock.advance(59_999);
    expect(started).toHaveLength(1);
    await clock.advance(1);
    await settle();
    expect(started).toHaveLength(2);
    await finish("a", { retry: { atLeastMs: 90_000 } });
    await clock.advance(89_999);
    expect(started).toHaveLength(2);
    await clock.advance(1);
    expect(started).toHaveLength(3);
  });

  it("that were none but a step on the way begin the back-off anew; it grows no longer than asked for", async () => {
    const queue = create();
    queue.add("a");
    await settle();
    const waitAfter = async (retry: NonNullable<Outcome["retry"]>) => {
      const [before, count] = [clock.monotonic(), started.length];
      await finish("a", { retry });
      while (started.length === count) await clock.advance(250);
      return (clock.monotonic() - before) / 1_000;
    };
    const waits: number[] = [];
    for (const anew of [true, false, false, true, false]) waits.push(await waitAfter({ anew }));
    expect(waits).toEqual([0.75, 1.5, 3, 0.75, 1.5]);
    for (let index = 0; index < 4; index++) waits.push(await waitAfter({ atMostMs: 8_000 }));
    expect(waits.slice(5)).toEqual([3, 6, 6, 6]);
  });

  it("are repeated at once when a user changes something, not for a routine check", async () => {
    const queue = create();
    queue.add("a");
    await settle();
    await finish("a", { retry: {} });
    queue.add("a", { priority: PRIORITY.resync });
    queue.add("a", { priority: PRIORITY.retry });
    await settle();
    expect(started).toHaveLength(1);
    queue.add("a", { priority: PRIORITY.changed });
    await settle();
    expect(started).toHaveLength(2);
    queue.add("a", { priority: PRIORITY.resync });
    await finish("a", { retry: {} });
    expect(started).toHaveLength(2);
    expect(queue.delayed()).toBe(1);
  });

  it("of one key do not hold up another (fault 35)", async () => {
    const queue = create();
    queue.add("bad");
    queue.add("good");
    await settle();
    open.get("bad")!.fail(new Error("no"));
    await settle();
    expect(started).toEqual(["bad", "good"]);
  });
});

describe("delays", () => {
  it("end at their time; the sooner of two counts, and now comes before both", async () => {
    const queue = create();
    queue.add("a", { afterMs: 5_000 });
    queue.add("a", { afterMs: 2_000 });
    queue.add("a", { afterMs: 9_000 });
    queue.add("b", { afterMs: 9_000 });
    queue.add("b");
    await clock.advance(1_999);
    expect(started).toEqual(["b"]);
    await finish("b");
    await clock.advance(1);
    expect(started).toEqual(["b", "a"]);
    await finish("a");
    await clock.advance(20_000);
    expect(started).toHaveLength(2);
    expect(queue.delayed()).toBe(0);
  });

  it("asked for by the work itself are kept", async () => {
    const queue = create();
    queue.add("a");
    await settle();
    await finish("a", { requeueAfterMs: 30_000 });
    await clock.advance(30_000);
    await settle();
    expect(started).toHaveLength(2);
    expect(open.get("a")?.attempt).toMatchObject({ number: 1, priority: PRIORITY.resync });
  });

  it("of 10,000 keys take one timer of the clock", () => {
    const queue = create();
    for (let index = 0; index < 10_000; index++) queue.add(`k${index}`, { afterMs: 1_000 + index });
    expect(queue.delayed()).toBe(10_000);
    expect(clock.pending).toBe(1);
  });
});

describe("holds", () => {
  it("keep a key, and nothing else, from being worked on", async () => {
    const queue = create();
    const hold = Promise.withResolvers<void>();
    queue.add("a");
    await settle();
    queue.add("a");
    queue.add("b");
    await finish("a", { hold: hold.promise });
    expect(started).toEqual(["a", "b"]);
    await finish("b");
    expect(started).toEqual(["a", "b"]);
    expect(queue.running()).toBe(0);
    hold.reject(new Error("whatever"));
    await settle();
    expect(started).toEqual(["a", "b", "a"]);
  });
});

describe("deadlines", () => {
  it("abort an attempt, which is then repeated", async () => {
    const queue = create({ deadlineMs: 5_000 });
    queue.add("a");
    await settle();
    const { attempt, fail } = open.get("a")!;
    attempt.signal.addEventListener("abort", () => fail(attempt.signal.reason));
    await clock.advance(5_000);
    expect(attempt.signal.reason).toMatchObject({
      name: "DeadlineError",
      message: expect.stringContaining('test "a"'),
    });
    await clock.advance(1_000);
    expect(open.get("a")?.attempt.number).toBe(2);
    expect(metrics).toContain("timeout after 5000");
  });

  it("free the place, but not the key, of an attempt that goes on regardless", async () => {
    const queue = create({ deadlineMs: 5_000 });
    queue.add("deaf");
    queue.add("b");
    await clock.advance(5_000);
    expect(started).toEqual(["deaf"]);
    await clock.advance(10_000);
    expect(started).toEqual(["deaf", "b"]);
    expect(metrics).toContain("stuck");
    expect(queue.longestRunningMs()).toBe(15_000);
    await finish("b");
    queue.add("deaf");
    await clock.advance(100_000);
    expect(started).toEqual(["deaf", "b"]);
    await finish("deaf");
    expect(started).toEqual(["deaf", "b", "deaf"]);
    queue.add("b");
    await settle();
    expect(queue.running()).toBe(1);
  });
});

describe("draining", () => {
  it("waits for what is under way, and begins nothing", async () => {
    const queue = create({ concurrency: 2 });
    for (const key of ["a", "b", "c"]) queue.add(key);
    queue.add("d", { afterMs: 10 });
    await settle();
    const drained = queue.drain(10_000);
    queue.add("e");
    await finish("a");
    await finish("b", { retry: {} });
    await expect(drained).resolves.toBe(0);
    await clock.advance(100_000);
    expect(started).toEqual(["a", "b"]);
    expect(clock.pending).toBe(0);
  });

  it("aborts what takes too long, and tells what did not end", async () => {
    const queue = create({ concurrency: 2 });
    queue.add("a");
    queue.add("deaf");
    await settle();
    const { attempt, fail } = open.get("a")!;
    attempt.signal.addEventListener("abort", () => fail(attempt.signal.reason));
    const drained = queue.drain(8_000);
    await clock.advance(10_000);
    await expect(drained).resolves.toBe(1);
    expect(attempt.signal.aborted).toBe(true);
  });

  it("is over at once when nothing is under way", async () => {
    await expect(create().drain(10_000)).resolves.toBe(0);
    expect(clock.pending).toBe(0);
  });
});

it("lets input and output have their turn while work never waits", async () => {
  let spent = 0;
  const queue = createQueue({
    name: "t",
    clock: { ...clock, monotonic: () => spent },
    log,
    concurrency: 1,
    work: async () => {
      spent += 1;
      return {};
    },
  });
  for (let index = 0; index < 200; index++) queue.add(`k${index}`);
  queue.start();
  let longest = 0;
  let last = spent;
  while (queue.depth() > 0) {
    await new Promise((resolve) => setImmediate(resolve));
    longest = Math.max(longest, spent - last);
    last = spent;
  }
  expect(spent).toBe(200);
  expect(longest).toBeLessThan(100);
});

it("measures how long keys waited and attempts took", async () => {
  const queue = create();
  queue.add("a");
  queue.add("b");
  await settle();
  await clock.advance(70);
  await finish("a");
  expect(metrics).toEqual(["started after 0", "done after 70", "started after 70"]);
});
