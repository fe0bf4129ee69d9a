import { ApiError, StreamError, TransportError } from "../errors.ts";
import type { KubeObject } from "../resource.ts";
import type { StreamRequest, Transport, TransportReply, TransportRequest } from "../transport.ts";

/** One thing that happens to a cluster, or to the connection to it. */
export type Step =
  | { readonly do: "write" | "delete" | "recreate"; readonly name: string }
  /** The open watch ends. */
  | { readonly do: "close" | "reset" | "garbage" | "error-500" | "error-410" }
  /** The open watch brings some events once more: `count` of them, from the `back`th before the last on. */
  | { readonly do: "replay"; readonly back: number; readonly count: number }
  /** Events before now can no longer be had; whoever stands before them has to read the whole state. */
  | { readonly do: "compact" }
  | { readonly do: "bookmark" };

export interface ModelServer {
  readonly transport: Transport;
  /** `name` to `uid/resourceVersion` of what really exists. */
  truth(): Map<string, string>;
  position(): string;
  apply(step: Step): void;
}

interface Line {
  readonly type: string;
  readonly object: unknown;
}

/**
 * An API server of one type of object, in memory: it keeps its history, serves watches with initial events, lists and
 * bookmarks, and breaks on demand.
 * @param watchList false: it refuses initial events, as old servers do
 */
export function createModelServer(apiVersion: string, kind: string, watchList: boolean): ModelServer {
  const objects = new Map<string, KubeObject>();
  const history: (Line & { readonly rv: number })[] = [];
  let rv = 1;
  let uid = 0;
  let compacted = 0;
  let open: { push(item: Line | Error | "end"): void } | undefined;

  const expired = () =>
    new ApiError("too old", { status: 410, reason: "Expired", details: undefined, retryAfterMs: undefined });
  const marker = (annotations?: object) => ({
    type: "BOOKMARK",
    object: { metadata: { resourceVersion: String(rv), annotations } },
  });

  function record(type: string, object: KubeObject): void {
    history.push({ type, object, rv });
    open?.push({ type, object });
  }

  function remove(name: string): void {
    const old = objects.get(name);
    if (!old) return;
    rv++;
    objects.delete(name);
    record("DELETED", { ...old, metadata: { ...old.metadata, resourceVersion: String(rv) } });
  }

  function write(name: string): void {
    rv++;
    const old = objects.get(name);
    const metadata = { name, namespace: "ns", uid: old?.metadata.uid ?? `u${uid++}`, resourceVersion: String(rv) };
    objects.set(name, { apiVersion, kind, metadata });
    record(old ? "MODIFIED" : "ADDED", objects.get(name)!);
  }

  async function* stream({
    query = {},
    signal,
    onBytes,
    onOpen,
  }: StreamRequest): AsyncGenerator<unknown, void, undefined> {
    if (query.sendInitialEvents && !watchList) {
      throw new ApiError("forbidden", { status: 422, reason: "Invalid", details: undefined, retryAfterMs: undefined });
    }
    const from = Number(query.resourceVersion ?? 0);
    if (!query.sendInitialEvents && from < compacted) throw expired();
    const waiting: (Line | Error | "end")[] = [];
    let wake = () => {};
    const mine = {
      push(item: Line | Error | "end") {
        waiting.push(item);
        wake();
      },
    };
    const first = query.sendInitialEvents
      ? [
          ...[...objects.values()].map((object) => ({ type: "ADDED", object })),
          marker({ "k8s.io/initial-events-end": "true" }),
        ]
      : history.filter((event) => event.rv > from).map(({ type, object }) => ({ type, object }));
    waiting.push(...first);
    open = mine;
    onOpen?.();
    signal.addEventListener("abort", () => wake());
    for (;;) {
      while (waiting.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal.aborted) throw signal.reason;
      const item = waiting.shift()!;
      if (item === "end") return;
      if (item instanceof Error) throw item;
      onBytes?.(1);
      yield structuredClone(item);
    }
  }

  async function request<T>({ query = {} }: TransportRequest): Promise<TransportReply<T>> {
    const [at, after] = query.continue ? String(query.continue).split("/").map(Number) : [rv, 0];
    if (at! < compacted || (query.continue && at !== rv)) throw expired();
    const items = [...objects.values()].slice(after, after! + 2).map(({ metadata }) => ({ metadata: { ...metadata } }));
    const more = after! + 2 < objects.size ? `${at}/${after! + 2}` : undefined;
    return {
      status: 200,
      headers: {},
      body: { items, metadata: { resourceVersion: String(at), continue: more } } as T,
    };
  }

  const endings: Readonly<Record<string, () => Line | Error | "end">> = {
    close: () => "end",
    reset: () => new TransportError("reset", { code: "ECONNRESET", sent: true }),
    garbage: () => new StreamError("invalid", "not JSON"),
    "error-500": () => ({ type: "ERROR", object: { code: 500, message: "busy" } }),
    "error-410": () => ({ type: "ERROR", object: { code: 410, message: "too old" } }),
    bookmark: () => marker(),
  };

  return {
    transport: { request, stream, connectionsOpened: () => 0, close: async () => {} },
    truth: () =>
      new Map([...objects].map(([name, { metadata }]) => [name, `${metadata.uid}/${metadata.resourceVersion}`])),
    position: () => String(rv),
    apply(step) {
      if (step.do === "write") return write(step.name);
      if (step.do === "delete") return remove(step.name);
      if (step.do === "recreate") {
        remove(step.name);
        return write(step.name);
      }
      if (step.do === "replay") {
        for (const { type, object } of history.slice(-step.back - 1).slice(0, step.count)) open?.push({ type, object });
        return;
      }
      if (step.do === "compact") {
        compacted = rv;
        history.length = 0;
        return;
      }
      open?.push(endings[step.do]!());
      if (step.do !== "bookmark") open = undefined;
    },
  };
}
