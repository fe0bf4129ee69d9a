import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { identify, isAlive, type ProcessId } from "./processid.ts";
import { waitUntil } from "./wait.ts";

export interface LockOptions {
  /** Told who holds the lock while it does. */
  readonly waiting: (pid: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const LONGEST_MS = 60 * 60_000;

/** Runs `work` while no other process of this machine holds the lock; one held by a dead process counts as free. */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const mine = JSON.stringify(identify(process.pid));
  const what = `The lock ${path}`;
  await waitUntil(() => take(path, mine, options.waiting), { what, timeoutMs: LONGEST_MS, signal: options.signal });
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string, mine: string, waiting: (pid: number) => void): boolean {
  if (createWith(path, mine)) return true;
  const holder = readHolder(path);
  if (holder && isAlive(holder)) waiting(holder.pid);
  else rmSync(path, { force: true });
  return false;
}

/** Creates the file together with its content, so that nobody reads it half written. False when there is one. */
function createWith(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Undefined when the lock has just gone. */
function readHolder(path: string): ProcessId | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessId;
  } catch {
    return undefined;
  }
}
