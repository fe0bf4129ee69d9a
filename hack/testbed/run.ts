import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TestBedError } from "./errors.ts";
import type { Host } from "./host.ts";
import { identify, isAlive, type ProcessId } from "./processid.ts";

/** What a run's folder says of it (`run.json`): enough for another process to end it. */
export interface RunRecord {
  readonly name: string;
  /** Who started it. */
  readonly owner: ProcessId;
  /** Whether it ends with its owner. */
  readonly keep: boolean;
  readonly ready: boolean;
  readonly processes: readonly RunProcess[];
  /** What the starter wants to find again, such as a kubeconfig's path. */
  readonly info: Readonly<Record<string, string>>;
}

export interface RunProcess extends ProcessId {
  readonly name: string;
  readonly log: string;
}

export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Launched {
  readonly log: string;
  /** Throws with the last lines of the log when the process has ended. */
  check(): void;
  /** The last lines of the log, under a heading that names the file. */
  logTail(): string;
}

/** A folder with processes that belong together and end together. */
export interface Run {
  readonly folder: string;
  path(...parts: string[]): string;
  launch(launch: Launch): Launched;
  ready(info: Readonly<Record<string, string>>): void;
  /** Ends every process: asks, and kills what is still there after a second, or `graceMs`. Then removes the folder. */
  stop(options?: StopOptions): Promise<void>;
}

export interface StopOptions {
  /** Keeps the logs and what else the folder holds, for a look. */
  readonly leaveFolder?: boolean;
  readonly graceMs?: number;
}

const RECORD = "run.json";
const GRACE_MS = 1_000;

/**
 * A fresh run of this name. Whatever a dead run of the same name left is ended first; a live one is refused.
 * A run that isn't kept ends with this process, and if that is killed, at the next start of anything.
 */
export async function openRun(host: Host, name: string, options: { keep: boolean }): Promise<Run> {
  await sweep(host);
  const folder = join(host.runs, name);
  const before = readRun(folder);
  if (before && isRunning(before)) throw new TestBedError(inTheWay(before, folder));
  await removeRun(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, "log"));

  let record: RunRecord = { name, owner: identify(process.pid)!, ...options, ready: false, processes: [], info: {} };
  const write = (changes: Partial<RunRecord>): void => {
    record = { ...record, ...changes };
    const draft = join(folder, `${RECORD}.new`);
    writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, join(folder, RECORD)); // so that nobody reads half of it
  };
  const killAll = (): void => record.processes.forEach((each) => void signalGroup(each, "SIGKILL"));
  let stopped = false;
  write({});
  if (!options.keep) process.once("exit", killAll);

  return {
    folder,
    path: (...parts) => join(folder, ...parts),
    launch(launch) {
      if (stopped) throw new TestBedError(`${launch.name} is not started: "${name}" was stopped meanwhile.`);
      const log = join(folder, "log", `${launch.name}.log`);
      const child = startDetached(launch, folder, log);
      const id = child.pid === undefined ? undefined : identify(child.pid);
      if (id) write({ processes: [...record.processes, { name: launch.name, ...id, log }] });
      return watchLaunched(launch.name, child, log);
    },
    ready: (info) => write({ ready: true, info }),
    async stop({ leaveFolder = false, graceMs = GRACE_MS } = {}) {
      stopped = true;
      process.removeListener("exit", killAll);
      await endAll(record.processes, graceMs);
      if (leaveFolder) write({ processes: [] });
      else rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The record in a run's folder, or undefined when there is none that can be read. */
export function readRun(folder: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), "utf8")) as RunRecord;
  } catch {
    return undefined;
  }
}

/** Every run of this clone. */
export function listRuns(host: Host): { folder: string; record: RunRecord }[] {
  if (!existsSync(host.runs)) return [];
  return readdirSync(host.runs).flatMap((name) => {
    const folder = join(host.runs, name);
    const record = readRun(folder);
    return record ? [{ folder, record }] : [];
  });
}

/** Ends the processes of a run and removes its folder. Says whether there was one. */
export async function removeRun(folder: string): Promise<boolean> {
  const record = readRun(folder);
  await endAll(record?.processes ?? [], GRACE_MS);
  rmSync(folder, { recursive: true, force: true });
  return record !== undefined;
}

/** Ends what dead owners left behind: runs that should have ended with them, and starts that were cut off. */
export async function sweep(host: Host): Promise<void> {
  const left = listRuns(host).filter(({ record }) => isAbandoned(record, isAlive));
  await Promise.all(left.map(({ folder }) => removeRun(folder)));
}

/** Whether nobody will end this run any more. */
export function isAbandoned(record: RunRecord, alive: (id: ProcessId) => boolean): boolean {
  return !alive(record.owner) && (!record.keep || !record.ready);
}

function isRunning(record: RunRecord): boolean {
  return isAlive(record.owner) ? !record.ready || record.processes.some(isAlive) : record.processes.some(isAlive);
}

function inTheWay(record: RunRecord, folder: string): string {
  const doing = record.ready ? "is up already" : `is being started by process ${record.owner.pid}`;
  return `"${record.name}" ${doing} (${folder}). End it first: make clusters-down`;
}

function startDetached(launch: Launch, cwd: string, log: string): ChildProcess {
  const out = openSync(log, "w");
  try {
    const child = spawn(launch.command, launch.args, {
      cwd,
      env: { ...process.env, ...launch.env },
      detached: true,
      stdio: ["ignore", out, out],
    });
    child.unref();
    return child;
  } finally {
    closeSync(out);
  }
}

function watchLaunched(name: string, child: ChildProcess, log: string): Launched {
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  const logTail = (): string => `Last lines of ${log}:\n${lastLines(log, 15)}`;
  const check = (): void => {
    if (failure) throw new TestBedError(`${name} could not be started: ${failure.message}`);
    if (child.exitCode === null && child.signalCode === null) return;
    throw new TestBedError(`${name} ended (${child.signalCode ?? `exit code ${child.exitCode}`}). ${logTail()}`);
  };
  return { log, check, logTail };
}

function lastLines(path: string, count: number): string {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(-count);
  return lines.map((line) => `  ${line}`).join("\n");
}

async function endAll(processes: readonly ProcessId[], graceMs: number): Promise<void> {
  const left = processes.filter((each) => signalGroup(each, "SIGTERM"));
  const end = performance.now() + graceMs;
  while (left.some(isAlive) && performance.now() < end) await delay(20);
  for (const each of left) signalGroup(each, "SIGKILL");
  while (left.some(isAlive)) await delay(20);
}

/** Signals the process and its children (it leads a group of its own), if it is still the one we started. */
function signalGroup(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(-id.pid, signal);
    return true;
  } catch {
    return false;
  }
}
