import { expect, it } from "vitest";
import { createFakeClock, settle } from "../runtime/testing/fake-clock.ts";
import { createBucket } from "./budget.ts";
import { ProviderError } from "./fault.ts";

const never = new AbortController().signal;

it("lets a second's worth through at once, then as many as the rate allows", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 10, concurrent: 100 }, clock);
  let done = 0;
  const all = Array.from({ length: 30 }, () => bucket.run(never, async () => void done++));
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
    bucket.run(never, () => {
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
  const throttle = () =>
    bucket.run(never, async () => {
      throw new ProviderError("throttled", "slow down");
    });
  await expect(throttle()).rejects.toThrow("slow down");
  expect(bucket.rate()).toBe(32);
  clock.freeze(2_000);
  await bucket.run(never, async () => {});
  expect(bucket.rate()).toBeGreaterThan(32);
  expect(bucket.rate()).toBeLessThan(64);
  clock.freeze(60_000);
  await bucket.run(never, async () => {});
  expect(bucket.rate()).toBe(64);
});

it("forgets a waiter whose signal is aborted, and never runs its call", async () => {
  const clock = createFakeClock();
  const bucket = createBucket({ perSecond: 1, concurrent: 1 }, clock);
  await bucket.run(never, async () => {});
  const gone = new AbortController();
  let ran = false;
  const waiting = bucket.run(gone.signal, async () => {
    ran = true;
  });
  gone.abort(new Error("deadline"));
  await expect(waiting).rejects.toThrow("deadline");
  await clock.advance(5_000);
  expect(ran).toBe(false);
  expect(bucket.waiting()).toBe(0);
});
