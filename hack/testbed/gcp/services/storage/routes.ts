/** From HTTP to the methods of the JSON API, by way of the engine: faults and journal know them by the names of storage.proto. */
import type { Engine } from "../../engine/engine.ts";
import { LostReply } from "../../engine/engine.ts";
import { toCloudError } from "../../engine/errors.ts";
import type { Message } from "../../engine/messages.ts";
import type { HttpAnswer, HttpRoute, RestRequest } from "../../engine/rest.ts";
import type { View } from "../../engine/store.ts";
import type { World } from "../../engine/world.ts";
import { bucketName } from "./names.ts";
import { absent, bad, refusalAnswer } from "./refusals.ts";

export interface StorageCall {
  readonly world: World;
  /** What reads see: the store, or the past while a fault freezes reads. */
  readonly view: View;
  /** Variables of the path, decoded; "" for one that the path has not. */
  readonly parameters: Readonly<Record<"bucket" | "object" | "notification" | "project", string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly http: RestRequest;
  /** Where the cloud is served: http://host:port */
  readonly base: string;
}

export interface Method {
  /** As in storage.proto: `CreateBucket`. */
  readonly name: string;
  /** Verb and path: `GET /storage/v1/b/{bucket}`. */
  readonly at: string;
  /** The query parameters it knows, beside those of all methods. */
  readonly query?: readonly string[];
  readonly plane?: "data";
  /** Gives the JSON of the answer, undefined for none. */
  readonly run?: (call: StorageCall) => Promise<unknown> | unknown;
  /** In place of `run`: gives the whole answer. */
  readonly answer?: (call: StorageCall) => Promise<HttpAnswer> | HttpAnswer;
}
export type Methods = readonly Method[];

const READS = /^(Get|List|Test|Read|QueryWrite)/;
const COMMON = [
  "alt",
  "fields",
  "key",
  "prettyPrint",
  "projection",
  "quotaUser",
  "userProject",
  "uploadType",
  "access_token",
];

interface Route {
  readonly method: Method;
  readonly verb: string;
  readonly regex: RegExp;
  readonly variables: readonly string[];
}

function routeOf(method: Method): Route {
  const [verb = "", path = ""] = method.at.split(" ");
  const variables = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  return {
    method,
    verb: verb.toLowerCase(),
    regex: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}/?$`),
    variables,
  };
}

/** @param engine asked for when the first call comes */
export function storageRoute(world: World, engine: () => Engine, methods: Methods): HttpRoute {
  const routes = methods.map(routeOf);

  return async (request, signal) => {
    const { encodedPath } = request;
    if (!/^\/(upload\/|download\/)?storage\/v1\//.test(encodedPath)) return undefined;
    // The client libraries download from here; it is the same method.
    const path = encodedPath.replace(/^\/download/, "");
    const found = routes.find(({ verb, regex }) => verb === request.verb && regex.test(path));
    if (found === undefined)
      return refusalAnswer(
        absent(`Nothing answers ${request.verb.toUpperCase()} ${path} in the test bed's Cloud Storage.`),
      );
    try {
      return await answer(found, path, request, signal);
    } catch (error) {
      if (error instanceof LostReply || signal.aborted) throw error;
      return refusalAnswer(toCloudError(error));
    }
  };

  async function answer({ method, regex, variables }: Route, path: string, request: RestRequest, signal: AbortSignal) {
    const values = (regex.exec(path) ?? []).slice(1).map(decodeURIComponent);
    const given = Object.fromEntries(variables.map((name, index) => [name, values[index] ?? ""]));
    const parameters = { bucket: "", object: "", notification: "", project: "", ...given };
    const { query, body } = request;
    const facts = {
      method: `google.storage.v2.Storage.${method.name}`,
      resource: resourceOf(parameters, query, body),
      mutating: !READS.test(method.name),
      plane: method.plane ?? ("control" as const),
      request: { ...parameters, ...Object.fromEntries(query), ...(body === undefined ? {} : { body }) } as Message,
    };
    const base = `http://${request.headers.host ?? "test.bed"}`;
    return engine().call(facts, signal, async (view) => {
      for (const name of query.keys())
        if (!COMMON.includes(name) && !(method.query ?? []).includes(name)) throw bad(`Unknown parameter: ${name}`);
      const call = { world, view, parameters, query, body, http: request, base };
      if (method.answer) return method.answer(call);
      const result = await method.run?.(call);
      return { status: result === undefined ? 204 : 200, body: result };
    });
  }
}

function resourceOf(parameters: StorageCall["parameters"], query: URLSearchParams, body: unknown): string {
  const { bucket, object, notification, project } = parameters;
  if (project !== "") return `projects/${project}`;
  if (bucket === "") {
    const name = (body as { name?: unknown } | undefined)?.name;
    return typeof name === "string" ? bucketName(name) : `projects/${query.get("project") ?? ""}`;
  }
  if (notification !== "") return `${bucketName(bucket)}/notificationConfigs/${notification}`;
  const name = object === "" ? (query.get("name") ?? "") : object;
  return name === "" ? bucketName(bucket) : `${bucketName(bucket)}/objects/${name}`;
}
