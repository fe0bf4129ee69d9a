import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** What a process has used so far. */
export interface Usage {
  /** User and system time in seconds, of the process itself. */
  readonly cpuSeconds: number;
  /** Memory that it holds now, in MiB. */
  readonly residentMiB: number;
  /** Most memory it ever held, in MiB. */
  readonly peakMiB: number;
}

/** The kernel's clock ticks per second: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** From /proc. @throws Error when there is no such process */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mebibytes = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    residentMiB: mebibytes("VmRSS"),
    peakMiB: mebibytes("VmHWM"),
  };
}

/** Over this time a load is measured, in ms. */
const LOAD_MS = 2_000;

/** How many processors are at work now. Unlike the load average it does not remember what was measured before. */
export async function load(): Promise<number> {
  const before = workedTicks(readFileSync("/proc/stat", "utf8"));
  const since = performance.now();
  await delay(LOAD_MS);
  const ticks = workedTicks(readFileSync("/proc/stat", "utf8")) - before;
  return ticks / TICKS / ((performance.now() - since) / 1000);
}

/** Ticks in which processors did anything, or would have if another machine had not had them, from /proc/stat. */
export function workedTicks(stat: string): number {
  const [user = 0, nice = 0, system = 0, _idle, _iowait, irq = 0, softirq = 0, steal = 0] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  return user + nice + system + irq + softirq + steal;
}

/** One series of a Prometheus text, by its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All series of one metric in a Prometheus text. */
export function samples(text: string, metric: string): readonly Sample[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith(`${metric}{`)) return [];
    const close = line.lastIndexOf("}");
    const labels = Object.fromEntries(
      [...line.slice(metric.length + 1, close).matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    );
    return [{ labels, value: Number(line.slice(close + 2)) }];
  });
}

/** Requests that the API server answered for one resource, by `VERB` or `VERB/subresource`. Watches are not counted. */
export function requestsFor(text: string, resource: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { labels, value } of samples(text, "apiserver_request_total")) {
    if (labels.resource !== resource || labels.verb === "WATCH") continue;
    const key = labels.subresource ? `${labels.verb}/${labels.subresource}` : (labels.verb ?? "");
    counts.set(key, (counts.get(key) ?? 0) + value);
  }
  return counts;
}

/** What was added between two counts. */
export function added(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map(
    [...after].map(([key, value]) => [key, value - (before.get(key) ?? 0)] as const).filter(([, value]) => value !== 0),
  );
}

/** The value below which the given part of the values lie. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

/** All counts together, or those whose name is asked for. */
export function total(counts: ReadonlyMap<string, number>, which: (name: string) => boolean = () => true): number {
  return [...counts].reduce((sum, [name, count]) => (which(name) ? sum + count : sum), 0);
}

/** Whether a request of `requestsFor` only reads. */
export const isRead = (verb: string): boolean => verb === "GET" || verb === "LIST" || verb.startsWith("GET/");

/** Counts an object, as they are read: `PATCH 1.00, PATCH/status 1.00`. */
export function perObject(counts: ReadonlyMap<string, number>, objects: number): string {
  return [...counts].map(([name, count]) => `${name} ${(count / objects).toFixed(2)}`).join(", ") || "none";
}
