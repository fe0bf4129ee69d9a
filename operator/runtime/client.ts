import { isNotFound, isTooLargeResourceVersion } from "./errors.ts";
import {
  apiVersionOf,
  collectionPath,
  type KubeObject,
  type ObjectName,
  objectPath,
  type ResourceType,
} from "./resource.ts";
import type { Query, Transport, TransportRequest } from "./transport.ts";

/** Keeps a process that may not write from writing. */
export interface Fence {
  /** @throws NotLeaderError unless writing is allowed at this very moment */
  check(): void;
  /** Aborted, for good, once writing is no longer allowed: ends the writes that are under way. */
  readonly signal: AbortSignal;
}

/** An object to be sent: what the caller wants to say, and nothing else. */
export interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: object;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds, retries included. */
  readonly timeoutMs?: number;
  readonly retry?: boolean;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** How many objects a page holds; 500 if left out. */
  readonly limit?: number;
  readonly resourceVersion?: string | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Who the fields that are written belong to. */
  readonly fieldManager?: string;
  /** true: the server checks and answers, but keeps nothing. */
  readonly dryRun?: boolean;
  /** What the server does with unknown and repeated fields; its own default is `Warn`. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
}

export interface PatchOptions extends WriteOptions {
  /** `merge` and `json` are RFC 7386 and RFC 6902; `apply` is server-side apply. */
  readonly as: "merge" | "json" | "apply";
  /** Of `apply`: take fields over that other managers own. */
  readonly force?: boolean;
  readonly subresource?: "status" | "scale" | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Delete only the object that has this uid and this resource version; otherwise a conflict is thrown. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  readonly dryRun?: boolean;
}

export interface ObjectList<T> {
  readonly items: T[];
  /** The state of the collection that the items show. */
  readonly resourceVersion: string;
}

/**
 * Objects of any type, over one transport. All methods throw what the transport throws; those that write throw
 * NotLeaderError where the fence forbids it.
 */
export interface Client {
  readonly transport: Transport;
  /** @throws ApiError 404 when it is not there */
  get<T extends KubeObject>(type: ResourceType, at: ObjectName, options?: CallOptions): Promise<T>;
  /** The object, or undefined when it is not there. */
  find<T extends KubeObject>(type: ResourceType, at: ObjectName, options?: CallOptions): Promise<T | undefined>;
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ObjectList<T>>;
  /** The same page by page. @throws ApiError 410 when the list grew too old between two pages */
  pages<T extends KubeObject>(
    type: ResourceType,
    options?: ListOptions,
  ): AsyncGenerator<ObjectList<T>, void, undefined>;
  create<T extends KubeObject>(
    type: ResourceType,
    namespace: string | undefined,
    object: Manifest,
    options?: WriteOptions,
  ): Promise<T>;
  patch<T extends KubeObject>(type: ResourceType, at: ObjectName, patch: unknown, options: PatchOptions): Promise<T>;
  /** Patches the status alone; as a merge patch if not said otherwise. */
  patchStatus<T extends KubeObject>(
    type: ResourceType,
    at: ObjectName,
    patch: unknown,
    options?: Partial<PatchOptions>,
  ): Promise<T>;
  /** Whether it was there: deleting what is absent succeeds. */
  delete(type: ResourceType, at: ObjectName, options?: DeleteOptions): Promise<boolean>;
}

const CONTENT_TYPES: Readonly<Record<PatchOptions["as"], string>> = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};

const PAGE_SIZE = 500;
const LIST_TIMEOUT_MS = 60_000;

/** @param fence asked before each write; without one, every write is allowed */
export function createClient(transport: Transport, fence?: Fence): Client {
  async function read<T>(path: string, query: Query | undefined, options: CallOptions): Promise<T> {
    return (await transport.request<T>({ path, query, ...pick(options) })).body;
  }

  async function write<T>(request: TransportRequest, options: CallOptions): Promise<T> {
    if (!fence) return (await transport.request<T>({ ...request, ...pick(options) })).body;
    fence.check();
    const { signal, release } = either(fence.signal, options.signal);
    try {
      const fenced = { ...request, ...pick(options), signal, beforeSend: () => fence.check() };
      return (await transport.request<T>(fenced)).body;
    } finally {
      release();
    }
  }

  async function find<T extends KubeObject>(type: ResourceType, at: ObjectName, options: CallOptions = {}) {
    return read<T>(objectPath(type, at), undefined, options).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  async function* pages<T extends KubeObject>(type: ResourceType, options: ListOptions = {}) {
    const { namespace, labelSelector, fieldSelector, limit = PAGE_SIZE, resourceVersion } = options;
    const path = collectionPath(type, namespace);
    let token: string | undefined;
    do {
      const query = {
        labelSelector,
        fieldSelector,
        limit: limit || undefined,
        continue: token,
        resourceVersion: token ? undefined : resourceVersion,
        resourceVersionMatch: token || !resourceVersion ? undefined : "NotOlderThan",
      };
      const page: ListReply<T> = await read(path, query, { timeoutMs: LIST_TIMEOUT_MS, ...options });
      yield {
        items: (page.items ?? []).map((item) => withType(type, item)),
        resourceVersion: page.metadata.resourceVersion,
      };
      token = page.metadata.continue || undefined;
    } while (token);
  }

  async function list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ObjectList<T>> {
    const items: T[] = [];
    let resourceVersion = "";
    for await (const page of pages<T>(type, options)) {
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  async function patch<T extends KubeObject>(type: ResourceType, at: ObjectName, body: unknown, options: PatchOptions) {
    const request: TransportRequest = {
      method: "PATCH",
      path: objectPath(type, at, options.subresource),
      query: { ...writeQuery(options), force: options.as === "apply" ? options.force : undefined },
      contentType: CONTENT_TYPES[options.as],
      body: options.as === "apply" ? withType(type, body as Manifest) : body,
    };
    return write<T>(request, options);
  }

  return {
    transport,
    get: (type, at, options = {}) => read(objectPath(type, at), undefined, options),
    find,
    pages,
    list: async (type, options) => {
      try {
        return await list(type, options);
      } catch (error) {
        if (!expiredBetweenPages(error)) throw error;
        return list(type, { ...options, limit: 0 });
      }
    },
    create(type, namespace, object, options = {}) {
      const path = collectionPath(type, namespace);
      return write({ method: "POST", path, query: writeQuery(options), body: withType(type, object) }, options);
    },
    patch,
    patchStatus: (type, at, body, options = {}) =>
      patch(type, at, body, { as: "merge", ...options, subresource: "status" }),
    async delete(type, at, options = {}) {
      const { preconditions, propagationPolicy } = options;
      const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions, propagationPolicy };
      const query = { dryRun: options.dryRun ? "All" : undefined };
      try {
        await write({ method: "DELETE", path: objectPath(type, at), query, body }, options);
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    },
  };
}

interface ListReply<T> {
  readonly items?: T[] | null;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

function expiredBetweenPages(error: unknown): boolean {
  return (error as { status?: number }).status === 410 && !isTooLargeResourceVersion(error);
}

/** Items of a list come without apiVersion and kind, and callers leave them out. */
function withType<T extends Manifest>(type: ResourceType, object: T): T {
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}

function writeQuery({ fieldManager, dryRun, fieldValidation }: WriteOptions): Query {
  return { fieldManager, dryRun: dryRun ? "All" : undefined, fieldValidation };
}

function pick({ signal, timeoutMs, retry }: CallOptions): CallOptions {
  return {
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retry !== undefined && { retry }),
  };
}

/** A signal that ends with the first of two, and holds on to neither once released. */
function either(first: AbortSignal, second: AbortSignal | undefined): { signal: AbortSignal; release: () => void } {
  if (!second) return { signal: first, release: () => {} };
  const both = new AbortController();
  const onFirst = () => both.abort(first.reason);
  const onSecond = () => both.abort(second.reason);
  if (first.aborted) onFirst();
  else if (second.aborted) onSecond();
  first.addEventListener("abort", onFirst, { once: true });
  second.addEventListener("abort", onSecond, { once: true });
  return {
    signal: both.signal,
    release: () => {
      first.removeEventListener("abort", onFirst);
      second.removeEventListener("abort", onSecond);
    },
  };
}
