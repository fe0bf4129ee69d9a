/** What a request is about, in the words of Kubernetes' authorization: few values, fit for metric labels. */
export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete or deletecollection; for other paths the method in lower case. */
  readonly verb: string;
  /** Empty for the core group and for paths that name no resource. */
  readonly group: string;
  /** The plural name, with its subresource behind a slash; empty for paths that name no resource. */
  readonly resource: string;
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch" };
const SUBRESOURCES_OF_NAMESPACE = new Set(["status", "finalize"]);

/** Reads verb, group and resource off a request, as the API server does. */
export function requestInfo(method: string, path: string, isWatch = false): RequestInfo {
  const parts = path.split("/").filter(Boolean);
  const rest = parts[0] === "api" ? parts.slice(2) : parts[0] === "apis" ? parts.slice(3) : [];
  const group = parts[0] === "apis" ? (parts[1] ?? "") : "";
  const inNamespace = rest[0] === "namespaces" && rest.length > 2 && !SUBRESOURCES_OF_NAMESPACE.has(rest[2]!);
  const [plural, name, subresource] = inNamespace ? rest.slice(2) : rest;
  if (!plural) return { verb: method.toLowerCase(), group: "", resource: "" };
  return {
    verb: verbOf(method, name !== undefined, isWatch),
    group,
    resource: subresource ? `${plural}/${subresource}` : plural,
  };
}

function verbOf(method: string, named: boolean, isWatch: boolean): string {
  if (isWatch) return "watch";
  if (method === "GET") return named ? "get" : "list";
  if (method === "DELETE") return named ? "delete" : "deletecollection";
  return VERBS[method] ?? method.toLowerCase();
}
