import { join } from "node:path";
import { exec } from "../hack/testbed/exec.ts";
import { goBuild } from "../hack/testbed/gobuild.ts";
import type { Host } from "../hack/testbed/host.ts";
import type { Launch } from "../hack/testbed/run.ts";

/** What a peer is started with. */
export interface Ground {
  readonly kubeconfig: string;
  /** URL of the cloud stand-in. */
  readonly cloud: string;
  /** A free port. */
  readonly port: number;
}

/** An operator that is measured. */
export interface Peer {
  readonly name: string;
  /** What it does and does not do: shown with the figures. */
  readonly about: string;
  /** Builds what it needs and says how to start it. */
  prepare(host: Host): Promise<(ground: Ground) => Launch>;
}

export const onyx: Peer = {
  name: "onyx",
  about: "as shipped: ownership, drift, conditions, events, metrics, 10 workers",
  prepare: async (host) => (ground) => ({
    name: "onyx",
    command: process.execPath,
    args: [
      join(host.root, "operator", "main.ts"),
      `--kubeconfig=${ground.kubeconfig}`,
      `--address=127.0.0.1:${ground.port}`,
      "--lease-namespace=default",
      "--concurrency=10",
    ],
  }),
};

export const controllerRuntime: Peer = {
  name: "controller-runtime",
  about: "hand-written in Go: finalizer, one create, status; no ownership, drift or events; 10 workers",
  async prepare(host) {
    const folder = join(host.root, "bench", "peers", "controller-runtime");
    const out = join(host.cache, "bench", "controller-runtime");
    await goBuild({ folder, packages: ["."], out, ldflags: "", detail: () => {} });
    return (ground) => ({
      name: "controller-runtime",
      command: out,
      args: [`-cloud=${ground.cloud}`],
      env: { KUBECONFIG: ground.kubeconfig },
    });
  },
};

export const clientNode: Peer = {
  name: "client-node",
  about: "makeInformer of @kubernetes/client-node: finalizer, one create, status; 10 workers",
  prepare: async (host) => (ground) => ({
    name: "client-node",
    command: process.execPath,
    args: [join(host.root, "bench", "peers", "client-node", "main.ts"), ground.cloud],
    env: { KUBECONFIG: ground.kubeconfig },
  }),
};

/** It brings an old client-node of its own, which must not come among our dependencies: installed apart, when asked for. */
export const dotI: Peer = {
  name: "dot-i",
  about: "@dot-i/k8s-operator: finalizer, one create, status; one event at a time",
  async prepare(host) {
    const folder = join(host.root, "bench", "peers", "dot-i");
    await exec("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
    return (ground) => ({
      name: "dot-i",
      command: process.execPath,
      args: [join(folder, "main.js"), ground.cloud],
      env: { KUBECONFIG: ground.kubeconfig },
    });
  },
};

/** All that can be measured. */
export const peers: readonly Peer[] = [onyx, controllerRuntime, clientNode, dotI];
/** Those that are measured when nothing is said: the others have known holes (docs/adr/0001-own-runtime.md). */
export const usualPeers: readonly Peer[] = [onyx, controllerRuntime];

/** The peers of a list of names such as `onyx,dot-i`. @throws Error when there is none of a name */
export function peersNamed(names: string): readonly Peer[] {
  return names.split(",").map((name) => {
    const peer = peers.find((one) => one.name === name);
    if (!peer) throw new Error(`There is no peer "${name}". There are: ${peers.map((one) => one.name).join(", ")}.`);
    return peer;
  });
}
