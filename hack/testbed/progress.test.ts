import { describe, expect, it } from "vitest";
import { formatElapsed, progressLine, progressOn, type Terminal } from "./progress.ts";

const step = { number: 2, of: 4, title: "KEDA 2.21.0", usual: "minutes: it is large" };

/** A terminal whose clock and timer a test moves by hand. */
function fakeTerminal(isTTY: boolean, columns = 200) {
  const written: string[] = [];
  const timers: { ms: number; callback: () => void }[] = [];
  let now = 0;
  const terminal: Terminal = {
    isTTY,
    columns,
    write: (text) => void written.push(text),
    now: () => now,
    every(ms, callback) {
      const timer = { ms, callback };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const tick = (): void => {
    for (const { ms, callback } of [...timers]) {
      now += ms;
      callback();
    }
  };
  return { terminal, written, timers, tick };
}

describe("formatElapsed", () => {
  it.each([
    [0, "0.0s"],
    [412, "0.4s"],
    [9_949, "9.9s"],
    [9_950, "10s"],
    [59_400, "59s"],
    [59_500, "1m 00s"],
    [192_000, "3m 12s"],
    [3_720_000, "1h 02m"],
  ])("%i ms reads %s", (ms, text) => {
    expect(formatElapsed(ms)).toBe(text);
  });
});

describe("progressLine", () => {
  it("tells step, time and what is going on", () => {
    expect(progressLine(step, 192_000, "812 packages", "running")).toBe("[2/4] KEDA 2.21.0  3m 12s  812 packages");
  });

  it("leaves out what there is not", () => {
    expect(progressLine(step, 412, "", "running")).toBe("[2/4] KEDA 2.21.0  0.4s");
  });

  it("ends with how it ended", () => {
    expect(progressLine(step, 412, "812 packages", "failed")).toBe("[2/4] KEDA 2.21.0  0.4s  failed");
  });
});

describe("progressOn", () => {
  it("writes whole lines where there is no terminal", () => {
    const { terminal, written, timers, tick } = fakeTerminal(false);
    const running = progressOn(terminal).step(step);
    running.detail("downloading");
    tick();
    running.done();
    expect(written).toEqual([
      "[2/4] KEDA 2.21.0: minutes: it is large\n",
      "[2/4] KEDA 2.21.0  15s  downloading\n",
      "[2/4] KEDA 2.21.0  15s  done\n",
    ]);
    expect(timers).toEqual([]);
  });

  it("rewrites one line on a terminal, and cuts it to fit", () => {
    const { terminal, written, tick } = fakeTerminal(true, 24);
    const running = progressOn(terminal).step(step);
    running.detail("a long story");
    tick();
    expect(written.at(-1)).toBe("\r\u001b[2K[2/4] KEDA 2.21.0  0.2…");
    running.failed();
    expect(written.at(-1)).toMatch(/\n$/);
  });
});
