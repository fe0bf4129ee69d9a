import type { Estimate } from "../cost/estimate.ts";
import { ProviderError } from "../provider/fault.ts";
import type { Present, Wanted } from "../provider/provider.ts";
import type { Consent } from "../reconcile/approval.ts";
import type { Decision } from "../reconcile/decide.ts";
import type { Environments } from "../reconcile/environment-view.ts";
import { prepare, type SourceState } from "../reconcile/gather.ts";
import type { Later } from "../reconcile/lasting.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus, Reference, Source } from "../reconcile/leaf-object.ts";
import { decideKnowing, look } from "../reconcile/look.ts";
import type { KubeObject } from "../reconcile/object.ts";
import { effective, INPUTS, type Seen } from "../reconcile/report.ts";
import { situationOf } from "../reconcile/situation.ts";
import { LATER, laterOutputs } from "./later.ts";

/** What would happen to one object in the cloud. */
export interface PlannedLeaf {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly cloud: string;
  readonly environment: string;
  /** Name in the cloud. */
  readonly externalName: string;
  readonly action:
    | "create"
    | "update"
    | "replace"
    | "adopt"
    | "delete"
    | "release"
    | "wait"
    | "refuse"
    | "none"
    | "error";
  /** The value of the annotation onyx.onelens.io/approve with which a refused act would go on, and what it loses. */
  readonly approve?: { readonly word: string; readonly loses: string } | undefined;
  /** For people: why, when it is no plain create or update. */
  readonly message?: string | undefined;
  readonly changes: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
  /** Fields in which this cloud does other than asked. */
  readonly deviations: readonly { readonly field: string; readonly kind: string; readonly message: string }[];
  /** By list prices, once it is as planned. */
  readonly cost?: Estimate | undefined;
  /** The values that would be in force, our marks included. */
  readonly want: Readonly<Record<string, unknown>> | undefined;
}

/** What planning needs besides the objects: the live ones, by kind, namespace and name, and the clouds. */
export interface PlanContext {
  readonly environments: Environments;
  /** The object as the cluster has it; undefined when it isn't there or there is no cluster. */
  live(kind: string, namespace: string, name: string): KubeObject<unknown, LeafStatus> | undefined;
  /** As `Lookups.referrers`. Absent: nobody knows of any. */
  referrers?(reference: Reference, namespace: string): readonly KubeObject<unknown, LeafStatus>[];
  /** What is known of a Secret that a value is taken from. Never its content. */
  source?(source: Source, namespace: string): SourceState | undefined;
  /** What an object will tell that is yet to be made; undefined when nobody plans to make it. */
  foreseen(kind: string, namespace: string, name: string): Foreseen | undefined;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** What status will tell, once an object is made. */
export type Foreseen = Required<Pick<LeafStatus, "outputs" | "effective">>;

/** Plans leaves: the same gathering and the same `decide` as the operator, then nothing is executed. */
export async function planLeaves(
  leaves: readonly Leaf<LeafSpec, Wanted>[],
  objects: readonly LeafObject[],
  context: PlanContext,
): Promise<readonly PlannedLeaf[]> {
  const planned = objects.map((object) => {
    const leaf = leaves.find((one) => one.kind === object.kind);
    return leaf ? planLeaf(leaf, object, context) : undefined;
  });
  return (await Promise.all(planned)).filter((one) => one !== undefined);
}

async function planLeaf(leaf: Leaf<LeafSpec, Wanted>, object: LeafObject, context: PlanContext): Promise<PlannedLeaf> {
  const namespace = object.metadata.namespace ?? "";
  const live = context.live(object.kind, namespace, object.metadata.name);
  const merged = merge(object, live);
  const prepared = prepare(leaf, merged, {
    environments: context.environments,
    source: (source, inNamespace) => context.source?.(source, inNamespace),
    referrers: (reference, inNamespace) => context.referrers?.(reference, inNamespace) ?? [],
    lookup: (reference, inNamespace) => {
      const found = context.live(reference.kind, inNamespace, reference.name);
      if (found?.status?.outputs) return found;
      const foreseen = context.foreseen(reference.kind, inNamespace, reference.name);
      return foreseen ? asMade(reference, inNamespace, foreseen) : found;
    },
  });
  const base = { kind: leaf.kind, namespace, name: object.metadata.name };
  if ("blocked" in prepared)
    return {
      ...base,
      cloud: "",
      environment: object.spec.environmentRef?.name ?? "",
      externalName: object.spec.externalName ?? "",
      action: prepared.blocked.stalled ? "refuse" : "wait",
      message: `${prepared.blocked.reason}: ${prepared.blocked.message}`,
      changes: [],
      deviations: [],
      want: undefined,
    };
  const told = {
    ...base,
    cloud: prepared.environment.cloud,
    environment: prepared.environment.name,
    externalName: prepared.name,
    deviations: prepared.deviations,
    cost: prepared.cost,
    want: prepared.want as Readonly<Record<string, unknown>> | undefined,
  };
  try {
    const call = { signal: context.signal, owner: prepared.owner, token: "plan" };
    const found = await look(prepared, merged, call);
    const situation = situationOf(merged, found.prepared, found.seen, context.now());
    const decision = await decideKnowing(situation, found.prepared, call);
    return { ...told, externalName: found.prepared.name, ...inWords(decision, found.seen, prepared.want) };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { ...told, action: "error", message: `${error.message} (${error.code})`, changes: [] };
  }
}

/** Stands for an object that is yet to be made. */
function asMade(reference: Reference, namespace: string, foreseen: Foreseen): KubeObject<unknown, LeafStatus> {
  const metadata = { name: reference.name, namespace };
  return { apiVersion: "", kind: reference.kind, metadata, status: { ...foreseen, externalId: LATER } };
}

/**
 * Tells the outputs that objects will have that are yet to be made, from their names where the cloud derives ids from
 * names, else a word that says so; and what will be in force. Each is worked out once; a circle of references ends in that word.
 */
export function foreseer(
  leaves: readonly Leaf<LeafSpec, Wanted>[],
  objects: readonly LeafObject[],
  context: Pick<PlanContext, "environments" | "live">,
): PlanContext["foreseen"] {
  const known = new Map<string, Foreseen>();
  const foreseen: PlanContext["foreseen"] = (kind, namespace, name) => {
    const key = `${kind}/${namespace}/${name}`;
    const before = known.get(key);
    if (before) return before;
    const leaf = leaves.find((one) => one.kind === kind);
    const object = objects.find((one) => keyOf(one) === key);
    if (!leaf || !object) return undefined;
    const later = laterOutputs(kind);
    known.set(key, { outputs: later, effective: {} });
    const prepared = prepare(leaf, object, {
      environments: context.environments,
      source: () => ({ revision: LATER }),
      lookup(reference, inNamespace) {
        const live = context.live(reference.kind, inNamespace, reference.name);
        if (live?.status?.outputs) return live;
        const other = foreseen(reference.kind, inNamespace, reference.name);
        return other && asMade(reference, inNamespace, other);
      },
    });
    if (!("blocked" in prepared) && prepared.want) {
      const outputs = prepared.provider.foresee?.(prepared.name, prepared.want) ?? later;
      known.set(key, { outputs, effective: effective(prepared.want) });
    }
    return known.get(key);
  };
  return foreseen;
}

/** The object as it would be after apply: the file's spec, the cluster's identity and status. */
function merge(object: LeafObject, live: KubeObject<unknown, LeafStatus> | undefined): LeafObject {
  if (!live) return { ...object, metadata: { ...object.metadata, uid: LATER } };
  return {
    ...object,
    metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, ...object.metadata.annotations } },
    ...(live.status ? { status: live.status } : {}),
  };
}

function inWords(
  decision: Decision,
  seen: Seen<Wanted>,
  want: Wanted | undefined,
): Pick<PlannedLeaf, "action" | "message" | "changes" | "approve"> {
  switch (decision.do) {
    case "create":
      return {
        action: "create",
        ...laterInWords(decision.later),
        changes: Object.entries(want ?? {})
          .filter(([field, value]) => !UNSAID.has(field) && value !== null && !isEmpty(value))
          .map(([field, value]) => ({ field, from: null, to: value })),
      };
    case "update":
      return {
        action: "update",
        ...laterInWords(decision.later, decision.because === "spec" ? undefined : WHY[decision.because]),
        changes: decision.changes.map(({ field, want: to, actual: from }) => ({ field, from, to })),
      };
    case "adopt":
      return { action: "adopt", message: `${(seen as Present<Wanted, unknown>).id} gets our marks`, changes: [] };
    case "delete":
      return {
        action: "delete",
        message: (seen as Present<Wanted, unknown>).id + (decision.backup ? ", after a final backup" : ""),
        changes: [],
      };
    case "replace":
      return {
        action: "replace",
        message: `approved: a new one takes its place, the old one ${decision.keep ? "stays in the cloud and is no longer ours" : "is deleted"}`,
        changes: decision.changes.map(({ field, want: to, actual: from }) => ({ field, from, to })),
      };
    case "refuse":
      return {
        action: "refuse",
        message: `${decision.reason}: ${decision.message}`,
        changes: (decision.consent?.changes ?? []).map(({ field, want: to, actual: from }) => ({ field, from, to })),
        ...approveOf(decision.consent),
      };
    case "none":
      return {
        action: "none",
        changes: decision.drift.map(({ field, want: to, actual: from }) => ({ field, from, to })),
        ...(decision.drift.length > 0 ? { message: "differs, and is left so by policy" } : {}),
      };
    default:
      return { action: decision.do, message: `${decision.reason}: ${decision.message}`, changes: [] };
  }
}

const approveOf = (consent: Consent | undefined): Pick<PlannedLeaf, "approve"> =>
  consent ? { approve: { word: consent.word, loses: consent.loses } } : {};

/** What is left undone when the rest is done. */
const laterInWords = (later: Later | undefined, why?: string): Pick<PlannedLeaf, "message" | "approve"> => ({
  message: later ? [...(why ? [why] : []), `then ${later.reason}: ${later.message}`].join("; ") : why,
  ...approveOf(later?.consent),
});

const WHY = {
  drift: "the cloud was changed behind our back",
  schedule: "it is time",
  takeover: "made by an earlier object of this name",
  deletion: "so that it can be deleted",
} as const;

/** Tags are on everything. */
const UNSAID: ReadonlySet<string> = new Set(["tags", ...INPUTS]);
const isEmpty = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length === 0;
const keyOf = (object: KubeObject) => `${object.kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`;
