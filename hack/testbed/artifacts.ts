import { copyFileSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { goBuild, goIdentity, moduleFolder, readGoMod, requiredVersion } from "./gobuild.ts";
import type { Host } from "./host.ts";
import { installPython, pythonIdentity } from "./pypi.ts";

/** Something the test bed builds once and keeps in the cache. */
export interface Artifact {
  readonly name: ArtifactName;
  readonly title: string;
  /** How long a cold build takes, in words, and why. */
  readonly usual: string;
  /** The folder whose files decide what comes out. */
  readonly source: string;
  /** MiB of disk that a cold build needs with Go's caches, the most it has been seen to take. */
  readonly diskMiB: number;
  /** What else decides what comes out, such as the compiler's version. */
  identity(): Promise<string>;
  build(out: string, context: BuildContext): Promise<void>;
}

export type ArtifactName = "pki" | "controlplane" | "keda" | "pubsub" | "ministack" | "moto" | "workflows";

export interface BuildContext {
  readonly detail: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export const PROGRAMS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kwok",
  "metrics-server",
  "helm",
] as const;

export function artifacts(host: Host): Record<ArtifactName, Artifact> {
  const bed = join(host.root, "hack", "testbed");
  return {
    pki: pki(join(bed, "pki")),
    controlplane: controlplane(join(bed, "controlplane")),
    keda: keda(join(bed, "keda")),
    pubsub: pubsub(join(bed, "pubsub")),
    ministack: fromPyPI("ministack", "ministack, the AWS emulator", join(bed, "ministack", "engine")),
    workflows: fromPyPI("workflows", "workflows-emulator", join(bed, "workflows", "engine")),
    moto: fromPyPI("moto", "moto, a second AWS emulator", join(bed, "moto")),
  };
}

function pki(source: string): Artifact {
  return {
    name: "pki",
    title: "certificate issuer",
    usual: "seconds (Go's standard library alone)",
    source,
    diskMiB: 200,
    identity: () => goIdentity(source),
    build: (out, context) =>
      goBuild({ folder: source, packages: ["."], out: join(out, "pki"), ldflags: "", ...context }),
  };
}

function controlplane(source: string): Artifact {
  const goMod = readGoMod(source);
  const kubernetes = requiredVersion(goMod, "k8s.io/kubernetes");
  return {
    name: "controlplane",
    title: `Kubernetes ${kubernetes.slice(1)} control plane`,
    usual: "7 to 14 minutes on two cores the first time: etcd, Kubernetes, KWOK, metrics-server and Helm from source",
    source,
    diskMiB: 5_500,
    identity: () => goIdentity(source),
    async build(out, context) {
      await goBuild({
        folder: source,
        packages: ["."],
        out: join(out, "controlplane"),
        ldflags: controlplaneVersions(goMod),
        ...context,
      });
      for (const program of PROGRAMS) symlinkSync("controlplane", join(out, program));
      copyKwokStages(await moduleFolder(source, "sigs.k8s.io/kwok"), join(out, "kwok-config"));
    },
  };
}

/** The linker flags by which each program knows its own version. */
export function controlplaneVersions(goMod: string): string {
  const kubernetes = requiredVersion(goMod, "k8s.io/kubernetes");
  const [major, minor] = kubernetes.slice(1).split(".");
  const component = "k8s.io/component-base/version";
  const values = {
    [`${component}.gitVersion`]: kubernetes,
    [`${component}.gitMajor`]: major,
    [`${component}.gitMinor`]: minor,
    [`${component}.gitTreeState`]: "clean",
    "helm.sh/helm/v4/internal/version.version": requiredVersion(goMod, "helm.sh/helm/v4"),
    "sigs.k8s.io/metrics-server/pkg/version.gitVersion": requiredVersion(goMod, "sigs.k8s.io/metrics-server"),
  };
  return Object.entries(values)
    .map(([name, value]) => `-X ${name}=${value}`)
    .join(" ");
}

/** KWOK's own stages (what nodes and pods do) and metrics lie in its module, not in its binary. */
function copyKwokStages(module: string, out: string): void {
  for (const folder of ["stage/node/fast", "stage/pod/fast", "metrics/resource", "metrics/usage"]) {
    copyYaml(join(module, "kustomize", folder), out);
  }
}

/** Copies file by file: a folder copied whole would keep the module cache's read-only mode and resist removal. */
function copyYaml(from: string, out: string): void {
  mkdirSync(out, { recursive: true });
  const files = readdirSync(from).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
  for (const file of files) copyFileSync(join(from, file), join(out, file));
}

const KEDA = "github.com/kedacore/keda/v2";

function keda(source: string): Artifact {
  const version = requiredVersion(readGoMod(source), KEDA).slice(1);
  return {
    name: "keda",
    title: `KEDA ${version}`,
    usual: "7 to 14 minutes on two cores the first time: KEDA brings the client libraries of some seventy systems",
    source,
    diskMiB: 6_500,
    identity: () => goIdentity(source),
    async build(out, context) {
      const packages = ["operator", "adapter", "webhooks"].map((name) => `${KEDA}/cmd/${name}`);
      const ldflags = `-X ${KEDA}/version.Version=${version}`;
      await goBuild({ folder: source, packages, out: `${out}/`, ldflags, ...context });
      const module = await moduleFolder(source, KEDA);
      copyYaml(join(module, "config", "crd", "bases"), join(out, "crds"));
      copyFileSync(join(module, "config", "webhooks", "validation_webhooks.yaml"), join(out, "webhooks.yaml"));
    },
  };
}

function pubsub(source: string): Artifact {
  return {
    name: "pubsub",
    title: "Google's in-memory Pub/Sub",
    usual: "about half a minute the first time",
    source,
    diskMiB: 600,
    identity: () => goIdentity(source),
    build: (out, context) =>
      goBuild({ folder: source, packages: ["."], out: join(out, "pubsub"), ldflags: "", ...context }),
  };
}

/** A virtual environment with the packages of `requirements.txt`. */
function fromPyPI(name: ArtifactName, title: string, source: string): Artifact {
  return {
    name,
    title,
    usual: "about a minute the first time (from PyPI)",
    source,
    diskMiB: 400,
    identity: pythonIdentity,
    async build(out, context) {
      await installPython({ requirements: join(source, "requirements.txt"), out: join(out, "venv"), ...context });
    },
  };
}
