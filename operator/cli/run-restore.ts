import { stringify } from "yaml";
import { kinds } from "../../crds/index.ts";
import type { Copied, Progress } from "../provider/copying.ts";
import type { Wanted } from "../provider/provider.ts";
import type { EnvironmentObject } from "../reconcile/environment.ts";
import { createEnvironmentRegistry } from "../reconcile/environments.ts";
import type { Leaf, LeafObject, LeafSpec } from "../reconcile/leaf-object.ts";
import { connect, leaves } from "../wiring.ts";
import { ClusterError, type ClusterView, connectEnvironments, readCluster, tokensOf } from "./cluster.ts";
import type { Result } from "./onyx.ts";
import { inWords, type Restored, restore } from "./restore.ts";
import { secretFrom } from "./secrets.ts";

/** Options of `onyx restore`. */
export interface RestoreOptions {
  readonly to: string;
  readonly at?: string;
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** A restore takes as long as the data is large. */
const LONGEST_MS = 24 * 3_600_000;
const EVERY_MS = 5_000;

/** `onyx restore`: a new resource from a point in time of another, and the YAML of the object that takes it up. */
export async function runRestore(kindName: string, name: string, options: RestoreOptions): Promise<Result> {
  const wanted = kindName.toLowerCase();
  const kind = kinds.find((one) => [one.kind.toLowerCase(), one.plural, ...one.shortNames].includes(wanted));
  const leaf = (leaves as unknown as readonly Leaf<LeafSpec, Wanted>[]).find((one) => one.kind === kind?.kind);
  if (!leaf) throw new ClusterError(`There is no kind "${kindName}" that could be restored.`);
  const moment = momentOf(options.at);
  const cluster = await readCluster(options.kubeconfig, options.context);
  const from = cluster.live(leaf.kind, options.namespace, name) as LeafObject | undefined;
  const what = `${leaf.kind} ${options.namespace}/${name}`;
  if (!from) throw new ClusterError(`Cluster ${cluster.context} has no ${what}.`);
  if (cluster.live(leaf.kind, options.namespace, options.to))
    throw new ClusterError(`There is a ${leaf.kind} ${options.namespace}/${options.to} already. Choose another --to.`);
  const restored = await run(leaf, from, moment, options, cluster);
  const lost = restored.copied?.leftOutCount ?? 0;
  const said = `# Restored from ${what} as of ${options.at ?? "the latest moment"}: ${restored.externalId}\n# Apply this to take it up.`;
  const text = [said, ...copyInWords(restored.copied), stringify(restored.object).trimEnd()].join("\n");
  return { value: restored, text, exitCode: lost > 0 ? 1 : 0 };
}

/** Comments for the YAML: what was copied, and what was not. */
export function copyInWords(copied: Copied | undefined): readonly string[] {
  if (!copied) return [];
  const { leftOut, leftOutCount } = copied;
  const more = leftOutCount - leftOut.length;
  return [
    `# ${progressInWords(copied)}.`,
    ...(leftOutCount > 0 ? [`# NOT RESTORED: ${leftOutCount} objects.`] : []),
    ...leftOut.map(({ name, why }) => `#   ${JSON.stringify(name)}: ${why}`),
    ...(more > 0 ? [`#   and ${more} more`] : []),
  ];
}

/** `1200 objects copied (3.4 GiB), 300 were there` */
export function progressInWords({ copied, there, bytes }: Progress): string {
  const before = there > 0 ? `, ${there} were there` : "";
  return `${copied} objects copied (${(bytes / 2 ** 30).toFixed(1)} GiB)${before}`;
}

/** One line on standard error that is written anew, each second at most. */
function progressLine(): (progress: Progress) => void {
  let last = 0;
  return (progress) => {
    if (process.stderr.isTTY !== true || Date.now() - last < 1000) return;
    last = Date.now();
    process.stderr.write(`\r${progressInWords(progress)}\u001b[K`);
  };
}

async function run(
  leaf: Leaf<LeafSpec, Wanted>,
  from: LeafObject,
  moment: Date | undefined,
  { to }: RestoreOptions,
  cluster: ClusterView,
): Promise<Restored> {
  const environments = cluster.objects.filter((object) => object.kind === "Environment") as EnvironmentObject[];
  const registry = createEnvironmentRegistry(connect, (_kind, provider) => provider);
  try {
    await connectEnvironments(registry, environments, secretFrom([], cluster), tokensOf(cluster));
    return await restore({
      leaf,
      from,
      to,
      moment,
      environments: registry,
      lookup: (reference, namespace) => cluster.live(reference.kind, namespace, reference.name),
      signal: AbortSignal.timeout(LONGEST_MS),
      everyMs: EVERY_MS,
      tell: progressLine(),
    });
  } catch (error) {
    throw inWords(error);
  } finally {
    for (const { metadata } of environments) registry.forget(metadata.name);
  }
}

function momentOf(at: string | undefined): Date | undefined {
  if (at === undefined) return undefined;
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime()) || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(at))
    throw new ClusterError(`--at ${at} is no moment: write it as 2026-01-05T10:00:00Z.`);
  return moment;
}
