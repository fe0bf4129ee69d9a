import { join } from "node:path";
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

export const peers: readonly Peer[] = [onyx, controllerRuntime];
