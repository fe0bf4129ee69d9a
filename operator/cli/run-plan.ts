import type { Cloud, Wanted } from "../provider/provider.ts";
import { typeOfChild } from "../reconcile/composite-controller.ts";
import { type CompositeObject, placeOf } from "../reconcile/composite-object.ts";
import type { EnvironmentObject } from "../reconcile/environment.ts";
import { createEnvironmentRegistry, type EnvironmentRegistry } from "../reconcile/environments.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus, Reference } from "../reconcile/leaf-object.ts";
import { blueprintOf, type KubeObject } from "../reconcile/object.ts";
import { isNotFound } from "../runtime/errors.ts";
import type { KubeObject as ServerObject } from "../runtime/resource.ts";
import { composites, connect, leaves } from "../wiring.ts";
import { assumedEnvironment, createAssumptions } from "./assume.ts";
import { ClusterError, type ClusterView, connectEnvironments, readCluster, tokensOf } from "./cluster.ts";
import { type CloudPlan, compare, compareExitCode } from "./compare.ts";
import { comparisonText } from "./compare-text.ts";
import { defaulted, type Manifest, ManifestError, readManifests } from "./manifests.ts";
import type { Result } from "./onyx.ts";
import type { Paint } from "./output.ts";
import { foreseer, planLeaves } from "./plan.ts";
import { type ChildrenContext, type PlannedComposite, planComposite } from "./plan-children.ts";
import { planCopies } from "./plan-copies.ts";
import { type Plan, planExitCode, planText } from "./plan-text.ts";
import { secretFrom, secretVersionIn, sourcesOf } from "./secrets.ts";

/** How long a cloud may take to tell who we are before the comparison goes on without it. */
const SILENT_MS = 10_000;

/** Options of `onyx plan`. */
export interface PlanOptions {
  readonly filename: readonly string[];
  readonly kubeconfig: readonly string[];
  readonly context?: string;
  readonly clouds?: string;
  /** No cloud is asked; only with `clouds`. */
  readonly offline?: boolean;
}

/**
 * `onyx plan`: one plan a cluster, or the clouds that are named side by side.
 * @param width characters that a line may have where things stand side by side
 */
export async function runPlan(options: PlanOptions, paint: Paint, width = 120): Promise<Result> {
  const manifests = await readManifests(options.filename);
  if (options.clouds) {
    const plans = await planClouds(manifests, cloudsOf(options.clouds), options);
    const comparison = compare(plans);
    return {
      value: comparison,
      text: comparisonText(comparison, paint, width),
      exitCode: compareExitCode(plans),
    };
  }
  if (options.offline) throw new ManifestError("--offline goes with --clouds: a cluster's own plan asks its cloud.");
  const plans = await Promise.all(
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
  const environments = [...given, ...(known as EnvironmentObject[])];
  const registry = createEnvironmentRegistry(connect, (_kind, provider) => provider);
  await connectEnvironments(registry, environments, secretFrom(manifests, cluster), tokensOf(cluster));
  return planFor(manifests, environments, cluster, registry);
}

const CLOUDS: readonly Cloud[] = ["aws", "gcp"];

function cloudsOf(list: string): readonly Cloud[] {
  const named = list.split(",").map((name) => name.trim());
  const strange = named.find((name) => !CLOUDS.some((cloud) => cloud === name));
  if (strange !== undefined) throw new ManifestError(`--clouds: "${strange}" is none of ${CLOUDS.join(", ")}.`);
  return CLOUDS.filter((cloud) => named.includes(cloud));
}

/**
 * Each cloud with its Environments among the files, else those of a cluster that was given, else one that is assumed.
 * A cloud that does not tell who we are is planned for as if nothing of ours were there, and the plan says so.
 */
async function planClouds(
  manifests: readonly Manifest[],
  clouds: readonly Cloud[],
  { kubeconfig, context, offline }: PlanOptions,
): Promise<readonly CloudPlan[]> {
  const given = environmentsOf(manifests);
  const paths = kubeconfig.length === 0 && context !== undefined ? [undefined] : kubeconfig;
  const clusters = await Promise.all(paths.map((path) => readCluster(path, context)));
  return Promise.all(
    clouds.map((cloud) => {
      const ofCloud = (one: KubeObject) =>
        one.kind === "Environment" && (one as EnvironmentObject).spec.cloud === cloud;
      const cluster = clusters.find(({ objects }) => objects.some(ofCloud));
      const known = [given, (cluster?.objects ?? []) as readonly EnvironmentObject[]]
        .map((some) => some.filter(ofCloud))
        .find((some) => some.length > 0);
      return planCloud(manifests, cloud, known, cluster, offline === true);
    }),
  );
}

async function planCloud(
  manifests: readonly Manifest[],
  cloud: Cloud,
  known: readonly EnvironmentObject[] | undefined,
  cluster: ClusterView | undefined,
  offline: boolean,
): Promise<CloudPlan> {
  const environments = known ?? [assumedEnvironment(cloud)];
  const assumptions = createAssumptions();
  const registry = createEnvironmentRegistry(connect, assumptions.wrap);
  if (known && !offline)
    await connectEnvironments(registry, known, secretFrom(manifests, cluster), tokensOf(cluster), SILENT_MS);
  const silent = environments.flatMap((environment) => {
    const state = registry.get(environment.metadata.name);
    return "problem" in state ? [{ environment, why: state.problem.message }] : [];
  });
  for (const { environment } of silent) await assumptions.assume(registry, environment);
  const plan = await planFor(manifests, environments, cluster, onThisCloud(registry, environments));
  if (silent.length === 0) return { cloud, plan };
  const reason = known
    ? offline
      ? "not asked (--offline)"
      : `not asked: ${silent.map(({ why }) => why).join(" ")}`
    : "assumed: there is no Environment for it";
  return { cloud, plan, assumed: `${reason.replace(/\.$/, "")}. Planned as if nothing were there.` };
}

/** An object that names an Environment of the other cloud is planned for in the one that is here. */
function onThisCloud(registry: EnvironmentRegistry, environments: readonly EnvironmentObject[]): EnvironmentRegistry {
  const names = environments.map(({ metadata }) => metadata.name);
  const usual = names.length === 1 ? names[0] : undefined;
  return { ...registry, get: (name) => registry.get(name !== undefined && names.includes(name) ? name : usual) };
}

const environmentsOf = (manifests: readonly Manifest[]) =>
  manifests.map(({ object }) => object).filter((object) => object.kind === "Environment") as EnvironmentObject[];

async function planFor(
  manifests: readonly Manifest[],
  environments: readonly EnvironmentObject[],
  cluster: ClusterView | undefined,
  registry: EnvironmentRegistry,
): Promise<Plan> {
  const given = manifests.map(({ object }) => object);
  const live = (kind: string, namespace: string, name: string) => cluster?.live(kind, namespace, name);
  const definitions = leaves as unknown as readonly Leaf<LeafSpec, Wanted>[];
  // What a composite makes may be a composite, and may be what that one is bound to.
  const expanded: PlannedComposite[] = [];
  let objects = given;
  for (let makers = given.filter(isMaker); makers.length > 0; ) {
    const planned = await planComposites(makers, objects, cluster, registry, () => undefined);
    const made = madeIn(planned);
    expanded.push(...planned);
    objects = [...objects, ...made];
    makers = made.filter(isMaker);
  }
  const foreseen = foreseer(definitions, objects as readonly LeafObject[], { environments: registry, live });
  const composed = [
    ...expanded,
    ...(await planComposites(
      objects.filter((object) => !isMaker(object)),
      objects,
      cluster,
      registry,
      foreseen,
    )),
  ];
  const kinds = new Set<string>(leaves.map((leaf) => leaf.kind));
  const made = madeIn(composed.slice(expanded.length));
  const wanted = [...objects, ...made].filter((object) => kinds.has(object.kind) && blueprintOf(object) === undefined);
  const planned = await planLeaves(definitions, wanted as LeafObject[], {
    foreseen,
    environments: registry,
    referrers: (reference, namespace) => referrersIn(objects, cluster, reference, namespace),
    source: await sourcesOf(definitions, wanted as LeafObject[], manifests, cluster),
    live,
    signal: AbortSignal.timeout(60_000),
    now: () => new Date(),
  });
  const plan = {
    target: describe(cluster, environments),
    leaves: planned,
    children: [
      ...composed.flatMap((one) => one.children).filter((child) => !kinds.has(child.kind)),
      ...(await planCopies(definitions, wanted as LeafObject[], cluster)),
    ],
  };
  for (const environment of environments) registry.forget(environment.metadata.name);
  return plan;
}

/** What composites make, with the defaults that the API server would fill in. */
const madeIn = (planned: readonly PlannedComposite[]): readonly KubeObject[] =>
  planned.flatMap(({ manifests }) => (manifests as readonly KubeObject[]).map(defaulted));

/** Composites that make composites. */
const isMaker = ({ kind }: KubeObject): boolean =>
  composites.some(
    (one) => one.kind === kind && one.uses.some((use) => composites.some((other) => other.kind === use.kind)),
  );

/** Plans the composites among some objects. @param all what is there besides, in the files or made of them */
async function planComposites(
  some: readonly KubeObject[],
  all: readonly KubeObject[],
  cluster: ClusterView | undefined,
  registry: EnvironmentRegistry,
  foreseen: ChildrenContext["foreseen"],
): Promise<readonly PlannedComposite[]> {
  const childCache = await readChildren(some, cluster);
  const live = (kind: string, namespace: string, name: string) => cluster?.live(kind, namespace, name);
  const context: ChildrenContext = {
    environments: registry,
    live,
    within: (namespace) => objectsIn(namespace, all, cluster),
    child(ref, home) {
      const { namespace, name } = placeOf(ref, home);
      return childCache.get(`${ref.kind}/${namespace}/${name}`) ?? live(ref.kind, namespace, name);
    },
    foreseen,
    secretVersion: (name, namespace) => secretVersionIn(cluster, name, namespace),
  };
  return some.flatMap((object) => {
    const composite = composites.find((one) => one.kind === object.kind);
    return composite ? [planComposite(composite as never, object as CompositeObject, context)] : [];
  });
}

/** Objects of ours in a namespace: those of the files, and the cluster's others. */
function objectsIn(
  namespace: string,
  given: readonly KubeObject[],
  cluster: ClusterView | undefined,
): readonly KubeObject[] {
  const here = [...given, ...(cluster?.objects ?? [])].filter(({ metadata }) => metadata.namespace === namespace);
  return [...new Map(here.toReversed().map((one) => [`${one.kind}/${one.metadata.name}`, one])).values()];
}

/** Objects of the kind that may refer to the same one: those of the files, with the cluster's status, and the cluster's others. */
function referrersIn(
  objects: readonly KubeObject[],
  cluster: ClusterView | undefined,
  { referredBy }: Reference,
  namespace: string,
): readonly KubeObject<unknown, LeafStatus>[] {
  const ofKind = (one: KubeObject) => one.kind === referredBy?.kind && one.metadata.namespace === namespace;
  const given = objects.filter(ofKind);
  const others = (cluster?.objects ?? []).filter(
    (one) => ofKind(one) && !given.some(({ metadata }) => metadata.name === one.metadata.name),
  );
  const asItIs = ({ status: _said, ...one }: KubeObject): KubeObject<unknown, LeafStatus> => {
    const status = cluster?.live(one.kind, namespace, one.metadata.name)?.status;
    return status ? { ...one, status } : one;
  };
  return [...given.map(asItIs), ...(others as readonly KubeObject<unknown, LeafStatus>[])];
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
      [...namespaces].map((namespace) => ({ type: typeOfChild(use), namespace: namespace || undefined })),
    );
  });
  await Promise.all(
    wanted.map(async ({ type, namespace }) => {
      try {
        const { items } = await cluster.client.list<ServerObject>(type, { namespace });
        for (const { metadata, ...item } of items)
          found.set(`${type.kind}/${metadata.namespace ?? ""}/${metadata.name}`, { ...item, metadata });
      } catch (error) {
        if (!isNotFound(error))
          throw new ClusterError(
            `Cluster ${cluster.context}: listing ${type.plural}${namespace ? ` in ${namespace}` : ""}: ${(error as Error).message}`,
          );
      }
    }),
  );
  return found;
}
