import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Host, thisHost } from "../testbed/host.ts";
import type { AnyCluster } from "../testbed/index.ts";
import { freePorts } from "../testbed/ports.ts";
import { openRun, readRun } from "../testbed/run.ts";
import { waitUntil } from "../testbed/wait.ts";

export const OPERATOR_NAMESPACE = "onyx-system";
/** Also the Helm release and the ServiceAccount. */
export const OPERATOR_NAME = "onyx";

export interface OperatorOptions {
  readonly cluster: Pick<AnyCluster, "name" | "kubectl">;
  /** Whether it lives on when this process ends. */
  readonly keep: boolean;
  /** What Node runs: its own flags and the file. Default: operator/main.ts. */
  readonly program?: readonly string[];
  /** More arguments of the operator. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** More than one may run against a cluster: name them apart. */
  readonly name?: string;
  readonly signal?: AbortSignal | undefined;
}

/** An operator process with the rights of the chart's ServiceAccount, and no others. */
export interface Operator {
  /** As http://127.0.0.1:port: /healthz, /readyz, /metrics. */
  readonly url: string;
  readonly log: string;
  /** Ends it as Kubernetes would: asks first, then kills. */
  stop(): Promise<void>;
  /** Ends it in the middle of whatever it does: SIGKILL. */
  kill(): Promise<void>;
}

/**
 * Runs the operator from the sources as a process of this machine, against a cluster in which the chart is installed:
 * the test bed's pods are not real. It signs in with a token of the chart's ServiceAccount.
 */
export async function startOperator(options: OperatorOptions, host: Host = thisHost()): Promise<Operator> {
  const { cluster, keep, signal } = options;
  const name = options.name ?? `operator-${cluster.name}`;
  const run = await openRun(host, name, { keep });
  const [port] = await freePorts(1);
  const kubeconfig = join(run.folder, "kubeconfig");
  const token = await cluster.kubectl(["create", "token", OPERATOR_NAME, "-n", OPERATOR_NAMESPACE, "--duration=24h"]);
  writeFileSync(
    kubeconfig,
    withToken(cluster, await cluster.kubectl(["config", "view", "--raw", "-o", "json"]), token.trim()),
    { mode: 0o600 },
  );
  const process = run.launch({
    name: "operator",
    command: globalThis.process.execPath,
    args: [
      ...(options.program ?? [join(host.root, "operator", "main.ts")]),
      `--kubeconfig=${kubeconfig}`,
      `--address=127.0.0.1:${port}`,
      `--lease-namespace=${OPERATOR_NAMESPACE}`,
      `--lease-name=${OPERATOR_NAME}`,
      ...(options.args ?? []),
    ],
    env: { NO_COLOR: "1", ...options.env },
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(async () => (await fetch(`${url}/readyz`)).ok, {
    what: `The operator of ${cluster.name}`,
    timeoutMs: 60_000,
    signal,
    check: () => process.check(),
    explain: () => process.logTail(),
  });
  run.ready({ url, log: process.log });
  return {
    url,
    log: process.log,
    stop: () => run.stop(),
    async kill() {
      for (const { pid } of readRun(run.folder)?.processes ?? []) globalThis.process.kill(pid, "SIGKILL");
      await run.stop();
    },
  };
}

/** The cluster's kubeconfig with a bearer token instead of the admin's certificate. */
function withToken(cluster: Pick<AnyCluster, "name">, adminConfig: string, token: string): string {
  const config = JSON.parse(adminConfig) as { clusters: unknown[] };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": cluster.name,
    clusters: config.clusters,
    users: [{ name: "operator", user: { token } }],
    contexts: [{ name: cluster.name, context: { cluster: cluster.name, user: "operator" } }],
  });
}
