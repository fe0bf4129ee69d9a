import { isDeepStrictEqual } from "node:util";
import { asApplied, decideChild, type Parent } from "../reconcile/children.ts";
import { type CompositeEnvironment, type CompositeLookups, seenBy } from "../reconcile/composite-gather.ts";
import {
  type Child,
  type ChildRef,
  type Composite,
  type CompositeObject,
  type CompositeSpec,
  type Manifest,
  placeOf,
  type Resolved,
  refOf,
} from "../reconcile/composite-object.ts";
import type { EnvironmentProblem } from "../reconcile/environment-view.ts";
import type { LeafStatus } from "../reconcile/leaf-object.ts";
import { blueprintOf, heldBy, type KubeObject } from "../reconcile/object.ts";
import { LATER } from "./later.ts";
import type { Foreseen } from "./plan.ts";

/** What would happen to one Kubernetes object that a composite is made of. */
export interface PlannedChild {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: "create" | "update" | "delete" | "wait" | "refuse" | "none";
  readonly message?: string | undefined;
}

/** What planning composites needs. */
export interface ChildrenContext {
  readonly environments: { get(name: string | undefined): CompositeEnvironment | EnvironmentProblem };
  /** Objects of ours, as the cluster has them. */
  live(kind: string, namespace: string, name: string): KubeObject<unknown, LeafStatus> | undefined;
  /** As `Seen.secretVersion`. */
  secretVersion(name: string, namespace: string): string | undefined;
  /** As `Seen.within`, of the cluster and of what is planned. */
  within(namespace: string): readonly KubeObject[];
  /** Any object, as the cluster has it. */
  child(ref: ChildRef, namespace: string): KubeObject | undefined;
  /** What an object will tell that is yet to be made; undefined when nobody plans to make it. */
  foreseen(kind: string, namespace: string, name: string): Foreseen | undefined;
}

/** What one composite comes to: its Kubernetes objects, and those of them that are leaves of ours. */
export interface PlannedComposite {
  readonly children: readonly PlannedChild[];
  readonly manifests: readonly Manifest[];
}

/** The object with the generation that it has once it is applied. */
function asWritten(object: CompositeObject, live: KubeObject | undefined): CompositeObject {
  const before = live?.metadata.generation ?? 0;
  const generation = live && isDeepStrictEqual(live.spec, object.spec) ? before : before + 1;
  return { ...object, metadata: { ...object.metadata, generation } };
}

/** Plans one composite: the same `compose` and `decideChild` as the operator, then nothing is applied. */
export function planComposite(
  composite: Composite<CompositeSpec>,
  object: CompositeObject,
  context: ChildrenContext,
): PlannedComposite {
  const namespace = object.metadata.namespace ?? "";
  const { name } = object.metadata;
  const live = context.live(object.kind, namespace, name);
  const self = { kind: object.kind, namespace, name };
  const held = heldBy(object);
  if (held) return { manifests: [], children: [{ ...self, action: "none", message: held.message }] };
  const environment = context.environments.get(object.spec.environmentRef?.name);
  if ("problem" in environment)
    return { manifests: [], children: [{ ...self, action: "wait", message: environment.problem.message }] };
  const resolved = new Map(
    composite
      .references(object.spec)
      .map((one): [string, Resolved] => [one.field, resolve(one.kind, namespace, one.name, context)]),
  );
  const { environments, child, secretVersion, within } = context;
  const lookups: CompositeLookups = {
    environments,
    lookup: () => undefined,
    live: child,
    secretVersion,
    within,
    blueprint: (home, blueprint) => within(home).filter((one) => blueprintOf(one) === blueprint),
    // Of what was spent a plan says nothing.
    parts: () => [],
    monthlyCost: () => undefined,
  };
  const composed = composite.compose(object.spec, seenBy(asWritten(object, live), environment, resolved, lookups));
  if ("invalid" in composed)
    return {
      manifests: [],
      children: [{ ...self, action: "refuse", message: `spec.${composed.invalid.field}: ${composed.invalid.message}` }],
    };
  const parent: Parent = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace,
    name,
    uid: live?.metadata.uid ?? LATER,
  };
  const children = composed.children.filter((child): child is Child => "object" in child);
  const pending = composed.children.filter((child) => "pending" in child);
  const manifests = children.map((child) => asApplied(child.object, parent));
  return {
    manifests,
    children: [
      ...manifests.map((manifest) => inWords(manifest, context.child(refOf(manifest), namespace), parent)),
      ...pending.map((child) => ({
        kind: child.ref.kind,
        ...placeOf(child.ref, namespace),
        action: "wait" as const,
        message: child.pending.message,
      })),
      ...gone(live, manifests, namespace),
    ],
  };
}

function resolve(kind: string, namespace: string, name: string, context: ChildrenContext): Resolved {
  const live = context.live(kind, namespace, name)?.status;
  const { outputs, effective } = live?.outputs ? live : (context.foreseen(kind, namespace, name) ?? {});
  if (outputs) return { outputs, ...(effective && { effective }) };
  return { pending: { reason: "DependencyNotFound", message: `${kind} ${namespace}/${name} does not exist.` } };
}

function inWords(manifest: Manifest, live: KubeObject | undefined, parent: Parent): PlannedChild {
  const self = { kind: manifest.kind, ...placeOf(refOf(manifest), parent.namespace) };
  const decision = decideChild(manifest, live, parent);
  switch (decision.do) {
    case "update":
      return { ...self, action: "update", message: decision.field };
    case "wait":
    case "refuse":
      return { ...self, action: decision.do, message: `${decision.reason}: ${decision.message}` };
    default:
      return { ...self, action: decision.do };
  }
}

/** What the composite was made of and is no longer. */
function gone(
  live: KubeObject | undefined,
  manifests: readonly Manifest[],
  namespace: string,
): readonly PlannedChild[] {
  const inventory = (live?.status as { inventory?: readonly ChildRef[] } | undefined)?.inventory ?? [];
  const isStill = (ref: ChildRef) => (one: Manifest) =>
    one.kind === ref.kind &&
    one.metadata.name === ref.name &&
    (one.metadata.namespace ?? "") === placeOf(ref, namespace).namespace;
  return inventory
    .filter((ref) => !manifests.some(isStill(ref)))
    .map((ref) => ({ kind: ref.kind, ...placeOf(ref, namespace), action: "delete" as const }));
}
