import type { Tap } from "../../hack/testbed/tap.ts";
import { requestInfo } from "../../operator/runtime/request-info.ts";
import { type FaultProxy, type ProxyCall, startFaultProxy } from "../support/fault-proxy.ts";
import type { Side } from "../support/side.ts";

/** One request at a boundary of the operator. */
export interface Passing {
  readonly side: "kubernetes" | "cloud";
  /** `patch queues/status`, `CreateQueue`. */
  readonly operation: string;
  /** Path at the API server, or what the cloud's request is about. */
  readonly target: string;
  /** What was sent, as far as it is text. */
  readonly body: string;
  readonly mutating: boolean;
}

/** Both boundaries of the operators of a lane, the API server's and the cloud's, in one order. */
export interface Wire {
  /** Where the API server is reached through the boundary, as `http://127.0.0.1:port`. Who comes this way may do all. */
  readonly server: string;
  /** The API server's part, for trouble of its own. */
  readonly kubernetes: FaultProxy;
  /** Every request so far, refused ones too, in the order in which they came. */
  readonly passed: readonly Passing[];
  /** From now on this one sees every request; undefined: nobody. */
  tap(tap: Tap<Passing> | undefined): void;
  /** Real milliseconds in which nothing passed; 0 while an answer is still to come. */
  quietMs(): number;
  stop(): Promise<void>;
}

interface Way {
  /** As https://127.0.0.1:port. */
  readonly server: string;
  readonly tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

const WATCH = /[?&]watch=(true|1)(&|$)/;
/** An answer that has not come for so long, in ms, is waited for no more. */
const PATIENCE_MS = 5_000;

export async function openWire(api: Way, side: Side): Promise<Wire> {
  const passed: Passing[] = [];
  let listener: Tap<Passing> | undefined;
  const open = new Map<Passing, number>();
  let last = performance.now();

  function isWaiting(): boolean {
    for (const [passing, since] of open) if (performance.now() - since > PATIENCE_MS) open.delete(passing);
    return open.size > 0;
  }
  const kubernetes = await startFaultProxy({
    target: api.server,
    tls: api.tls,
    describe: (method, path) => {
      const { verb, resource } = requestInfo(method, new URL(path, api.server).pathname);
      return { service: "kubernetes", operation: `${verb} ${resource}`, mutating: method !== "GET" };
    },
    streams: ({ path }) => WATCH.test(path),
  });

  /** What one boundary tells, in the words of both. */
  function on<Call extends object>(toPassing: (call: Call) => Passing): Tap<Call> {
    const known = new WeakMap<Call, Passing>();
    return {
      asked(call) {
        const passing = toPassing(call);
        known.set(call, passing);
        passed.push(passing);
        last = performance.now();
        const verdict = listener?.asked(passing) ?? "pass";
        if (verdict === "pass") open.set(passing, last);
        return verdict;
      },
      done(call) {
        const passing = known.get(call);
        last = performance.now();
        if (passing !== undefined) open.delete(passing);
        return passing === undefined ? "pass" : (listener?.done(passing) ?? "pass");
      },
    };
  }
  const inProxy = (boundary: Passing["side"]) =>
    on<ProxyCall>(({ operation, mutating, path, body }) => ({
      side: boundary,
      operation,
      mutating,
      target: path,
      body,
    }));
  kubernetes.tap(inProxy("kubernetes"));
  if (side.name === "aws") side.cloud.proxy.tap(inProxy("cloud"));
  else
    side.cloud.eyes.gcp.control.tap(
      on(({ method, resource, mutating, request }) => ({
        side: "cloud",
        operation: method.slice(method.lastIndexOf(".") + 1),
        target: resource,
        body: JSON.stringify(request),
        mutating,
      })),
    );
  return {
    server: kubernetes.url,
    kubernetes,
    passed,
    tap(next) {
      listener = next;
    },
    quietMs: () => (isWaiting() ? 0 : Math.min(performance.now() - last, kubernetes.streams.quietMs())),
    stop: () => kubernetes.stop(),
  };
}
