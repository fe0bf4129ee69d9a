import { isDeepStrictEqual } from "node:util";
import { PRIORITY, type Priority } from "../runtime/queue.ts";
import type { ReflectorEvent } from "../runtime/reflector.ts";
import { keyOf } from "../runtime/resource.ts";
import { SECRETS } from "../runtime/secrets.ts";
import type { Whole } from "./composite-object.ts";
import type { Cached } from "./leaf-controller.ts";
import type { LeafSpec, LeafStatus, Reference } from "./leaf-object.ts";
import { blueprintOf, GROUP, hasFinalizer, isDeleting, type KubeObject, VERSION } from "./object.ts";
import type { RunStatus } from "./run-object.ts";

/** What stands for a kind of ours, leaf or composite. */
export interface Definition {
  readonly kind: string;
  references(spec: unknown): readonly Reference[];
  secrets?(spec: unknown): readonly string[];
  blueprint?(spec: unknown): string | undefined;
  partOf?(spec: unknown): Whole | undefined;
}

export const wholeKey = ({ kind, name }: Whole): string => `${kind}/${name}`;

/** What sums this object up. */
export function wholesOf(definition: Definition | undefined, { spec }: KubeObject): readonly Whole[] {
  const whole = definition?.partOf?.(spec);
  return whole ? [whole] : [];
}

/** What sums the object up, or did so before. */
export function wholesIn(event: ReflectorEvent<Cached>, definitions: readonly Definition[]): readonly Whole[] {
  const definition = definitions.find(({ kind }) => kind === event.object.kind);
  const before = event.type === "updated" ? wholesOf(definition, event.old) : [];
  return [...before, ...wholesOf(definition, event.object)];
}

/** Whether its status says another thing than before, or it came or went. */
export const tellsOther = (event: ReflectorEvent<Cached>): boolean =>
  event.type === "updated" ? !isDeepStrictEqual(event.old.status, event.object.status) : !event.initial;

/** What a blueprint is called among what objects refer to. It is no object, and belongs to no namespace there. */
export const BLUEPRINT_KIND = "Blueprint";

/** The blueprint that an object is part of, with its namespace. */
export const blueprintKeys = (object: KubeObject): readonly string[] => {
  const name = blueprintOf(object);
  return name ? [keyOf({ namespace: object.metadata.namespace, name })] : [];
};

/** The blueprints that are another now. What only status says is no part of them. */
export function blueprintsIn(event: ReflectorEvent<Cached>): readonly string[] {
  const [before, after]: (KubeObject | undefined)[] = [event.type === "updated" ? event.old : undefined, event.object];
  if (
    before?.metadata.generation === after?.metadata.generation &&
    sameRecord(before?.metadata.labels, after?.metadata.labels)
  )
    return [];
  const names = [before, after].flatMap((object) => (object && blueprintOf(object)) ?? []);
  return [...new Set(names)];
}

export function referenceKeys(
  definition: Definition,
  { spec, metadata: { namespace } }: KubeObject,
): readonly string[] {
  const secrets = definition.secrets?.(spec).map((name) => ({ kind: SECRETS.kind, name })) ?? [];
  const keys = [...definition.references(spec), ...secrets].map(
    ({ kind, name }) => `${kind}/${keyOf({ namespace, name })}`,
  );
  const blueprint = definition.blueprint?.(spec);
  return [...new Set([...keys, ...(blueprint ? [`${BLUEPRINT_KIND}/${blueprint}`] : [])])];
}

const referencesOf = (object: KubeObject, definitions: readonly Definition[]): readonly string[] => {
  const definition = definitions.find(({ kind }) => kind === object.kind);
  return definition ? referenceKeys(definition, object) : [];
};

/** What the object refers to, or referred to before. */
export function referencesIn(event: ReflectorEvent<Cached>, definitions: readonly Definition[]): readonly string[] {
  const before = event.type === "updated" ? referencesOf(event.old, definitions) : [];
  return [...new Set([...before, ...referencesOf(event.object, definitions)])];
}

export const refersOther = (event: ReflectorEvent<Cached>, definitions: readonly Definition[]): boolean =>
  event.type === "updated" &&
  referencesOf(event.old, definitions).join() !== referencesOf(event.object, definitions).join();

/** What has one user less, or one that is about to leave, as kind and key. */
export function usesOther(
  event: ReflectorEvent<Cached>,
  definitions: readonly Definition[],
): readonly (readonly [string, string])[] {
  const leaves = event.type === "updated" && isDeleting(event.object) && !isDeleting(event.old);
  if (event.type !== "deleted" && !leaves && !refersOther(event, definitions)) return [];
  return referencesIn(event, definitions).map((reference) => {
    const at = reference.indexOf("/");
    return [reference.slice(0, at), reference.slice(at + 1)] as const;
  });
}

export const copyKeys = ({ metadata: { namespace }, status }: KubeObject<unknown, LeafStatus>): readonly string[] =>
  status?.syncedTo ? [keyOf({ namespace, name: status.syncedTo.name })] : [];

/** The Secrets whose value has another version now. */
export function copiesOther(event: ReflectorEvent<Cached>): readonly string[] {
  if (event.initial) return [];
  if (event.type !== "updated") return copyKeys(event.object);
  const [before, after]: (LeafStatus | undefined)[] = [event.old.status, event.object.status];
  if (before?.syncedTo?.version === after?.syncedTo?.version && before?.syncedTo?.name === after?.syncedTo?.name)
    return [];
  return [...new Set([...copyKeys(event.old), ...copyKeys(event.object)])];
}

/** Whether a run is over that may have been under way: another one may begin in its place. */
export function endsRun(event: ReflectorEvent<Cached>): boolean {
  if (event.type !== "updated") return event.type === "deleted";
  const [before, after]: (RunStatus | undefined)[] = [event.old.status, event.object.status];
  return before?.finishedAt === undefined && after?.finishedAt !== undefined;
}

/**
 * How urgent an object is of which only its state is known: after a start, or when its Environment has become known. What
 * was made, changed or deleted since the last pass comes before those at rest, which may be thousands.
 */
export function urgencyOf({
  metadata,
  status,
}: KubeObject<unknown, { readonly observedGeneration?: number }>): Priority {
  return status?.observedGeneration === metadata.generation ? PRIORITY.resync : PRIORITY.changed;
}

/** Whether a pass could come to something else than before: our own finalizer and status writes can't. */
export function concerns(event: ReflectorEvent<Cached>): boolean {
  if (event.type !== "updated") return true;
  const [before, after]: [KubeObject["metadata"], KubeObject["metadata"]] = [event.old.metadata, event.object.metadata];
  return (
    before.generation !== after.generation ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    !sameRecord(before.annotations, after.annotations) ||
    !sameRecord(before.labels, after.labels) ||
    (hasFinalizer(event.old) && !hasFinalizer(event.object)) ||
    (event.old.status !== undefined && event.object.status === undefined)
  );
}

/** Whether what others take from this object has changed. */
export function givesOther(event: ReflectorEvent<Cached>): boolean {
  if (event.initial) return false;
  if (event.type !== "updated") return true;
  const gives = (object: KubeObject<unknown, LeafStatus>) =>
    JSON.stringify([
      object.metadata.deletionTimestamp,
      object.metadata.uid,
      object.status?.externalId,
      object.status?.outputs,
      object.status?.effective?.encryptionKey,
    ]);
  return gives(event.old) !== gives(event.object);
}

/** Whether the counts of an Environment may have changed. */
export function countsOther(event: ReflectorEvent<Cached>): boolean {
  if (event.type !== "updated") return !event.initial;
  const counts = (object: KubeObject<LeafSpec, LeafStatus>) =>
    JSON.stringify([
      object.spec?.enabled,
      object.status?.environment,
      ...(object.status?.conditions ?? [])
        .filter((one) => one.type === "Ready" || one.type === "Stalled")
        .map((one) => one.status),
    ]);
  return counts(event.old) !== counts(event.object);
}

export function parentOf(object: KubeObject): { readonly kind: string; readonly name: string } | undefined {
  return object.metadata.ownerReferences?.find((one) => one.controller && one.apiVersion === `${GROUP}/${VERSION}`);
}

function sameRecord(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
