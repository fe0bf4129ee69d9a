import type { CallOptions, Client } from "../client.ts";
import { type Clock, sleep } from "../clock.ts";
import { ApiError, TransportError } from "../errors.ts";
import type { Lease, LeaseSpec } from "../lease-record.ts";

/** An API server that keeps one Lease in memory. */
export interface MemoryLeases {
  /** How long a request is under way, half of it before the server has it. */
  latencyMs: number;
  /** true: no request reaches the server. */
  down: boolean;
  readonly writes: { readonly at: number; readonly by: string }[];
  spec(): LeaseSpec | undefined;
  remove(): void;
  /** A client; `by` marks its writes. */
  client(by: string): Client;
}

const refuse = (status: number, reason: string) =>
  new ApiError(reason, { status, reason, details: undefined, retryAfterMs: undefined });

export function createMemoryLeases(clock: Clock): MemoryLeases {
  let lease: Lease | undefined;
  let rv = 0;

  function keep(spec: LeaseSpec): Lease {
    const metadata = { name: "l", namespace: "n", uid: "u", resourceVersion: String(++rv) };
    lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    return lease;
  }

  function jsonPatch(operations: readonly { op: string; path: string; value: unknown }[]): Lease {
    if (!lease) throw refuse(404, "NotFound");
    const spec: Record<string, unknown> = { ...lease.spec };
    for (const { op, path, value } of operations) {
      const field = path.split("/").at(-1)!;
      if (op === "test" && spec[field] !== value) throw refuse(422, "Invalid");
      spec[field] = value;
    }
    return keep(spec);
  }

  function mergePatch(patch: { metadata: { resourceVersion: string }; spec: LeaseSpec }): Lease {
    if (!lease) throw refuse(404, "NotFound");
    if (lease.metadata.resourceVersion !== patch.metadata.resourceVersion) throw refuse(409, "Conflict");
    return keep({ ...lease.spec, ...patch.spec });
  }

  const server: MemoryLeases = {
    latencyMs: 0,
    down: false,
    writes: [],
    spec: () => lease?.spec,
    remove: () => {
      lease = undefined;
    },
    client(by) {
      const pass = async (ms: number, signal?: AbortSignal) => (ms > 0 ? sleep(clock, ms, signal) : undefined);
      async function call<T>(serve: () => T, { signal, timeoutMs = 30_000 }: CallOptions): Promise<T> {
        const half = server.latencyMs / 2;
        const tooLate = clock.monotonic() + timeoutMs;
        await pass(Math.min(half, timeoutMs), signal);
        if (server.down) throw new TransportError("refused", { code: "ECONNREFUSED", sent: false });
        const answer = serve();
        await pass(Math.min(half, tooLate - clock.monotonic()), signal);
        if (half * 2 > timeoutMs) throw new TransportError("no answer", { code: "TIMEOUT", sent: true });
        return answer;
      }
      const wrote = <T>(value: T): T => {
        server.writes.push({ at: clock.monotonic(), by });
        return value;
      };
      return {
        find: (_type: unknown, _at: unknown, options: CallOptions) => call(() => lease, options),
        create: (_type: unknown, _namespace: unknown, object: { spec: LeaseSpec }, options: CallOptions) =>
          call(() => {
            if (lease) throw refuse(409, "AlreadyExists");
            return wrote(keep(object.spec));
          }, options),
        patch: (_type: unknown, _at: unknown, patch: never, options: CallOptions & { as: string }) =>
          call(() => wrote(options.as === "json" ? jsonPatch(patch) : mergePatch(patch)), options),
      } as unknown as Client;
    },
  };
  return server;
}
