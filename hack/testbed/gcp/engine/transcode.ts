/** HTTP requests to RPC requests, as google.api.http says (google/api/http.proto). */
import protobuf from "protobufjs";
import type { HttpRule } from "./annotations.ts";
import type { Definitions, Method } from "./definitions.ts";
import { CloudError, invalid } from "./errors.ts";
import { fromJson } from "./json.ts";
import { camel, type Message } from "./messages.ts";

export interface HttpRequest {
  /** Lower case. */
  readonly verb: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON, or undefined when there was none. */
  readonly body: unknown;
}

export interface Transcoded {
  readonly method: Method;
  readonly request: Message;
}

interface Route {
  readonly method: Method;
  readonly rule: HttpRule;
  readonly regex: RegExp;
  readonly variables: readonly string[];
}

/** One segment for *, any number of segments for **, as google/api/http.proto says. */
const WILDCARDS: Readonly<Record<string, string>> = { "/**": "(?:/.+)?", "**": ".+", "*": "[^/:]+" };
const wildcards = (text: string): string =>
  text.replace(/\/\*\*|\*\*|\*|[.+?^$()|[\]\\]/g, (found) => WILDCARDS[found] ?? `\\${found}`);

/** `/v1/{topic.name=projects/*\/topics/*}:publish` as a regular expression with a group for each variable. */
function route(method: Method, rule: HttpRule): Route {
  const variables: string[] = [];
  let source = "";
  let rest = rule.path;
  for (let match = /\{([\w.]+)(?:=([^}]+))?\}/.exec(rest); match; match = /\{([\w.]+)(?:=([^}]+))?\}/.exec(rest)) {
    variables.push(match[1] ?? "");
    source += `${wildcards(rest.slice(0, match.index))}(${wildcards(match[2] ?? "*")})`;
    rest = rest.slice(match.index + match[0].length);
  }
  return { method, rule, regex: new RegExp(`^${source}${wildcards(rest)}$`), variables };
}

/** HTTP bindings that Google keeps in each service's YAML, not in the proto: here as the REST references give them. */
const MIXED_IN: Readonly<Record<string, HttpRule>> = {
  "google.longrunning.Operations.GetOperation": { verb: "get", path: "/v1/{name=**/operations/*}", body: undefined },
  "google.longrunning.Operations.ListOperations": {
    verb: "get",
    path: "/v1/{name=projects/**}/operations",
    body: undefined,
  },
  "google.iam.v1.IAMPolicy.GetIamPolicy": { verb: "get", path: "/v1/{resource=**}:getIamPolicy", body: undefined },
};

function assign(target: Record<string, unknown>, path: string, value: unknown): void {
  const segments = path.split(".").map(camel);
  let at = target;
  for (const segment of segments.slice(0, -1)) {
    at[segment] = { ...(at[segment] as object | undefined) };
    at = at[segment] as Record<string, unknown>;
  }
  at[segments.at(-1) as string] = value;
}

function fieldAt(type: protobuf.Type, path: string): protobuf.Field | undefined {
  let field: protobuf.Field | undefined;
  let at: protobuf.Type | undefined = type;
  for (const segment of path.split(".")) {
    field = at?.fields[camel(segment)];
    if (field === undefined) return undefined;
    at = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
  }
  return field;
}

/** System parameters of every Google API, which are no fields. */
const SYSTEM = new Set(["alt", "$alt", "key", "fields", "prettyPrint", "quotaUser", "access_token", "$prettyPrint"]);

/** A query parameter's text as JSON of its field. */
function queryValue(field: protobuf.Field, values: string[]): unknown {
  const one = (text: string) => (field.type === "bool" ? text === "true" : text);
  return field.repeated ? values.map(one) : one(values.at(-1) ?? "");
}

function checkObject(body: unknown): void {
  if (body !== undefined && (body === null || typeof body !== "object" || Array.isArray(body)))
    throw invalid("Invalid JSON payload received: the body must be an object.");
}

function build({ method, rule, regex, variables }: Route, http: HttpRequest): Message {
  const whole = rule.body === "*";
  const json: Record<string, unknown> = { ...(whole ? (http.body as object | undefined) : {}) };
  if (whole) checkObject(http.body);
  else if (rule.body !== undefined && http.body !== undefined) assign(json, rule.body, http.body);
  else if (http.body !== undefined && Object.keys(http.body as object).length > 0)
    throw invalid("This method takes no request body: put parameters in the path or the query.");
  for (const name of new Set(http.query.keys())) {
    if (SYSTEM.has(name)) continue;
    const field = fieldAt(method.request, name);
    if (field === undefined || whole)
      throw invalid(
        `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
      );
    assign(json, name, queryValue(field, http.query.getAll(name)));
  }
  const values = regex.exec(http.path)?.slice(1) ?? [];
  variables.forEach((variable, index) => {
    assign(json, variable, values[index]);
  });
  return fromJson(method.request, json);
}

/** @returns undefined when no method answers at that path */
export function transcoder(definitions: Definitions): (http: HttpRequest) => Transcoded | undefined {
  const routes = [...definitions.methods.values()].flatMap((method) => {
    const mixedIn = MIXED_IN[method.fullName];
    return [...(mixedIn ? [mixedIn] : []), ...method.http].map((rule) => route(method, rule));
  });
  // A path such as /v1/{resource=**}:setIamPolicy must not hide a service's own.
  const ordered = routes.sort((a, b) => Number(a.rule.path.includes("**")) - Number(b.rule.path.includes("**")));
  const byVerb = Map.groupBy(ordered, ({ rule }) => rule.verb as string);
  return (http) => {
    const found = byVerb.get(http.verb)?.find(({ regex }) => regex.test(http.path));
    return found && { method: found.method, request: build(found, http) };
  };
}

export const noRoute = (verb: string, path: string): CloudError =>
  new CloudError("NOT_FOUND", `Nothing answers ${verb.toUpperCase()} ${path} in the test bed's GCP cloud.`);
