import { expect, it } from "vitest";
import { createFakeClock } from "../../operator/runtime/testing/fake-clock.ts";
import { createSkippingClock } from "./skipping-clock.ts";

it("calls what is due when time is leapt over, in order, each at its own moment", async () => {
  const machine = createFakeClock();
  const clock = createSkippingClock(machine);
  const [started, wall] = [clock.monotonic(), clock.now()];
  const calls: [string, number][] = [];
  const note = (name: string) => () => void calls.push([name, clock.monotonic() - started]);
  clock.setTimeout(3_000, note("third"));
  clock.setTimeout(1_000, () => {
    note("first")();
    clock.setTimeout(500, note("second"));
  });
  const cancel = clock.setTimeout(2_000, note("cancelled"));
  clock.setTimeout(60_000, note("later"));
  cancel();
  clock.skip(10_000);
  expect(calls).toEqual([
    ["first", 1_000],
    ["second", 1_500],
    ["third", 3_000],
  ]);
  expect(clock.skipped()).toBe(10_000);
  expect(clock.now() - wall).toBe(10_000);
  await machine.advance(49_999);
  expect(calls).toHaveLength(3);
  await machine.advance(1);
  expect(calls.at(-1)).toEqual(["later", 60_000]);
});
