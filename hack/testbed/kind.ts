import { writeFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ClusterOptions } from "./cluster.ts";
import { TestBedError } from "./errors.ts";
import { exec } from "./exec.ts";
import { readGoMod, requiredVersion } from "./gobuild.ts";
import type { Host } from "./host.ts";
import { fakeNodes } from "./nodes.ts";
import type { AnyCluster } from "./provide.ts";
import { forwarding, type Reach } from "./reach.ts";
import { openRun, type Run } from "./run.ts";
import { requireDocker, requireTools } from "./tools.ts";

const WHY = "CLUSTER=kind";
/** Keeps the pods of the examples, whose images don't exist, off the one real node. */
const TAINT = "onyx.test/real-node=true:NoSchedule";

/** A kind cluster with KWOK nodes and KEDA from their published manifests. It always has all parts. */
export async function startInKind(options: ClusterOptions, host: Host): Promise<AnyCluster> {
  await requireTools(WHY, ["docker", "kind", "kubectl", "helm"], host.env);
  await requireDocker(WHY);
  const run = await openRun(host, options.name, { keep: options.keep ?? false });
  const kind = kindName(options.name);
  const kubeconfig = run.path("kubeconfig");
  const remove = (): Promise<void> => deleteKind(kind);
  try {
    writeNodes(run, options);
    for (const [command, ...args] of kindCommands(kind, run.folder, versions(host), options.kedaEnv ?? {})) {
      host.say(`  ${command} ${args.join(" ")}`);
      await exec(command, args, { env: { KUBECONFIG: kubeconfig }, signal: options.signal });
    }
    run.ready({ kubeconfig, kind });
    return describe(run, options, kubeconfig, forwarding(host, run, await gateway()), remove);
  } catch (error) {
    await remove();
    await run.stop({ leaveFolder: !options.signal?.aborted });
    throw error;
  }
}

function describe(
  run: Run,
  options: ClusterOptions,
  kubeconfig: string,
  reach: Reach,
  remove: () => Promise<void>,
): AnyCluster {
  return {
    name: options.name,
    folder: run.folder,
    kubeconfig,
    kubectlPath: "kubectl",
    helmPath: "helm",
    kubectl: (args, input) =>
      exec("kubectl", [`--kubeconfig=${kubeconfig}`, ...args], input === undefined ? {} : { input }),
    reach,
    async stop() {
      await remove();
      await run.stop();
    },
  };
}

const kindName = (cluster: string): string => `onyx-${cluster}`;

/** Succeeds as well when there is no such cluster. */
export async function deleteKind(kind: string): Promise<void> {
  await exec("kind", ["delete", "cluster", "--name", kind]);
}

export interface Versions {
  /** With their `v`. */
  readonly kwok: string;
  readonly keda: string;
}

/** The same versions that the local way builds. */
function versions(host: Host): Versions {
  const goMod = (name: string): string => readGoMod(join(host.root, "hack", "testbed", name));
  return {
    kwok: requiredVersion(goMod("controlplane"), "sigs.k8s.io/kwok"),
    keda: requiredVersion(goMod("keda"), "github.com/kedacore/keda/v2"),
  };
}

type Command = readonly [command: string, ...args: string[]];

/** Everything that is done, in order. KEDA starts before the real node is tainted, so it runs there. */
export function kindCommands(
  kind: string,
  folder: string,
  { kwok, keda }: Versions,
  kedaEnv: Readonly<Record<string, string>>,
): Command[] {
  const apply = (from: string): Command => ["kubectl", "apply", "--server-side", "-f", from];
  const kwokRelease = `https://github.com/kubernetes-sigs/kwok/releases/download/${kwok}`;
  const kedaRelease = `https://github.com/kedacore/keda/releases/download/${keda}/keda-${keda.slice(1)}.yaml`;
  const env = Object.entries(kedaEnv).map(([name, value]) => `${name}=${value}`);
  const inKeda = (...args: string[]): Command => ["kubectl", "--namespace=keda", ...args];
  return [
    ["kind", "delete", "cluster", "--name", kind], // what a start that was killed may have left
    ["kind", "create", "cluster", "--name", kind, "--kubeconfig", join(folder, "kubeconfig"), "--wait", "180s"],
    apply(`${kwokRelease}/kwok.yaml`),
    apply(`${kwokRelease}/stage-fast.yaml`),
    apply(kedaRelease),
    ...(env.length > 0 ? [inKeda("set", "env", "deployment/keda-operator", ...env)] : []),
    inKeda("wait", "--for=condition=Available", "--timeout=180s", "deployment", "--all"),
    ["kubectl", "taint", "nodes", "--all", "--overwrite", TAINT],
    apply(join(folder, "nodes.yaml")),
    ["kubectl", "wait", "--for=condition=Ready", "--timeout=60s", "nodes", "--all"],
  ];
}

function writeNodes(run: Run, options: ClusterOptions): void {
  const nodes = fakeNodes(options.flavor ?? "eks", options.name, options.nodes ?? 3, "kwok");
  writeFileSync(run.path("nodes.yaml"), nodes.map((node) => stringify(node)).join("---\n"));
}

/** The address of this machine as pods in Docker see it. Docker Desktop runs them in a machine of their own. */
async function gateway(): Promise<string> {
  if (process.platform !== "linux") return "host.docker.internal";
  const format = "{{range .IPAM.Config}}{{println .Gateway}}{{end}}";
  return firstIPv4(await exec("docker", ["network", "inspect", "kind", "--format", format]));
}

/** kind's network has an IPv6 gateway as well, in either order. */
export function firstIPv4(lines: string): string {
  const found = lines
    .split("\n")
    .map((line) => line.trim())
    .find(isIPv4);
  if (found) return found;
  throw new TestBedError(
    'Docker\'s network "kind" has no IPv4 gateway, so KEDA could not reach the emulators from it.',
  );
}
