import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Host } from "./host.ts";
import { identify, isAlive, type ProcessId } from "./processid.ts";
import { isAbandoned, listRuns, openRun, type RunRecord, readRun, removeRun, sweep } from "./run.ts";
import { statusText } from "./status.ts";
import { waitUntil } from "./wait.ts";

const GONE: ProcessId = { pid: 1, started: "boot/0" };
const SLEEPS = ["-e", "console.log('up'); process.stdin.resume(); setInterval(() => {}, 60_000)"];

let host: Host;
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), "onyx-run-"));
  host = { env: {}, root, cache: join(root, "cache"), runs: join(root, ".run"), say: () => {} };
});
afterEach(async () => {
  await Promise.all(listRuns(host).map(({ folder }) => removeRun(folder)));
  rmSync(host.root, { recursive: true });
});

const sleeper = (name: string) => ({ name, command: process.execPath, args: SLEEPS });
const processesOf = (name: string): readonly ProcessId[] => readRun(join(host.runs, name))?.processes ?? [];

/** Makes a run look as if its owner had been killed. */
function orphan(name: string): void {
  const file = join(host.runs, name, "run.json");
  writeFileSync(file, JSON.stringify({ ...readRun(join(host.runs, name)), owner: GONE }));
}

describe("a run", () => {
  it("starts processes, knows them, and ends them all with its folder", async () => {
    const run = await openRun(host, "a", { keep: false });
    run.launch(sleeper("one"));
    run.launch(sleeper("two"));
    const processes = processesOf("a");
    expect(processes.map(isAlive)).toEqual([true, true]);
    await run.stop();
    expect(processes.map(isAlive)).toEqual([false, false]);
    expect(existsSync(run.folder)).toBe(false);
  });

  it("shows the last lines of a process that ended by itself", async () => {
    const run = await openRun(host, "a", { keep: false });
    const script = "console.error('no such flag'); process.exit(3)";
    const launched = run.launch({ name: "etcd", command: process.execPath, args: ["-e", script] });
    const never = waitUntil(() => false, { what: "etcd", timeoutMs: 10_000, check: launched.check });
    await expect(never).rejects.toThrow(/etcd ended \(exit code 3\)\. Last lines of .*etcd\.log:\n {2}no such flag/);
    await run.stop();
  });

  it("says which program could not be started", async () => {
    const run = await openRun(host, "a", { keep: false });
    const launched = run.launch({ name: "etcd", command: "/no/such/etcd", args: [] });
    const never = waitUntil(() => false, { what: "etcd", timeoutMs: 10_000, check: launched.check });
    await expect(never).rejects.toThrow(/etcd could not be started: .*ENOENT/);
    await run.stop();
  });

  it("starts nothing any more once it was stopped", async () => {
    const run = await openRun(host, "a", { keep: false });
    await run.stop();
    expect(() => run.launch(sleeper("late"))).toThrow(/late is not started: "a" was stopped/);
  });

  it("kills what does not end when it is asked", async () => {
    const run = await openRun(host, "a", { keep: false });
    const script = "process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 60_000)";
    const { log } = run.launch({ name: "deaf", command: process.execPath, args: ["-e", script] });
    await waitUntil(() => readFileSync(log, "utf8").includes("deaf"), { what: "deaf", timeoutMs: 10_000 });
    const processes = processesOf("a");
    await run.stop({ graceMs: 50 });
    expect(processes.map(isAlive)).toEqual([false]);
  });

  it("leaves its logs for a look when asked to", async () => {
    const run = await openRun(host, "a", { keep: false });
    run.launch(sleeper("one"));
    await run.stop({ leaveFolder: true });
    expect(readdirSync(run.path("log"))).toEqual(["one.log"]);
    expect(processesOf("a")).toEqual([]);
  });

  it("is refused while one of its name lives", async () => {
    const run = await openRun(host, "a", { keep: true });
    await expect(openRun(host, "a", { keep: true })).rejects.toThrow(/"a" is being started by process \d+/);
    run.launch(sleeper("one"));
    run.ready({});
    await expect(openRun(host, "a", { keep: true })).rejects.toThrow(/"a" is up already .*make clusters-down/);
    await run.stop();
  });

  it("takes the place of a dead one of its name", async () => {
    const first = await openRun(host, "a", { keep: true });
    writeFileSync(first.path("left"), "");
    orphan("a");
    const second = await openRun(host, "a", { keep: true });
    expect(existsSync(second.path("left"))).toBe(false);
    await second.stop();
  });
});

describe("sweep", () => {
  it("ends what died with its owner and leaves alone what was to live on", async () => {
    for (const [name, keep] of Object.entries({ test: false, demo: true })) {
      const run = await openRun(host, name, { keep });
      run.launch(sleeper("one"));
      run.ready({});
    }
    const [test, demo] = [processesOf("test"), processesOf("demo")];
    orphan("test");
    orphan("demo");
    await sweep(host);
    expect(test.map(isAlive)).toEqual([false]);
    expect(demo.map(isAlive)).toEqual([true]);
    expect(listRuns(host).map(({ record }) => record.name)).toEqual(["demo"]);
  });

  it("never ends a process that only has the number of one of ours", async () => {
    const run = await openRun(host, "a", { keep: false });
    const other = { ...identify(process.pid)!, started: "boot/0", name: "etcd", log: "" };
    const record: RunRecord = { ...readRun(run.folder)!, owner: GONE, processes: [other] };
    writeFileSync(run.path("run.json"), JSON.stringify(record));
    await sweep(host);
    expect(existsSync(run.folder)).toBe(false);
    expect(isAlive(identify(process.pid)!)).toBe(true);
  });
});

describe("isAbandoned", () => {
  const record: RunRecord = { name: "a", owner: GONE, keep: false, ready: true, processes: [], info: {} };
  it.each([
    ["its owner lives", record, true, false],
    ["its owner died", record, false, true],
    ["it was kept and is ready", { ...record, keep: true }, false, false],
    ["it was kept, but its start was cut off", { ...record, keep: true, ready: false }, false, true],
  ])("when %s", (_when, each, ownerLives, expected) => {
    expect(isAbandoned(each, () => ownerLives)).toBe(expected);
  });
});

describe("statusText", () => {
  const record: RunRecord = {
    name: "eks",
    owner: GONE,
    keep: true,
    ready: true,
    processes: [{ ...GONE, name: "etcd", log: "" }],
    info: { kubeconfig: "/k" },
  };

  it("shows how to reach what is up", () => {
    expect(statusText([record], () => true)).toBe("eks: up\n  kubeconfig  /k");
  });

  it("names what is missing", () => {
    expect(statusText([record], () => false)).toContain("eks: etcd ended");
  });

  it("says how to start when nothing runs", () => {
    expect(statusText([])).toContain("make clusters-up");
  });
});
