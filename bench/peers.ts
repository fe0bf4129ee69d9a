import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stop as stopEsbuild } from "esbuild";
import { bundle } from "../hack/packaging/bundle.ts";
import { exec } from "../hack/testbed/exec.ts";
import { goBuild, readGoMod, requiredVersion } from "../hack/testbed/gobuild.ts";
import type { Host } from "../hack/testbed/host.ts";
import { installPython, pythonIdentity } from "../hack/testbed/pypi.ts";
import type { Launch } from "../hack/testbed/run.ts";
import { readImage } from "../test/support/image.ts";

/** What a peer is started with. */
export interface Ground {
  readonly kubeconfig: string;
  /** URL of the cloud stand-in. */
  readonly cloud: string;
  /** A free port. */
  readonly port: number;
  /** Several are started, one of which works. */
  readonly elects?: boolean;
  /** How often the cloud is looked at when nothing happens. */
  readonly resyncSeconds?: number;
}

/** A program to start, and where it says that it has all objects. */
export type Start = (ground: Ground) => Omit<Launch, "name"> & { readonly readyUrl?: string };

/** What not every peer can do. */
export type Ability = "retries" | "election" | "resync" | "runs";

/** An operator that is measured. */
export interface Peer {
  readonly name: string;
  /** What it does and does not do: shown with the figures. */
  readonly about: string;
  /** What it can't do, and why. */
  readonly lacks: Readonly<Partial<Record<Ability, string>>>;
  /** What is measured, with its version. */
  version(host: Host): string;
  /** Builds or installs what it needs and says how to start it. */
  prepare(host: Host): Promise<Start>;
}

const NO_RESYNC = "does not look at the cloud again";
const NO_ELECTION = "has no election";
const NO_RUNS = "knows no runs";
const NO_RETRIES = "tries nothing again";

const folderOf = (host: Host, peer: string) => join(host.root, "bench", "peers", peer);
const versionIn = (file: string): string => (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
const packageVersion = (host: Host, name: string) => versionIn(join(host.root, "node_modules", name, "package.json"));

/** A peer that is a script for Node, with the cloud as its only argument. */
const script =
  (path: string): Start =>
  ({ kubeconfig, cloud }) => ({ command: process.execPath, args: [path, cloud], env: { KUBECONFIG: kubeconfig } });

export const onyx: Peer = {
  name: "onyx",
  about: "as shipped: ownership, drift, conditions, events, metrics, 10 workers",
  lacks: {},
  version: (host) => `onyx ${versionIn(join(host.root, "package.json"))}`,
  async prepare(host) {
    const { programs } = await bundle(host.root, join(host.cache, "bench", "onyx"));
    // Its process would stay, with gigabytes, beside what is measured.
    await stopEsbuild();
    const program = programs.find(({ name }) => name === "onyx-operator")?.path ?? "";
    const flags = readImage(host.root).entrypoint.slice(0, -1);
    return ({ kubeconfig, port, resyncSeconds }) => ({
      command: process.execPath,
      args: [
        ...flags,
        program,
        `--kubeconfig=${kubeconfig}`,
        `--address=127.0.0.1:${port}`,
        "--lease-namespace=default",
        "--concurrency=10",
        ...(resyncSeconds === undefined ? [] : [`--resync=${resyncSeconds}s`]),
      ],
      readyUrl: `http://127.0.0.1:${port}/readyz`,
    });
  },
};

const CONTROLLER_RUNTIME = "sigs.k8s.io/controller-runtime";

export const controllerRuntime: Peer = {
  name: "controller-runtime",
  about: "hand-written in Go: finalizer, one call to the cloud, status; no ownership, drift or events; 10 workers",
  lacks: { resync: NO_RESYNC, runs: NO_RUNS },
  version: (host) =>
    `controller-runtime ${requiredVersion(readGoMod(folderOf(host, "controller-runtime")), CONTROLLER_RUNTIME)}`,
  async prepare(host) {
    const out = join(host.cache, "bench", "controller-runtime");
    const folder = folderOf(host, "controller-runtime");
    await goBuild({ folder, packages: ["."], out, ldflags: "", detail: () => {} });
    return ({ kubeconfig, cloud, elects }) => ({
      command: out,
      args: [`-cloud=${cloud}`, ...(elects ? ["-elect"] : [])],
      env: { KUBECONFIG: kubeconfig },
    });
  },
};

export const clientNode: Peer = {
  name: "client-node",
  about: "makeInformer of @kubernetes/client-node: finalizer, one call to the cloud, status; 10 workers",
  lacks: { retries: NO_RETRIES, election: NO_ELECTION, resync: NO_RESYNC, runs: NO_RUNS },
  version: (host) => `@kubernetes/client-node ${packageVersion(host, "@kubernetes/client-node")}`,
  prepare: async (host) => script(join(folderOf(host, "client-node"), "main.ts")),
};

/** It brings an old client-node of its own, which must not come among our dependencies: installed apart, when asked for. */
export const dotI: Peer = {
  name: "dot-i",
  about: "@dot-i/k8s-operator: finalizer, one call to the cloud, status; one event at a time",
  lacks: { retries: NO_RETRIES, election: NO_ELECTION, resync: NO_RESYNC, runs: NO_RUNS },
  version(host) {
    const { dependencies } = JSON.parse(readFileSync(join(folderOf(host, "dot-i"), "package.json"), "utf8"));
    return `@dot-i/k8s-operator ${dependencies["@dot-i/k8s-operator"]}`;
  },
  async prepare(host) {
    const cwd = folderOf(host, "dot-i");
    await exec("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd });
    return script(join(cwd, "main.js"));
  },
};

/** Installed in the cache, once for each state of its requirements. */
export const kopf: Peer = {
  name: "kopf",
  about: "kopf in Python: finalizer, one call to the cloud, status; posting of events off; a worker an object",
  lacks: { election: NO_ELECTION, resync: NO_RESYNC, runs: NO_RUNS },
  version: (host) => `kopf ${/^kopf==(\S+)/m.exec(kopfRequirements(host).text)?.[1]}`,
  async prepare(host) {
    const { file, text } = kopfRequirements(host);
    const key = createHash("sha256")
      .update(`${text}${await pythonIdentity()}`)
      .digest("hex")
      .slice(0, 12);
    const folder = join(host.cache, "bench", `kopf-${key}`);
    const done = join(folder, ".done");
    if (!existsSync(done)) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      await installPython({ requirements: file, out: join(folder, "venv"), detail: () => {} });
      writeFileSync(done, "");
    }
    const python = join(folder, "venv", "bin", "python");
    return ({ kubeconfig, cloud }) => ({
      command: python,
      args: [join(folderOf(host, "kopf"), "main.py"), cloud],
      env: { KUBECONFIG: kubeconfig },
    });
  },
};

function kopfRequirements(host: Host): { file: string; text: string } {
  const file = join(folderOf(host, "kopf"), "requirements.txt");
  return { file, text: readFileSync(file, "utf8") };
}

export const floor: Peer = {
  name: "floor",
  about: "the least possible program, on undici: a watch, the writes, the call; nobody could run it; 10 at once",
  lacks: { retries: NO_RETRIES, election: NO_ELECTION, resync: NO_RESYNC },
  version: (host) => `undici ${packageVersion(host, "undici")}`,
  prepare: async (host) => script(join(folderOf(host, "floor"), "main.ts")),
};

/** All that can be measured. */
export const peers: readonly Peer[] = [onyx, floor, controllerRuntime, kopf, clientNode, dotI];
/** Those that are measured when nothing is said. */
export const usualPeers: readonly Peer[] = [onyx, floor, controllerRuntime];

/** The same, built or installed only once. */
export function once(peer: Peer): Peer {
  let prepared: Promise<Start> | undefined;
  return {
    ...peer,
    prepare(host) {
      prepared ??= peer.prepare(host);
      return prepared;
    },
  };
}

/** The peers of a list of names such as `onyx,dot-i`. @throws Error when there is none of a name */
export const peersNamed = (names: string): readonly Peer[] => named("peer", peers, names).map(once);

/** Those of a list of names, or all of them for `all`. @throws Error when there is none of a name */
export function named<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  names: string,
): readonly T[] {
  if (names === "all") return all;
  return names.split(",").map((name) => {
    const found = all.find((one) => one.name === name);
    if (!found) throw new Error(`There is no ${what} "${name}". There are: ${all.map((one) => one.name).join(", ")}.`);
    return found;
  });
}

/** Node's permissions keep its own profiler out. */
const PERMISSIONS = /^--(permission|allow-fs-read=.*)$/;

/** The same peer, where Node runs it with profiles of its processor time and heap, written when a process ends. */
export const profiled = (peer: Peer, folder: string): Peer => ({
  ...peer,
  async prepare(host) {
    const start = await peer.prepare(host);
    return (ground) => {
      const launch = start(ground);
      if (launch.command !== process.execPath) return launch;
      const profiles = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--heap-prof", `--heap-prof-dir=${folder}`];
      return { ...launch, args: [...profiles, ...launch.args.filter((one) => !PERMISSIONS.test(one))] };
    };
  },
});
