import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClock, sleep } from "./clock.ts";
import { createHeap } from "./heap.ts";
import { createFakeClock } from "./testing/fake-clock.ts";
import { createTimers } from "./timers.ts";

describe("heap", () => {
  it("gives its elements in order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = createHeap<number>((a, b) => a < b);
        for (const number of numbers) heap.push(number);
        const out: number[] = [];
        for (let least = heap.pop(); least !== undefined; least = heap.pop()) out.push(least);
        expect(out).toEqual([...numbers].sort((a, b) => a - b));
        expect(heap.size).toBe(0);
      }),
    );
  });
});

describe("timers", () => {
  it("makes each call at its moment, in order, on one timer of the clock", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }), async (delays) => {
        const clock = createFakeClock();
        const timers = createTimers(clock);
        const start = clock.monotonic();
        const calls: { index: number; at: number }[] = [];
        delays.forEach((ms, index) => {
          timers.schedule(ms, () => void calls.push({ index, at: clock.monotonic() - start }));
        });
        expect(clock.pending).toBe(1);
        await clock.advance(50);
        const expected = delays.map((at, index) => ({ index, at })).sort((a, b) => a.at - b.at || a.index - b.index);
        expect(calls).toEqual(expected);
        expect(clock.pending).toBe(0);
        expect(timers.size).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it("never makes a cancelled call, and keeps no more dead entries than live ones", async () => {
    const clock = createFakeClock();
    const timers = createTimers(clock);
    const calls: number[] = [];
    const cancels = Array.from({ length: 1_000 }, (_, index) => timers.schedule(index, () => void calls.push(index)));
    cancels.forEach((cancel, index) => {
      if (index % 100 !== 0) cancel();
    });
    cancels[1]?.();
    expect(timers.size).toBe(10);
    await clock.advance(1_000);
    expect(calls).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  });

  it("takes calls that are scheduled and cancelled by calls", async () => {
    const clock = createFakeClock();
    const timers = createTimers(clock);
    const calls: string[] = [];
    timers.schedule(10, () => {
      calls.push("a");
      cancelB();
      timers.schedule(0, () => void calls.push("c"));
    });
    const cancelB = timers.schedule(10, () => void calls.push("b"));
    await clock.advance(20);
    expect(calls).toEqual(["a", "c"]);
  });
});

describe("clock", () => {
  it("sleeps until the time is up, or the signal is aborted", async () => {
    const clock = createFakeClock();
    const abort = new AbortController();
    const first = sleep(clock, 1_000, abort.signal).then(() => clock.monotonic());
    const due = clock.monotonic() + 1_000;
    await clock.advance(1_500);
    await expect(first).resolves.toBe(due);
    const second = sleep(clock, 1_000, abort.signal);
    abort.abort(new Error("stop"));
    await expect(second).rejects.toThrow("stop");
    await expect(sleep(clock, 1, abort.signal)).rejects.toThrow("stop");
    expect(clock.pending).toBe(0);
  });

  it("does not fire at once when asked to wait for longer than the platform can", () => {
    const fired: string[] = [];
    const cancel = createClock().setTimeout(2 ** 40, () => void fired.push("early"));
    return new Promise<void>((resolve) => {
      createClock().setTimeout(5, () => {
        cancel();
        expect(fired).toEqual([]);
        resolve();
      });
    });
  });
});
