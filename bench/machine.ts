import { cpus, type as system, totalmem } from "node:os";
import { join } from "node:path";
import { readGoMod, requiredVersion } from "../hack/testbed/gobuild.ts";
import type { Host } from "../hack/testbed/host.ts";
import type { Peer } from "./peers.ts";

/** What the figures were taken on. */
export interface Machine {
  /** As in `2 × Intel Xeon, 24 GiB, Linux`. */
  readonly hardware: string;
  /** Of everything that took part. */
  readonly versions: readonly string[];
}

export function thisMachine(host: Host, peers: readonly Peer[]): Machine {
  const processors = cpus();
  const goMod = readGoMod(join(host.root, "hack", "testbed", "controlplane"));
  return {
    hardware: `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system()}`,
    versions: [
      `Node ${process.versions.node}`,
      `Kubernetes ${requiredVersion(goMod, "k8s.io/kubernetes")}`,
      `etcd ${requiredVersion(goMod, "go.etcd.io/etcd/server/v3")}`,
      ...peers.map((peer) => peer.version(host)),
    ],
  };
}
