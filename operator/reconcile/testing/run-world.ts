import { ProviderError } from "../../provider/fault.ts";
import type { RunSeen, Runs } from "../../provider/runs.ts";
import type { EnvironmentView } from "../environment-view.ts";
import type { LeafObject } from "../leaf-object.ts";
import { FINALIZER } from "../object.ts";
import { runPass } from "../run.ts";
import type { RunKind, RunObject, RunSpec, RunStatus } from "../run-object.ts";
import type { RunPass } from "../run-report.ts";
import type { RunHost } from "../run-work.ts";
import { environmentWith } from "./environment.ts";

/** A run in the cloud of this world. */
export interface Execution {
  readonly id: string;
  readonly uid: string;
  readonly input: unknown;
  readonly startedAt: string;
  /** From when on `find` without an id shows it. */
  readonly shownAt: number;
  phase: RunSeen["phase"];
  stops: number;
  /** What it waits for a signal with; undefined: it waits for none. */
  waits: string | undefined;
  /** What each wait was answered. */
  readonly answers: (readonly [visit: string, value: unknown])[];
  over: Partial<RunSeen>;
}

/** Thrown where the process of this world ends. */
export class Killed extends Error {}

export interface RunWorldOptions {
  /** How the cloud names runs: by what it was given, so that a repeated start begins nothing, or by itself. */
  readonly ids: "derived" | "assigned";
  /** How long a new run of a cloud with assigned ids stays out of lists, in ms. */
  readonly hiddenMs?: number;
}

/** One run object, an API server that holds it, a cache that may lag behind, and a cloud. */
export function createRunWorld(options: RunWorldOptions) {
  const executions: Execution[] = [];
  let clock = Date.parse("2026-01-05T10:00:00Z");
  let version = 1;
  let held: RunObject | undefined;
  /** What the cache shows instead of what is held. */
  let shown: RunObject | undefined;
  /** Called at each boundary: a throw is an end of the process, or an answer that did not come. */
  let at: (where: string) => void = () => {};

  const runs: Runs = {
    settlingMs: options.ids === "derived" ? 0 : 60_000,
    async start(_of, run, { owner }) {
      at("before start");
      const known = options.ids === "derived" ? executions.find(({ uid }) => uid === owner.uid) : undefined;
      const id = known?.id ?? `${owner.uid}-${executions.length}`;
      if (!known)
        executions.push({
          id,
          uid: owner.uid,
          input: run.input,
          startedAt: run.startedAt,
          shownAt: clock + (options.hiddenMs ?? 0),
          phase: "Running",
          stops: 0,
          waits: undefined,
          answers: [],
          over: {},
        });
      at("after start");
      return { id };
    },
    async find(_of, id, { owner }) {
      at("find");
      const found = executions.find((one) => (id ? one.id === id : one.uid === owner.uid && one.shownAt <= clock));
      if (!found) return undefined;
      return { id: found.id, phase: found.phase, startedAt: found.startedAt, steps: [], ...found.over };
    },
    async listening(id) {
      at("listening");
      const visit = executions.find((one) => one.id === id && one.phase === "Running")?.waits;
      return visit === undefined ? undefined : { visit, at: `${id}/${visit}` };
    },
    async answer({ at: wait }, value) {
      at("before answer");
      const one = executions.find(({ id, waits }) => wait === `${id}/${waits}`);
      if (one?.waits !== undefined) {
        one.answers.push([one.waits, value]);
        one.waits = undefined;
      }
      at("after answer");
    },
    async stop(id) {
      at("stop");
      const found = executions.find((one) => one.id === id);
      if (found?.phase !== "Running") return;
      found.phase = "Cancelled";
      found.stops++;
    },
  };
  let environment: EnvironmentView = environmentWith({ runs } as never);
  const write = (object: RunObject): void => {
    held = { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } };
  };
  const latest = ({ metadata }: RunObject): RunObject => {
    if (held?.metadata.resourceVersion !== metadata.resourceVersion) throw new Error("409: written since");
    return held as RunObject;
  };
  const of: LeafObject = {
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "Thing",
    metadata: { name: "thing", namespace: "shop" },
    spec: {},
    status: { environment: "prod", externalId: "arn:thing", outputs: { THING_ID: "arn:thing" } },
  } as LeafObject;
  const others = new Map<string, LeafObject>([["thing", of]]);
  let claimed: string | undefined;

  const host: RunHost = {
    environments: { get: () => environment },
    now: () => new Date(clock),
    lookup: (_kind, name) => others.get(name),
    admit: (_object, most) => most > 0,
    async claim(object) {
      at("claim");
      const one = latest(object);
      write({ ...one, metadata: { ...one.metadata, finalizers: [FINALIZER] } });
      claimed = held?.metadata.resourceVersion;
      at("after claim");
    },
    async begin(object, status) {
      at("begin");
      const seen = claimed ?? object.metadata.resourceVersion ?? "";
      const one = latest({ ...object, metadata: { ...object.metadata, resourceVersion: seen } });
      write({ ...one, status });
      at("after begin");
    },
  };

  return {
    executions,
    others,
    get object() {
      return held;
    },
    get status(): RunStatus {
      return held?.status ?? {};
    },
    set environment(view: EnvironmentView) {
      environment = view;
    },
    set onBoundary(called: (where: string) => void) {
      at = called;
    },
    set shown(object: RunObject | undefined) {
      shown = object;
    },
    make(spec: RunSpec, annotations: Readonly<Record<string, string>> = {}) {
      const metadata = { name: "run", namespace: "shop", uid: "u1", generation: 1, annotations };
      write({ apiVersion: "onyx.onelens.io/v1alpha1", kind: "ThingRun", metadata, spec } as RunObject);
    },
    edit(spec: RunSpec) {
      if (held) write({ ...held, metadata: { ...held.metadata, generation: 2 }, spec });
    },
    remove() {
      if (!held) return;
      if (!held.metadata.finalizers?.length) held = undefined;
      else write({ ...held, metadata: { ...held.metadata, deletionTimestamp: "2026-01-05T10:00:00Z" } });
    },
    advance(ms: number) {
      clock += ms;
    },
    /** One pass with what follows of it, as the controller does. Undefined: there is no object. */
    async pass(kind: RunKind<never>): Promise<RunPass | undefined> {
      const object = shown ?? held;
      if (!object) return undefined;
      claimed = undefined;
      const result = await runPass(kind, object as never, host, new AbortController().signal);
      at("write");
      if (!held) return result;
      if (result.released) {
        if (held.metadata.deletionTimestamp) held = undefined;
        return result;
      }
      write({ ...held, status: result.status });
      at("after write");
      if (result.expired) this.remove();
      return result;
    },
  };
}

export type RunWorld = ReturnType<typeof createRunWorld>;

/** A run of a thing, whose input is a field of spec. */
export const thingRun: RunKind<RunSpec & { readonly input?: string }> = {
  kind: "ThingRun",
  of: () => ({ field: "thingRef", kind: "Thing", name: "thing", idOutput: "THING_ID" }),
  input: ({ input = "7" }) => (input === "bad" ? { invalid: "input: is bad." } : { input }),
  most: (of) => (of.spec as { readonly most?: number }).most,
  tasks: () => new Map([["t_pay", "pay"]]),
  signals: () => new Map([["approve", "approved"]]),
};

export const refusal = (fault: "denied" | "throttled" | "transient" | "invalid"): ProviderError =>
  new ProviderError(fault, "as the cloud says", { code: "Code" });
