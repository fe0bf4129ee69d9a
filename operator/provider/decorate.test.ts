import { expect, it, vi } from "vitest";
import { audited, decorate, fenced, guarded, measured } from "./decorate.ts";
import { ProviderError } from "./fault.ts";
import type { Call, Provider, Wanted } from "./provider.ts";

const owner = { environment: "e", cluster: "c", namespace: "n", kind: "Queue", name: "q", uid: "u" };
const call = (signal = new AbortController().signal): Call => ({ signal, token: "t", owner });
const want: Wanted = { tags: {} };

function provider(
  over: Partial<Provider<Wanted, Record<string, string>>> = {},
): Provider<Wanted, Record<string, string>> {
  return {
    ids: "derived",
    immutable: [],
    service: "sqs",
    observe: async () => ({ exists: false }),
    create: async () => ({ id: "id", outputs: {} }),
    update: async () => {},
    delete: async () => {},
    adopt: async () => {},
    ...over,
  };
}

it("runs the decorators in the order given, outermost first", async () => {
  const order: string[] = [];
  const mark =
    (name: string) =>
    async <T>(_: unknown, __: unknown, run: () => Promise<T>) => {
      order.push(`${name} in`);
      const answer = await run();
      order.push(`${name} out`);
      return answer;
    };
  await decorate("Queue", provider(), [mark("a"), mark("b")]).create("n", want, call());
  expect(order).toEqual(["a in", "b in", "b out", "a out"]);
});

it("lets looks through but no write once the signal is aborted", async () => {
  const create = vi.fn(async () => ({ id: "id" }));
  const lost = new AbortController();
  lost.abort(new Error("lease lost"));
  const fencedProvider = decorate("Queue", provider({ create }), [fenced(() => {})]);
  await expect(fencedProvider.observe({ name: "n", footprint: [] }, call(lost.signal))).resolves.toEqual({
    exists: false,
  });
  await expect(async () => fencedProvider.create("n", want, call(lost.signal))).rejects.toThrow("lease lost");
  expect(create).not.toHaveBeenCalled();
});

it("asks the fence before each write, and not before a look", async () => {
  const create = vi.fn(async () => ({ id: "id" }));
  const shut = decorate("Queue", provider({ create }), [
    fenced(() => {
      throw new Error("not the leader");
    }),
  ]);
  await expect(shut.observe({ name: "n", footprint: [] }, call())).resolves.toEqual({ exists: false });
  await expect(async () => shut.create("n", want, call())).rejects.toThrow("not the leader");
  expect(create).not.toHaveBeenCalled();
});

it("turns what is not a ProviderError into a transient one that names it", async () => {
  const broken = provider({
    observe: async () => {
      throw new TypeError("x is undefined");
    },
  });
  const error = await decorate("Queue", broken, [guarded])
    .observe({ name: "n", footprint: [] }, call())
    .catch((e) => e);
  expect(error).toMatchObject({ name: "ProviderError", fault: "transient", message: "TypeError: x is undefined" });
});

it("measures each step with its result, and audits changes only", async () => {
  const seen: string[] = [];
  const records: string[] = [];
  const denied = provider({
    update: async () => {
      throw new ProviderError("denied", "no", { requestId: "r-1" });
    },
  });
  const wrapped = decorate("Queue", denied, [
    measured(
      (step, result) => seen.push(`${step.verb} ${result}`),
      () => 0,
    ),
    audited((record) => records.push(`${record.step.verb} ${record.result} ${record.requestId ?? "-"}`)),
  ]);
  await wrapped.observe({ name: "n", footprint: [] }, call());
  await wrapped.create("n", want, call());
  const present = { exists: true, id: "id", phase: "ready", actual: {}, outputs: {} } as const;
  await expect(wrapped.update(present, want, new Set(), call())).rejects.toThrow("no");
  expect(seen).toEqual(["observe ok", "create ok", "update denied"]);
  expect(records).toEqual(["create ok -", "update denied r-1"]);
});

it("offers release only where the provider has it", () => {
  expect(decorate("Queue", provider(), []).release).toBeUndefined();
  expect(decorate("Queue", provider({ release: async () => {} }), []).release).toBeTypeOf("function");
});

it("goes round runs too: none is begun or ended without the lease, and each that is stands in the audit record", async () => {
  const runs = {
    settlingMs: 5,
    start: vi.fn(async () => ({ id: "r" })),
    find: async () => undefined,
    listening: async () => undefined,
    answer: vi.fn(async () => {}),
    stop: vi.fn(async () => {}),
  };
  const run = { id: "r", startedAt: "2026-01-05T10:00:00Z", input: 1 };
  const lost = () => {
    throw new Error("not the leader");
  };
  const shut = decorate("Workflow", provider({ runs }), [fenced(lost)]).runs;
  await expect(shut?.find("w", undefined, call())).resolves.toBeUndefined();
  await expect(async () => shut?.start("w", run, call())).rejects.toThrow("not the leader");
  await expect(async () => shut?.stop("r", call())).rejects.toThrow("not the leader");
  await expect(async () => shut?.answer({ visit: "1", at: "" }, 1, call())).rejects.toThrow("not the leader");
  expect([runs.start, runs.stop, runs.answer].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);

  const records: string[] = [];
  const open = decorate("Workflow", provider({ runs }), [audited(({ step }) => void records.push(step.verb))]).runs;
  await open?.start("w", run, call());
  await open?.find("w", "r", call());
  await open?.listening("r", call());
  await open?.answer({ visit: "1", at: "" }, 1, call());
  await open?.stop("r", call());
  expect([open?.settlingMs, records]).toEqual([5, ["start", "signal", "stop"]]);
});
