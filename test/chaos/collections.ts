import { apiVersionOf, collectionPath, type KubeObject, type ResourceType } from "../../operator/runtime/resource.ts";
import { OWN_TYPES } from "../support/api.ts";
import type { FaultProxy, ProxyCall } from "../support/fault-proxy.ts";

/** Requests for all objects of one type in one namespace, seen at the boundary of the API server. */
export interface Collection {
  readonly type: ResourceType;
  readonly path: string;
  /** Whether a request is about all of its objects. */
  isOf(call: ProxyCall): boolean;
  /** Whether a request watches it, from a position or from the whole state. */
  watches(call: ProxyCall): boolean;
  /** Whether a request has the whole state sent, as a list or as a watch that begins with it; pages after the first don't count. */
  relists(call: ProxyCall): boolean;
  /** One line of a watch. */
  line(event: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK", object: object): string;
}

/** @throws Error for a kind that is not ours */
export function ownType(kind: string): ResourceType {
  const type = OWN_TYPES.get(kind);
  if (!type) throw new Error(`There is no type for ${kind}.`);
  return type;
}

export function collectionOf(type: ResourceType, namespace: string): Collection {
  const path = collectionPath(type, type.namespaced ? namespace : undefined);
  return {
    type,
    path,
    isOf: (call) => pathOf(call) === path,
    watches: (call) => pathOf(call) === path && isWatch(call),
    relists: (call) => pathOf(call) === path && isRelist(call),
    line: (event, object) =>
      `${JSON.stringify({ type: event, object: { ...object, apiVersion: apiVersionOf(type), kind: type.kind } })}\n`,
  };
}

export const pathOf = ({ path }: Pick<ProxyCall, "path">): string => path.split("?")[0] ?? "";
export const queryOf = ({ path }: Pick<ProxyCall, "path">): URLSearchParams => new URLSearchParams(path.split("?")[1]);

export const isWatch = (call: ProxyCall): boolean => call.method === "GET" && queryOf(call).get("watch") === "true";

/** The collections of a namespace that are watched at this moment. */
export function watchedPaths({ streams }: Pick<FaultProxy, "streams">, namespace: string): ReadonlySet<string> {
  const calls = [...streams.open].map(({ call }) => call).filter(({ status }) => status === 200);
  return new Set(calls.map(pathOf).filter((path) => path.includes(`/namespaces/${namespace}/`)));
}

/** The whole state of any type. */
export function isRelist(call: ProxyCall): boolean {
  const query = queryOf(call);
  if (call.method !== "GET" || !call.operation.startsWith("list ") || query.has("continue")) return false;
  return query.get("watch") !== "true" || query.get("sendInitialEvents") === "true";
}

/** An answer of the API server that says no. */
export const statusOf = (code: number, reason: string, more: object = {}): string =>
  JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `${reason}, as the test wants it`,
    reason,
    code,
    ...more,
  });

/** The line with which a watch tells that it can't go on. */
export const errorLine = (code: number, reason: string): string =>
  `{"type":"ERROR","object":${statusOf(code, reason)}}\n`;

/** A line of a watch, read. */
export function readLine(line: string): { readonly type: string; readonly object: KubeObject } {
  return JSON.parse(line);
}
