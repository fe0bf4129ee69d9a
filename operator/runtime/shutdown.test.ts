import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, it } from "vitest";
import { createShutdown, type Shutdown } from "./shutdown.ts";
import { createFakeClock, type FakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "./testing/memory-log.ts";

let clock: FakeClock;
let log: MemoryLog;
let process: EventEmitter & { exit(code: number): void };
let done: string[];
let shutdown: Shutdown;

beforeEach(() => {
  clock = createFakeClock();
  log = createMemoryLog();
  done = [];
  process = Object.assign(new EventEmitter(), { exit: (code: number) => void done.push(`exit ${code}`) });
  shutdown = createShutdown({ clock, log, process });
});

function step(name: string, run: () => unknown = () => {}): void {
  shutdown.step({
    name,
    timeoutMs: 5_000,
    run: async () => {
      done.push(name);
      await run();
    },
  });
}

describe("ending in good order", () => {
  it.each(["SIGTERM", "SIGINT"])("at %s runs the steps one after another, then exits", async (signal) => {
    const drained = Promise.withResolvers<void>();
    step("drain", () => drained.promise);
    step("release the lease");
    process.emit(signal);
    expect(shutdown.signal.aborted).toBe(true);
    await settle();
    expect(done).toEqual(["drain"]);
    drained.resolve();
    await settle();
    expect(done).toEqual(["drain", "release the lease", "exit 0"]);
    expect(clock.pending).toBe(0);
  });

  it("leaves a step behind that fails, or takes too long", async () => {
    step("fails", () => {
      throw new Error("no");
    });
    step("hangs", () => new Promise(() => {}));
    step("last");
    process.emit("SIGTERM");
    await settle();
    expect(done).toEqual(["fails", "hangs"]);
    await clock.advance(5_000);
    await settle();
    expect(done).toEqual(["fails", "hangs", "last", "exit 0"]);
    expect(log.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields.step)).toEqual([
      "fails",
      "hangs",
    ]);
  });

  it("ends at once when told a second time", async () => {
    step("hangs", () => new Promise(() => {}));
    process.emit("SIGTERM");
    process.emit("SIGTERM");
    expect(done).toEqual(["hangs", "exit 1"]);
  });

  it("can be asked for, and happens once", async () => {
    step("only");
    await Promise.all([shutdown.end("the lease was lost", 1), shutdown.end("again", 0)]);
    expect(done).toEqual(["only", "exit 1"]);
  });
});

it.each(["unhandledRejection", "uncaughtException"])("%s is logged, and ends the process with code 1", (kind) => {
  process.emit(kind, new Error("surprise"));
  expect(done).toEqual(["exit 1"]);
  expect(log.lines).toEqual([
    expect.objectContaining({ level: "fatal", fields: expect.objectContaining({ kind, err: expect.any(Error) }) }),
  ]);
});
