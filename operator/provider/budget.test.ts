import { expect, it } from "vitest";
import { createFakeClock, settle } from "../runtime/testing/fake-clock.ts";
import { createBucket } from "./budget.ts";
import { levelOf } from "./budget-use.ts";
import { ProviderError } from "./fault.ts";

const never = new AbortController().signal;

/** The cloud throttles a later step of a call: that is given back at once. */
const halfDone = async () => {
  throw new ProviderError("throttled", "slow down", { step: "set tags" });
};

/** A call that the cloud throttles `times` times before it takes it. */
function refused(times: number) {
  const call = {
    sent: 0,
    async run() {
      call.sent += 1;
      if (call.sent <= times) throw new ProviderError("throttled", "slow down");
      return "done";
    },
  };
  return call;
}

it("lets a second's worth through at once, then as many as the rate allows", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 10, concurrent: 100 }, clock);
  let done = 0;
  const all = Array.from({ length: 30 }, () => bucket.run(never, "shop", async () => void done++));
  await settle();
  expect(done).toBe(10);
  await clock.advance(1_000);
  expect(done).toBeGreaterThanOrEqual(19);
  expect(done).toBeLessThanOrEqual(20);
  await clock.advance(1_100);
  await Promise.all(all);
  expect(done).toBe(30);
  expect(bucket.waiting()).toBe(0);
});

it("bounds how many run at once and starts the next when one ends, in order", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 100, concurrent: 2 }, clock);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map((n) =>
    bucket.run(never, "shop", () => {
      started.push(n);
      return new Promise<void>((resolve) => ends.push(resolve));
    }),
  );
  await settle();
  expect(started).toEqual([0, 1]);
  ends[0]?.();
  await settle();
  expect(started).toEqual([0, 1, 2]);
  ends[1]?.();
  ends[2]?.();
  await settle();
  ends[3]?.();
  await Promise.all(all);
  expect(started).toEqual([0, 1, 2, 3]);
});

it("halves the rate when the cloud throttles and wins it back slowly", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 64, concurrent: 100 }, clock);
  await expect(bucket.run(never, "shop", halfDone)).rejects.toThrow("slow down");
  expect(bucket.rate()).toBe(32);
  clock.freeze(2_000);
  await bucket.run(never, "shop", async () => {});
  expect(bucket.rate()).toBeGreaterThan(32);
  expect(bucket.rate()).toBeLessThan(64);
  clock.freeze(60_000);
  await bucket.run(never, "shop", async () => {});
  expect(bucket.rate()).toBe(64);
});

it("lets those who wait already feel within a second that the rate rises", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 0.1, concurrent: 1 }, clock);
  let through = false;
  const waiting = bucket.run(never, "shop", async () => {
    through = true;
  });
  await clock.advance(1_000);
  expect(through).toBe(false);
  bucket.limit(10);
  await clock.advance(1_000);
  expect(through).toBe(true);
  await waiting;
});

it("forgets a waiter whose signal is aborted, and never runs its call", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 1, concurrent: 1 }, clock);
  await bucket.run(never, "shop", async () => {});
  const gone = new AbortController();
  let ran = false;
  const waiting = bucket.run(gone.signal, "shop", async () => {
    ran = true;
  });
  gone.abort(new Error("deadline"));
  await expect(waiting).rejects.toThrow("deadline");
  await clock.advance(5_000);
  expect(ran).toBe(false);
  expect(bucket.waiting()).toBe(0);
});

it("lets a small namespace through between the many of a big one", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 10, concurrent: 1 }, clock);
  const order: string[] = [];
  const run = (namespace: string) =>
    bucket.run(never, namespace, async () => {
      order.push(namespace);
    });
  const all = [...Array.from({ length: 200 }, () => run("big")), run("small"), run("other"), run("small")];
  await clock.advance(1_000);
  const early = order.slice(0, 10);
  expect(early.filter((namespace) => namespace === "small")).toHaveLength(2);
  expect(early).toContain("other");
  await clock.advance(30_000);
  await Promise.all(all);
  expect(order).toHaveLength(203);
});

it("is shared fairly while the cloud throttles what a big namespace asks for", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 8, concurrent: 1 }, clock);
  const order: string[] = [];
  const big = Array.from({ length: 100 }, () =>
    bucket
      .run(never, "big", async () => {
        order.push("big");
        await halfDone();
      })
      .catch((error: unknown) => expect(error).toBeInstanceOf(ProviderError)),
  );
  const small = [1, 2, 3].map(() => bucket.run(never, "small", async () => void order.push("small")));
  await clock.advance(5_000);
  await Promise.all(small);
  expect(bucket.rate()).toBeLessThanOrEqual(4);
  expect(levelOf(bucket.use())).toBe("Throttled");
  const last = order.lastIndexOf("small");
  expect(order.slice(0, last).filter((namespace) => namespace === "big").length).toBeLessThanOrEqual(4);
  await clock.advance(600_000);
  await Promise.all(big);
  expect(order).toHaveLength(103);
});

it("tells how the last minute went, in steps, and forgets it after a minute of quiet", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 1, concurrent: 10 }, clock);
  const level = () => levelOf(bucket.use());
  expect(level()).toBe("Low");
  await bucket.run(never, "shop", async () => {});
  expect(level()).toBe("Low");
  const two = [1, 2].map(() => bucket.run(never, "shop", async () => {}));
  await clock.advance(5_000);
  await Promise.all(two);
  expect(level()).toBe("Waiting");
  await expect(bucket.run(never, "shop", halfDone)).rejects.toThrow("slow down");
  expect(level()).toBe("Throttled");
  clock.freeze(61_000);
  expect(level()).toBe("Low");
});

it("is High when half of a minute's budget was used without anyone waiting", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 2, concurrent: 10 }, clock);
  for (let second = 0; second < 35; second++) {
    await Promise.all([1, 2].map(() => bucket.run(never, "shop", async () => {})));
    clock.freeze(1_000);
  }
  expect(bucket.use().share).toBeGreaterThan(0.5);
  expect(levelOf(bucket.use())).toBe("High");
});

it("takes another limit and keeps what was halved halved", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 64, concurrent: 10 }, clock);
  await expect(bucket.run(never, "shop", halfDone)).rejects.toThrow("slow down");
  bucket.limit(16);
  expect([bucket.perSecond(), bucket.rate()]).toEqual([16, 8]);
});

it("sends what the cloud throttles again when its turn comes, and gives it back after the fourth time", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 64, concurrent: 10 }, clock);
  const later = refused(3);
  const never4 = refused(4);
  const both = Promise.allSettled([bucket.run(never, "shop", later.run), bucket.run(never, "shop", never4.run)]);
  await settle();
  expect([later.sent, never4.sent]).toEqual([1, 1]);
  await clock.advance(10_000);
  expect(await both).toMatchObject([{ value: "done" }, { reason: { fault: "throttled" } }]);
  expect([later.sent, never4.sent]).toEqual([4, 4]);
  expect(bucket.rate()).toBeLessThan(64);
});

it.each([
  ["a step of it was done", 0, { step: "set tags" }],
  ["the cloud said when to come back", 0, { retryAfterMs: 30_000 }],
  ["the line is long: others may need the worker", 20, {}],
])("gives a throttled call back at once where %s", async (_why, others, details) => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 2, concurrent: 10 }, clock);
  let sent = 0;
  const call = bucket.run(never, "shop", async () => {
    sent += 1;
    throw new ProviderError("throttled", "slow down", details);
  });
  const line = Array.from({ length: others }, () => bucket.run(never, "shop", async () => {}));
  await expect(call).rejects.toThrow("slow down");
  expect(sent).toBe(1);
  await clock.advance(60_000);
  await Promise.all(line);
});
