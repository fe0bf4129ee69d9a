import { APPLIED_HASH, CHILD_MARKS } from "../reconcile/children.ts";
import { identities } from "../reconcile/list-keys.ts";
import { GROUP, type KubeObject } from "../reconcile/object.ts";
import { isQuantity, quantityValue } from "../reconcile/quantity.ts";
import { ownedPart } from "./owned.ts";

/** A value in a form in which equal means equal: no lists but of what has no identity, no two ways to write a number. */
export type Normal = string | number | boolean | null | { readonly [key: string]: Normal } | readonly Normal[];

/** Annotations that hold a sum over values that are compared themselves, or that a tool leaves behind. */
const PASSING = [
  APPLIED_HASH,
  `${GROUP}/config-hash`,
  `${GROUP}/reconcile-requested-at`,
  "kubectl.kubernetes.io/last-applied-configuration",
  "deployment.kubernetes.io/revision",
  "argocd.argoproj.io/tracking-id",
];

/** Labels that name an object of one cluster. */
const LOCAL = [CHILD_MARKS.ownerUid as string];

const SERVICE = `${GROUP}/service`;

/** What of an object is compared: what was applied, and of our own kinds how it went and what came of it. */
export function normalise(object: KubeObject): { readonly [key: string]: Normal } {
  const owned = ownedPart(object as unknown as Record<string, unknown>);
  const { metadata, status: _status, apiVersion, kind, ...body } = owned as unknown as KubeObject;
  const { labels, annotations, ownerReferences } = metadata;
  const name = nameOf(object);
  const told = object.apiVersion.startsWith(`${GROUP}/`) ? statusOf(object) : undefined;
  const shown = {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: metadata.namespace,
      labels,
      annotations,
      ownerReferences: ownerReferences?.map(({ uid: _uid, ...reference }) => reference),
    },
    ...body,
    ...(told ? { status: told } : {}),
  };
  return normal(shapes[kind]?.(shown) ?? shown, "", "") as { readonly [key: string]: Normal };
}

/** The same object on both clusters: the name of a Job ends in a hash over its pods, whose image has a registry. */
export function nameOf(object: KubeObject): string {
  const { name, labels } = object.metadata;
  const service = labels?.[SERVICE];
  return object.kind === "Job" && service && /^-[0-9a-f]{8}$/.test(name.slice(service.length)) ? `${service}-*` : name;
}

function statusOf(object: KubeObject): Record<string, unknown> {
  const status = (object.status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
    readonly outputs?: object;
    readonly effective?: object;
    readonly image?: string;
  };
  const ready = status.conditions?.find((one) => one.type === "Ready");
  const isObserved =
    (object.spec as { readonly managementPolicy?: string } | undefined)?.managementPolicy === "Observe";
  return {
    ready: ready && `${ready.status} (${ready.reason})`,
    outputs: status.outputs,
    // What is only observed is nobody's wish.
    effective: isObserved ? undefined : status.effective,
    image: status.image,
  };
}

/** Kinds whose lists have no names of their own: their items get one that tells what they say. */
const shapes: Readonly<Record<string, (object: Record<string, unknown>) => Record<string, unknown>>> = {
  NetworkPolicy: (object) => inSpec(object, "egress", (rules) => byText(rules as readonly Egress[], egressText)),
  ScaledObject: (object) =>
    inSpec(object, "triggers", (triggers) => byText((triggers as readonly Trigger[]).map(comparable), triggerText)),
  Bucket: (object) =>
    inEffective(inEffective(inEffective(object, "lifecycle", nameless), "cors", nameless), "notifications", named),
};

const named = (items: unknown) => byText(items as readonly { readonly name: string }[], ({ name }) => name);

/** Rules of a bucket by what they do: Cloud Storage keeps no names of them. */
const nameless = (rules: unknown) =>
  byText(
    (rules as readonly { readonly name?: string }[]).map(({ name: _spec, ...rule }) => rule),
    (rule) => JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1))),
  );

function inEffective(
  object: Record<string, unknown>,
  field: string,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  const status = object.status as { readonly effective?: Readonly<Record<string, unknown>> } | undefined;
  const value = status?.effective?.[field];
  if (value === undefined) return object;
  return { ...object, status: { ...status, effective: { ...status?.effective, [field]: change(value) } } };
}

function inSpec(
  object: Record<string, unknown>,
  field: string,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  const spec = object.spec as Record<string, unknown> | undefined;
  return spec?.[field] === undefined ? object : { ...object, spec: { ...spec, [field]: change(spec[field]) } };
}

function byText<T>(items: readonly T[], text: (item: T) => string): Record<string, unknown> {
  return Object.fromEntries(items.map((item) => [text(item), item]));
}

interface Egress {
  readonly to?: readonly { readonly ipBlock?: { readonly cidr: string } }[];
  readonly ports?: readonly { readonly protocol?: string; readonly port?: number | string }[];
}

/** `169.254.170.23/32 TCP/80` */
function egressText({ to, ports }: Egress): string {
  const targets = (to ?? []).map((peer) => peer.ipBlock?.cidr ?? JSON.stringify(peer));
  const through = (ports ?? []).map(({ protocol, port }) => `${protocol ?? "TCP"}/${port}`);
  return [...(targets.length > 0 ? targets : ["anywhere"]), ...through].join(" ");
}

interface Trigger {
  readonly type: string;
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Under which names each trigger has the backlog of a replica and the backlog that wakes up. */
const TARGETS: Readonly<Record<string, { readonly target: string; readonly activation: string }>> = {
  "aws-sqs-queue": { target: "queueLength", activation: "activationQueueLength" },
  prometheus: { target: "threshold", activation: "activationThreshold" },
};

function comparable(trigger: Trigger): Trigger & Record<string, unknown> {
  const names = TARGETS[trigger.type];
  if (!names) return { ...trigger };
  const { [names.target]: target, [names.activation]: activation, ...metadata } = trigger.metadata ?? {};
  return { ...trigger, target, activation, metadata };
}

const triggerText = (trigger: Trigger): string => trigger.name ?? trigger.type;

function normal(value: unknown, parent: string, key: string): Normal | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) {
    const names = identities(key, value);
    const items = value.map((item) => normal(item, key, "") ?? null);
    return names ? Object.fromEntries(names.map((name, at) => [name, items[at] as Normal])) : items;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).flatMap(([name, one]) => {
      if (key === "annotations" && PASSING.includes(name)) return [];
      if (key === "labels" && LOCAL.includes(name)) return [];
      const item = normal(one, key, name);
      return item === undefined ? [] : [[name, item] as const];
    });
    return entries.length === 0 && key === "annotations" ? undefined : Object.fromEntries(entries);
  }
  if (isQuantity(parent, key) && (typeof value === "string" || typeof value === "number")) {
    const amount = quantityValue(value);
    return amount === undefined ? value : `${amount} billionths`;
  }
  return value as Normal;
}
