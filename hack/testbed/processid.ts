import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process, told apart from a later one that was given the same number. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in the system's own words: only good for comparing. */
  readonly started: string;
}

/** The process with this number, or undefined when there is none (a zombie is none). */
export function identify(pid: number): ProcessId | undefined {
  const started = process.platform === "linux" ? startedOnLinux(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether that very process still runs. */
export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.started === id.started;
}

function startedOnLinux(pid: number): string | undefined {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  const ticks = stat === undefined ? undefined : startTicks(stat);
  if (ticks === undefined) return undefined;
  return `${readOrNothing("/proc/sys/kernel/random/boot_id")?.trim() ?? "boot"}/${ticks}`;
}

/**
 * The start time (clock ticks since boot) from a line of /proc/<pid>/stat, or undefined for a process that has ended
 * but was not reaped. The second field is the program's name in brackets and may hold spaces and brackets itself.
 */
export function startTicks(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  // The first thread of a killed program can be a zombie while others still end, and hold its files and ports.
  const threads = Number(fields[17]);
  const ended = state === "X" || (state === "Z" && threads <= 1);
  return ended ? undefined : fields[19];
}

function startedByPs(pid: number): string | undefined {
  try {
    const out = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return out === "" || out.startsWith("Z") ? undefined : out.split(/\s+/).slice(1).join(" ");
  } catch {
    return undefined;
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
