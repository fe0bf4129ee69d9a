import type { Wanted } from "../provider/provider.ts";
import type { ChildRef, CompositeObject } from "../reconcile/composite-object.ts";
import type { EnvironmentObject } from "../reconcile/environment.ts";
import { createEnvironmentRegistry } from "../reconcile/environments.ts";
import type { Leaf, LeafObject, LeafSpec } from "../reconcile/leaf-object.ts";
import type { KubeObject } from "../reconcile/object.ts";
import { isNotFound } from "../runtime/errors.ts";
import type { KubeObject as ServerObject } from "../runtime/resource.ts";
import { composites, connect, leaves } from "../wiring.ts";
import { ClusterError, type ClusterView, connectEnvironments, readCluster } from "./cluster.ts";
import { type Manifest, ManifestError, readManifests } from "./manifests.ts";
import type { Result } from "./onyx.ts";
import type { Paint } from "./output.ts";
import { foreseer, planLeaves } from "./plan.ts";
import { planComposite } from "./plan-children.ts";
import { type Plan, planExitCode, planText } from "./plan-text.ts";
import { secretFrom } from "./secrets.ts";

/** Options of `onyx plan`. */
export interface PlanOptions {
  readonly filename: readonly string[];
  readonly kubeconfig: readonly string[];
  readonly context?: string;
  readonly clouds?: string;
}

/** `onyx plan`: one plan a cluster, or one an Environment among the files when clouds are named. */
export async function runPlan(options: PlanOptions, paint: Paint): Promise<Result> {
  const manifests = await readManifests(options.filename);
  const plans = options.clouds
    ? await planClouds(manifests, options.clouds.split(","))
    : await Promise.all(
        targets(options).map(async (path) => planCluster(manifests, await readCluster(path, options.context))),
      );
  return { value: plans, text: plans.map((plan) => planText(plan, paint)).join("\n\n"), exitCode: planExitCode(plans) };
}

const targets = ({ kubeconfig }: PlanOptions): readonly (string | undefined)[] =>
  kubeconfig.length > 0 ? kubeconfig : [undefined];

async function planCluster(manifests: readonly Manifest[], cluster: ClusterView): Promise<Plan> {
  const given = environmentsOf(manifests);
  const known = cluster.objects.filter(
    (object) => object.kind === "Environment" && !given.some((one) => one.metadata.name === object.metadata.name),
  );
  return planFor(manifests, [...given, ...(known as EnvironmentObject[])], cluster);
}

async function planClouds(manifests: readonly Manifest[], clouds: readonly string[]): Promise<readonly Plan[]> {
  const given = environmentsOf(manifests);
  return Promise.all(
    clouds.map((cloud) => {
      const environments = given.filter((one) => one.spec.cloud === cloud);
      if (environments.length === 0)
        throw new ManifestError(`There is no Environment with spec.cloud: ${cloud} among the files.`);
      return planFor(manifests, environments, undefined);
    }),
  );
}

const environmentsOf = (manifests: readonly Manifest[]) =>
  manifests.map(({ object }) => object).filter((object) => object.kind === "Environment") as EnvironmentObject[];

async function planFor(
  manifests: readonly Manifest[],
  environments: readonly EnvironmentObject[],
  cluster: ClusterView | undefined,
): Promise<Plan> {
  const registry = createEnvironmentRegistry(connect, (_kind, provider) => provider);
  await connectEnvironments(registry, environments, secretFrom(manifests, cluster));
  const objects = manifests.map(({ object }) => object);
  const live = (kind: string, namespace: string, name: string) => cluster?.live(kind, namespace, name);
  const definitions = leaves as unknown as readonly Leaf<LeafSpec, Wanted>[];
  const foreseen = foreseer(definitions, objects as readonly LeafObject[], { environments: registry, live });
  const childCache = await readChildren(objects, cluster);
  const composed = objects.flatMap((object) => {
    const composite = composites.find((one) => one.kind === object.kind);
    if (!composite) return [];
    const context = {
      environments: registry,
      live,
      child: (ref: ChildRef, namespace: string) =>
        childCache.get(`${ref.kind}/${namespace}/${ref.name}`) ?? live(ref.kind, namespace, ref.name),
      foreseen,
    };
    return [planComposite(composite as never, object as CompositeObject, context)];
  });
  const kinds = new Set<string>(leaves.map((leaf) => leaf.kind));
  const wanted = [...objects, ...composed.flatMap((one) => one.manifests as readonly KubeObject[])].filter((object) =>
    kinds.has(object.kind),
  );
  const planned = await planLeaves(definitions, wanted as LeafObject[], {
    foreseen,
    environments: registry,
    live,
    signal: AbortSignal.timeout(60_000),
    now: () => new Date(),
  });
  const plan = {
    target: describe(cluster, environments),
    leaves: planned,
    children: composed.flatMap((one) => one.children).filter((child) => !kinds.has(child.kind)),
  };
  for (const environment of environments) registry.forget(environment.metadata.name);
  return plan;
}

const describe = (cluster: ClusterView | undefined, environments: readonly EnvironmentObject[]): string =>
  [
    cluster?.context,
    ...environments.map(({ metadata, spec }) => `${metadata.name} (${spec.cloud} ${spec.region}, ${spec.account})`),
  ]
    .filter(Boolean)
    .join(" · ");

/** The live children of the composites among the objects: those of their inventories, and what stands where one would be. */
async function readChildren(
  objects: readonly KubeObject[],
  cluster: ClusterView | undefined,
): Promise<ReadonlyMap<string, KubeObject>> {
  const found = new Map<string, KubeObject>();
  if (!cluster) return found;
  const wanted = composites.flatMap((composite) => {
    const namespaces = new Set(
      objects.filter((object) => object.kind === composite.kind).map((object) => object.metadata.namespace ?? ""),
    );
    return composite.uses.flatMap((use) =>
      [...namespaces].map((namespace) => ({ type: { ...use, namespaced: true }, namespace })),
    );
  });
  await Promise.all(
    wanted.map(async ({ type, namespace }) => {
      try {
        const { items } = await cluster.client.list<ServerObject>(type, { namespace });
        for (const item of items) found.set(`${type.kind}/${namespace}/${item.metadata.name}`, item);
      } catch (error) {
        if (!isNotFound(error))
          throw new ClusterError(
            `Cluster ${cluster.context}: listing ${type.plural} in ${namespace}: ${(error as Error).message}`,
          );
      }
    }),
  );
  return found;
}
