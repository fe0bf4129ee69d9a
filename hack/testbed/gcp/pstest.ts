/** Runs pstest, the in-memory Pub/Sub that Google ships with its Go client, as a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { ensureBuilt } from "../build.ts";
import { thisHost } from "../host.ts";

export interface Pstest {
  /** host:port */
  readonly address: string;
  stop(): Promise<void>;
}

/** The binary in ONYX_PSTEST, else the test bed's, built if need be. */
async function findPstest(): Promise<string> {
  const given = process.env.ONYX_PSTEST;
  if (given) return given;
  const { pubsub } = await ensureBuilt(thisHost(), ["pubsub"]);
  return path.join(pubsub, "pubsub");
}

/** @throws when it ends before it listens */
export async function startPstest(): Promise<Pstest> {
  const binary = await findPstest();
  const child = spawn(binary, ["-address", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then(() => {
      throw new Error(`${binary} ended before it listened (exit code ${String(child.exitCode)})`);
    }),
  ])) as [string];
  const { grpc } = JSON.parse(line) as { grpc: string };
  return {
    address: grpc,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
