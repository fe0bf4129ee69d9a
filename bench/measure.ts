import { readFileSync } from "node:fs";
import { loadavg } from "node:os";

/** What a process has used so far. */
export interface Usage {
  /** User and system time in seconds, of the process itself. */
  readonly cpuSeconds: number;
  /** Most memory it ever held, in MiB. */
  readonly peakMiB: number;
}

/** The kernel's clock ticks per second: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** From /proc. @throws Error when there is no such process */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS, peakMiB: Number(peak) / 1024 };
}

/** Average number of runnable processes in the last minute. */
export const load = (): number => loadavg()[0] ?? 0;

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
