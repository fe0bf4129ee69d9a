import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Cluster } from "../../hack/testbed/cluster.ts";
import { apiserver } from "../../hack/testbed/components.ts";
import { waitUntil } from "../../hack/testbed/index.ts";
import { systemPorts } from "../../hack/testbed/ports.ts";
import { isAlive } from "../../hack/testbed/processid.ts";
import { readRun } from "../../hack/testbed/run.ts";

/** The API server of a cluster, to be killed and started again while etcd lives on. */
export interface ApiserverControl {
  /** Kills it, as `kill -9` does. */
  kill(): Promise<void>;
  /** Starts it again with the same arguments, and waits until it is ready. */
  start(): Promise<void>;
  /** Ends what `start` started. */
  stop(): Promise<void>;
}

/** @param serviceAccounts whether it was started with them: true where the cluster has controllers */
export function controlApiserver(cluster: Cluster, { serviceAccounts = false } = {}): ApiserverControl {
  let child: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    ending.kill(signal);
    await once(ending, "exit");
  }

  return {
    async kill() {
      const first = readRun(cluster.folder)?.processes.find(({ name }) => name === "kube-apiserver");
      if (first && isAlive(first)) {
        process.kill(first.pid, "SIGKILL");
        await waitUntil(() => !isAlive(first), { what: "the end of kube-apiserver", timeoutMs: 10_000, everyMs: 20 });
      }
      await end("SIGKILL");
    },
    async start() {
      const options = {
        serviceAccounts,
        featureGates: {},
        enableAdmission: [],
        disableAdmission: [],
        extraArgs: [],
      };
      await waitUntil(() => systemPorts.isFree(cluster.ports.apiserver), {
        what: "the port of kube-apiserver",
        timeoutMs: 30_000,
      });
      const { command, args } = apiserver(cluster.ports, options)(join(dirname(cluster.kubectlPath), "kube-apiserver"));
      const log = join(cluster.folder, "log", "kube-apiserver-again.log");
      const out = openSync(log, "a");
      child = spawn(command, args, { cwd: cluster.folder, stdio: ["ignore", out, out] });
      closeSync(out);
      const started = child;
      process.once("exit", () => started.kill("SIGKILL"));
      const isReady = async () => (await cluster.kubectl(["get", "--raw", "/readyz"]).catch(() => "")) === "ok";
      const explain = () => readFileSync(log, "utf8").trimEnd().split("\n").slice(-15).join("\n");
      const check = () => {
        if (started.exitCode !== null) throw new Error(`kube-apiserver ended with ${started.exitCode}:\n${explain()}`);
      };
      await waitUntil(isReady, { what: "kube-apiserver", timeoutMs: 120_000, check, explain });
    },
    stop: () => end("SIGTERM"),
  };
}
