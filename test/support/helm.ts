import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Cluster } from "../../hack/testbed/cluster.ts";
import { exec } from "../../hack/testbed/exec.ts";

/** An object of a rendered chart. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has fields of its own
  readonly [field: string]: any;
}

/** Values as `--set-json` takes them: by path, such as `image.tag`. */
export type Values = Readonly<Record<string, unknown>>;

/** Real Helm against one cluster, with a cache and configuration of its own. */
export interface Helm {
  install(release: string, chart: string, namespace: string, values?: Values): Promise<string>;
  uninstall(release: string, namespace: string): Promise<string>;
  /** What was installed. */
  manifest(release: string, namespace: string): Promise<string>;
  /** What would be installed, as text and as objects; judged by what the cluster's API serves. */
  template(release: string, chart: string, namespace: string, values?: Values): Promise<string>;
  close(): void;
}

export function createHelm(cluster: Cluster): Helm {
  const home = mkdtempSync(join(tmpdir(), "onyx-helm-"));
  const env = {
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
  };
  const run = (...args: string[]) =>
    exec(cluster.helmPath, [...args, `--kubeconfig=${cluster.kubeconfig}`], { env: { ...env } });
  const set = (values: Values = {}) =>
    Object.entries(values).map(([path, value]) => `--set-json=${path}=${JSON.stringify(value)}`);
  return {
    install: (release, chart, namespace, values) =>
      run("upgrade", "--install", "--reset-values", release, chart, `--namespace=${namespace}`, ...set(values)),
    uninstall: (release, namespace) => run("uninstall", release, `--namespace=${namespace}`, "--wait"),
    manifest: (release, namespace) => run("get", "manifest", release, `--namespace=${namespace}`),
    template: (release, chart, namespace, values) =>
      run("template", release, chart, `--namespace=${namespace}`, "--dry-run=server", ...set(values)),
    close: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** The objects in what Helm rendered. */
export function objectsOf(yaml: string): readonly Rendered[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}
