import { type ApiError, beginningOf, StreamError, statusToApiError } from "./errors.ts";
import type { KubeObject } from "./resource.ts";

/** One line of a watch, understood. */
export type WatchEvent =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: KubeObject }
  | { readonly type: "bookmark"; readonly resourceVersion: string; readonly endsInitialEvents: boolean }
  | { readonly type: "error"; readonly error: ApiError };

const OBJECT_EVENTS: Readonly<Record<string, "added" | "modified" | "deleted">> = {
  ADDED: "added",
  MODIFIED: "modified",
  DELETED: "deleted",
};

/** Set on the bookmark that ends the initial events of a watch with `sendInitialEvents`. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/**
 * @param source what was watched, for messages
 * @throws StreamError `invalid` for what is no watch event
 */
export function decodeWatchEvent(source: string, value: unknown): WatchEvent {
  const { type, object } = (value ?? {}) as { type?: unknown; object?: Partial<KubeObject> };
  if (type === "ERROR") return { type: "error", error: statusToApiError(source, object) };
  const meta = object?.metadata;
  if (type === "BOOKMARK" && typeof meta?.resourceVersion === "string") {
    const endsInitialEvents = meta.annotations?.[INITIAL_EVENTS_END] === "true";
    return { type: "bookmark", resourceVersion: meta.resourceVersion, endsInitialEvents };
  }
  const kind = typeof type === "string" && Object.hasOwn(OBJECT_EVENTS, type) ? OBJECT_EVENTS[type] : undefined;
  if (kind && isMeta(meta)) return { type: kind, object: object as KubeObject };
  throw new StreamError("invalid", `${source}: a line of the watch is no watch event: ${beginningOf(value)}`);
}

/** Of what is used before anybody looks at it: what keys and indexes are made of. */
function isMeta(meta: Partial<Record<keyof KubeObject["metadata"], unknown>> | undefined): boolean {
  const { name, namespace = "-", uid = "-", resourceVersion, annotations, labels } = meta ?? {};
  return (
    [name, resourceVersion].every(isText) && [namespace, uid].every(isString) && [annotations, labels].every(isMap)
  );
}

const isString = (value: unknown): boolean => typeof value === "string";

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Or absent. */
const isMap = (value: unknown): boolean => value === undefined || typeof value === "object";
