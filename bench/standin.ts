import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Host } from "../hack/testbed/host.ts";

/** The cloud's stand-in (bench/cloud.ts), and what the bench has it do. */
export interface StandIn {
  readonly url: string;
  /** Calls so far by action, refused ones included; `refused` is how many those were. */
  counts(): Promise<ReadonlyMap<string, number>>;
  /** Each call takes that long from now on. */
  delay(ms: number): Promise<void>;
  /** This part of the calls is refused from now on, as from one who asks too often. */
  throttle(part: number): Promise<void>;
  /** Sets the visibility timeout of every queue to a value that nobody asked for. */
  tamper(): Promise<void>;
  /** Milliseconds from that until it was set again, of each queue where it was. */
  corrections(): Promise<readonly number[]>;
  /** How many executions were begun. */
  executions(): Promise<number>;
  stop(): void;
}

/** Starts one as a process of its own, so that its work is not the bench's. */
export async function startStandIn(host: Host): Promise<StandIn> {
  const child = spawn(process.execPath, [join(host.root, "bench", "cloud.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const url = line.toString().trim();
  const post = async (path: string) => void (await fetch(url + path, { method: "POST" }));
  const get = async (path: string) => (await fetch(url + path)).json();
  return {
    url,
    counts: async () => new Map(Object.entries((await get("/counts")) as Record<string, number>)),
    delay: (ms) => post(`/delay?ms=${ms}`),
    throttle: (part) => post(`/throttle?part=${part}`),
    tamper: () => post("/tamper"),
    corrections: async () => (await get("/corrections")) as number[],
    executions: async () => ((await get("/executions")) as { begun: number }).begun,
    stop: () => void child.kill(),
  };
}
