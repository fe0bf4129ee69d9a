import fc from "fast-check";
import type { z } from "zod";
import { kinds } from "../../crds/index.ts";
import { arbitraryOf } from "../../crds/testing/arbitrary.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { type Tried, titleOf } from "../../operator/provider/conformance/tried.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import type { LeafObject, LeafSpec } from "../../operator/reconcile/leaf-object.ts";
import { ANNOTATIONS } from "../../operator/reconcile/object.ts";
import type { LiveSubject } from "./subject.ts";

/** What one field of a spec is changed to. */
export interface Change {
  readonly field: string;
  readonly value: unknown;
}

/** Fields that say how an object is handled, and not what it is. */
const HANDLING = [
  ...["environmentRef", "externalName", "deletionPolicy", "managementPolicy", "adoptionPolicy", "driftPolicy"],
  ...["enabled", "disabledReason", "portability", "serviceAccountRef", "key", "recoveryDays"],
];
/**
 * Fields of which two objects of one spec can't show the same: a generated value comes by chance, and a Secret is kept by one
 * object alone.
 */
const OF_ONE: Readonly<Record<string, readonly string[]>> = { ManagedSecret: ["generate", "syncTo"] };
/**
 * Kinds of whose resources the cloud tells the same whenever they were made. Elsewhere it tells ids, versions or an order
 * that come by chance, and status.effective is compared alone.
 */
const TELLS_THE_SAME = ["Queue", "Topic", "Bucket"];
/** So many values of each field are tried for one that can stand alone. */
const VALUES = 6;

/** Values of each field of a kind, as its schema has them; which of them go together the API server knows. */
export function changesOf({ kind }: Tried, seed: number): Change[] {
  const declared = kinds.find((one) => one.kind === kind.leaf.kind);
  if (!declared) throw new Error(`${kind.leaf.kind} is not declared.`);
  const { shape } = declared.spec.def as unknown as { readonly shape: Readonly<Record<string, z.ZodType>> };
  const base = kind.spec() as Readonly<Record<string, unknown>>;
  const known = new Set(referencesOf(kind.leaf, base));
  return Object.entries(shape)
    .filter(
      ([field]) =>
        !OF_ONE[kind.leaf.kind]?.includes(field) &&
        !HANDLING.includes(field) &&
        !(kind.guard && field in kind.guard.off),
    )
    .flatMap(([field, schema]) =>
      fc
        .sample(arbitraryOf(schema), { seed, numRuns: VALUES })
        .filter((value) => value !== undefined && JSON.stringify(value) !== JSON.stringify(base[field]))
        .map((value) => ({ field, value }))
        // What would have to be there first is another matter.
        .filter((change) => referencesOf(kind.leaf, { ...base, ...overOf(change) }).every((one) => known.has(one))),
    );
}

export const overOf = ({ field, value }: Change): Over => ({ [field]: value });

function referencesOf(leaf: Tried["kind"]["leaf"], spec: object): readonly string[] {
  const secrets = leaf.sources?.(spec as LeafSpec) ?? [];
  return [...leaf.references(spec as LeafSpec), ...secrets].map((one) => JSON.stringify(one));
}

/** Where an object came to rest, with nothing in it that another object of the same spec would not have. */
export interface Rest {
  /** `Ready`, or why it is not: the reason of `Stalled` or of `Ready`. */
  readonly state: string;
  readonly effective: unknown;
  readonly cloud: unknown;
}

/** Why it rests, or undefined while it does not. */
export function resting({ status, metadata }: LeafObject): string | undefined {
  if (status?.observedGeneration !== metadata.generation) return undefined;
  const word = status?.approval?.word;
  if (word !== undefined && metadata.annotations?.[ANNOTATIONS.approve] === word) return undefined;
  const holds = (type: "Ready" | "Synced" | "Stalled") => condition(status?.conditions, type)?.status === "True";
  if (holds("Stalled")) return condition(status?.conditions, "Stalled")?.reason;
  return holds("Ready") && holds("Synced") ? "Ready" : undefined;
}

export async function restOf(subject: LiveSubject): Promise<Rest> {
  const object = await subject.find();
  if (!object) throw new Error(`${subject.title} is not there.`);
  return {
    state: resting(object) ?? condition(object.status?.conditions, "Ready")?.reason ?? "Unknown",
    effective: neutral(object.status?.effective, object),
    // What was refused has no name yet.
    cloud:
      object.status?.externalName && TELLS_THE_SAME.includes(titleOf(subject.tried))
        ? neutral(await subject.snapshot(), object)
        : undefined,
  };
}

/** What tells when, how often, or which one. */
const CHANCE = /etag|time(stamp)?$|date$|created|updated|generation|fingerprint|version(s|Id)?$|^uid$|projectNumber/i;
const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+Z?/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

function neutral(value: unknown, { metadata, status }: LeafObject): unknown {
  if (value === undefined) return undefined;
  const names = [
    ...[metadata.uid, status?.externalId, status?.externalName, ...Object.values(status?.outputs ?? {})],
    metadata.name,
  ].filter((one): one is string => typeof one === "string" && one.length > 3);
  const text = JSON.stringify(value, (key, inner) => (CHANCE.test(key) ? undefined : inner));
  const named = [...new Set(names)]
    .sort((a, b) => b.length - a.length)
    .reduce((all, name) => all.replaceAll(JSON.stringify(name).slice(1, -1), "<its>"), text);
  return JSON.parse(named.replaceAll(MOMENT, "<moment>").replaceAll(UUID, "<uuid>"));
}
