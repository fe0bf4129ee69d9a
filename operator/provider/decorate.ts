import type { Bucket } from "./budget.ts";
import { ProviderError } from "./fault.ts";
import type { Call, Provider, Wanted } from "./provider.ts";

/** The verbs of a provider that ask a cloud. */
export type Verb =
  | "observe"
  | "create"
  | "update"
  | "delete"
  | "adopt"
  | "release"
  | "backup"
  | "reveal"
  | "start"
  | "signal"
  | "stop";

/** One verb on one resource, as metrics, traces and the audit record see it. */
export interface Step {
  readonly kind: string;
  readonly verb: Verb;
  /** Budget and metrics label, such as `sqs`. */
  readonly service: string;
  readonly owner: Call["owner"];
}

/** Something that goes round each verb: it calls `run` once and hands on what it gives or throws. */
export type Around = <T>(step: Step, call: Call, run: () => Promise<T>) => Promise<T>;

/** The provider with `arounds` round each verb, the first outermost. */
export function decorate<W extends Wanted, O extends Readonly<Record<string, string>>>(
  kind: string,
  provider: Provider<W, O>,
  arounds: readonly Around[],
): Provider<W, O> {
  const round = <T>(verb: Verb, call: Call, run: () => Promise<T>): Promise<T> => {
    const step: Step = { kind, verb, service: provider.service, owner: call.owner };
    return arounds.reduceRight<() => Promise<T>>((inner, around) => () => around(step, call, inner), run)();
  };
  const { isEmpty, finalBackup, reveal, runs } = provider;
  return {
    ...provider,
    observe: (at, call) => round("observe", call, () => provider.observe(at, call)),
    create: (name, want, call) => round("create", call, () => provider.create(name, want, call)),
    update: (seen, want, changed, call) => round("update", call, () => provider.update(seen, want, changed, call)),
    delete: (seen, at, call) => round("delete", call, () => provider.delete(seen, at, call)),
    adopt: (seen, want, call) => round("adopt", call, () => provider.adopt(seen, want, call)),
    ...(provider.release
      ? { release: (seen, call) => round("release", call, () => provider.release?.(seen, call) ?? Promise.resolve()) }
      : {}),
    ...(isEmpty ? { isEmpty: (seen, call) => round("observe", call, () => isEmpty(seen, call)) } : {}),
    ...(finalBackup ? { finalBackup: (seen, call) => round("backup", call, () => finalBackup(seen, call)) } : {}),
    ...(reveal ? { reveal: (seen, version, call) => round("reveal", call, () => reveal(seen, version, call)) } : {}),
    ...(runs
      ? {
          runs: {
            settlingMs: runs.settlingMs,
            start: (of, run, call) => round("start", call, () => runs.start(of, run, call)),
            listening: (id, call) => round("observe", call, () => runs.listening(id, call)),
            answer: (listening, value, call) => round("signal", call, () => runs.answer(listening, value, call)),
            find: (of, id, call) => round("observe", call, () => runs.find(of, id, call)),
            stop: (id, call) => round("stop", call, () => runs.stop(id, call)),
          },
        }
      : {}),
  };
}

/** Waits for room in the budget of the step's service; namespaces take turns. */
export const budgeted =
  (bucket: (service: string) => Bucket): Around =>
  (step, call, run) =>
    bucket(step.service).run(call.signal, step.owner.namespace, run);

/**
 * No write once the signal is aborted or `check` throws: the lease may be another's by now. Asked right before the call.
 */
export const fenced =
  (check: () => void): Around =>
  (step, call, run) => {
    if (step.verb !== "observe") {
      call.signal.throwIfAborted();
      check();
    }
    return run();
  };

/** Only a ProviderError comes out; anything else is a fault of the adapter, reported as transient with its name. */
export const guarded: Around = async (_step, call, run) => {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    if (call.signal.aborted) throw call.signal.reason;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new ProviderError("transient", text, { code: "Unexpected", cause: error });
  }
};

/** Counts and times each step. `result` is `ok` or the fault. */
export const measured =
  (record: (step: Step, result: string, seconds: number) => void, now: () => number): Around =>
  async (step, _call, run) => {
    const start = now();
    const done = (result: string) => record(step, result, (now() - start) / 1000);
    try {
      const answer = await run();
      done("ok");
      return answer;
    } catch (error) {
      done(error instanceof ProviderError ? error.fault : "aborted");
      throw error;
    }
  };

/** Writes one record for each change that was tried: who, what, how it ended. Looks are not recorded. */
export const audited =
  (write: (record: { step: Step; result: string; requestId?: string | undefined }) => void): Around =>
  async (step, _call, run) => {
    if (step.verb === "observe") return run();
    try {
      const answer = await run();
      write({ step, result: "ok" });
      return answer;
    } catch (error) {
      write({
        step,
        result: error instanceof ProviderError ? error.fault : "aborted",
        ...(error instanceof ProviderError ? { requestId: error.requestId } : {}),
      });
      throw error;
    }
  };

/** Runs each step inside a span. `span` is the tracer's own "run in a span". */
export const traced =
  (
    span: <T>(name: string, attributes: Readonly<Record<string, string>>, run: () => Promise<T>) => Promise<T>,
  ): Around =>
  (step, _call, run) =>
    span(
      `${step.service}.${step.verb}`,
      {
        "onyx.kind": step.kind,
        "onyx.namespace": step.owner.namespace,
        "onyx.name": step.owner.name,
        "onyx.service": step.service,
      },
      run,
    );
