import { kinds } from "../../crds/index.ts";
import { ProviderError } from "../provider/fault.ts";
import type { Cloud, Wanted } from "../provider/provider.ts";
import type { EnvironmentObject } from "../reconcile/environment.ts";
import { createEnvironmentRegistry } from "../reconcile/environments.ts";
import type { Leaf, LeafSpec } from "../reconcile/leaf-object.ts";
import { connect, leaves } from "../wiring.ts";
import { ClusterError, connectEnvironments, readCluster, tokensOf } from "./cluster.ts";
import { type Importable, importLeaves } from "./import/import.ts";
import { importExitCode, importText } from "./import/text.ts";
import { ManifestError, readManifests } from "./manifests.ts";
import type { Result } from "./onyx.ts";
import { secretFrom } from "./secrets.ts";

/** Options of `onyx import`. */
export interface ImportOptions {
  readonly from: Cloud;
  readonly filename: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly environment?: string;
  readonly namespace: string;
  readonly kind: readonly string[];
  readonly tag: readonly string[];
  readonly namePrefix?: string;
}

const LOOK_MS = 300_000;

/** `onyx import`: YAML for what is there in the cloud of one Environment. */
export async function runImport(options: ImportOptions): Promise<Result> {
  const importables = importablesOf(options.kind);
  const manifests = await readManifests(options.filename);
  const given = manifests.map(({ object }) => object).filter((object) => object.kind === "Environment");
  const cluster = given.length > 0 ? undefined : await readCluster(options.kubeconfig, options.context);
  const all = cluster ? cluster.objects.filter((object) => object.kind === "Environment") : given;
  const chosen = choose(all as EnvironmentObject[], options);
  const registry = createEnvironmentRegistry(connect, (_kind, provider) => provider);
  const { name } = chosen.metadata;
  try {
    await connectEnvironments(registry, [chosen], secretFrom(manifests, cluster), tokensOf(cluster));
    const environment = registry.get(name);
    if ("problem" in environment) throw new ClusterError(environment.problem.message);
    const filter = { kinds: options.kind, namePrefix: options.namePrefix, tags: tagsOf(options.tag) };
    const signal = AbortSignal.timeout(LOOK_MS);
    const found = await importLeaves(importables, environment, filter, options.namespace, signal);
    const { cloud, who, place } = environment;
    const from = `${cloud} ${who.account} ${place.region}`;
    return { value: found, text: importText(found, from), exitCode: importExitCode(found) };
  } catch (error) {
    if (error instanceof ProviderError) throw new ClusterError(`Environment "${name}": ${error.message}`);
    throw error;
  } finally {
    registry.forget(name);
  }
}

function importablesOf(asked: readonly string[]): readonly Importable[] {
  const all = (leaves as unknown as readonly Leaf<LeafSpec, Wanted>[]).flatMap((leaf) => {
    const kind = kinds.find((one) => one.kind === leaf.kind);
    return kind ? [{ leaf, kind }] : [];
  });
  const unknown = asked.find((kind) => !all.some(({ leaf }) => leaf.kind === kind));
  if (unknown !== undefined)
    throw new ManifestError(`--kind ${unknown}: there is ${all.map(({ leaf }) => leaf.kind).join(", ")}.`);
  return all;
}

/** The Environment that is meant: the named one, else the only one in that cloud. */
function choose(environments: readonly EnvironmentObject[], { from, environment }: ImportOptions): EnvironmentObject {
  const there = environments.filter(
    ({ metadata, spec }) => spec.cloud === from && (environment === undefined || metadata.name === environment),
  );
  const [first, second] = there;
  if (!first)
    throw new ManifestError(
      environment === undefined
        ? `There is no Environment with spec.cloud: ${from}. Give one with -f, or apply it to the cluster.`
        : `There is no Environment "${environment}" with spec.cloud: ${from}.`,
    );
  if (second)
    throw new ManifestError(
      `There are several Environments with spec.cloud: ${from}: choose with --environment ${there.map(({ metadata }) => metadata.name).join(" | ")}.`,
    );
  return first;
}

function tagsOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new ManifestError(`--tag ${text}: KEY=VALUE is expected.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
