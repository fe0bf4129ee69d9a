/** Has executions run by an engine for Workflows' sources, such as hack/testbed/workflows starts. */
import { setTimeout as delay } from "node:timers/promises";
import {
  type EngineCallback,
  type EngineEntry,
  type EngineExecution,
  EngineStatus,
  engineApi,
} from "../../../workflows/client.ts";
import { type Message, text, timestamp } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { World } from "../../engine/world.ts";
import { EXECUTION, WORKFLOW } from "./resources.ts";

export interface Runner {
  /** An execution of this name is about to be stored, and runs from then on. */
  begin(name: string): void;
  /** It has ended here, and ends there. */
  cancel(name: string): void;
  /** What the engine tells of the steps of an execution, in order. */
  entries(name: string): Promise<readonly EngineEntry[]>;
  /** Endpoints of an execution that is under way. */
  callbacks(name: string): Promise<readonly EngineCallback[]>;
  /** Calls one of them. Throws EngineStatus. */
  callBack(name: string, callback: string, body: object): Promise<void>;
  /** Ends all that runs. */
  stop(): Promise<void>;
}

const POLL_MS = { least: 5, most: 100 };

/** @param engine where its REST API answers; absent: nothing runs, and executions stay ACTIVE */
export function newRunner({ store, clock }: World, engine: string | undefined): Runner {
  if (engine === undefined)
    return {
      begin: () => undefined,
      cancel: () => undefined,
      entries: async () => [],
      callbacks: async () => [],
      callBack: async () => undefined,
      stop: async () => undefined,
    };
  const api = engineApi(engine);
  const running = new Map<string, { readonly cancelled: AbortController; readonly over: Promise<void> }>();
  const deployed = new Map<string, string>();
  /** Names of executions in the engine. */
  const there = new Map<string, string>();

  const isActive = (name: string): boolean => store.get(EXECUTION, name)?.state === "ACTIVE";

  function end(name: string, { state, result, error }: Pick<EngineExecution, "state" | "result" | "error">): void {
    const execution = store.get(EXECUTION, name);
    if (execution?.state !== "ACTIVE") return;
    const { payload = "" } = error ?? {};
    const outcome = state === "SUCCEEDED" ? { result: result ?? "null" } : { error: { payload } };
    store.put(EXECUTION, name, { ...execution, state, ...outcome, endTime: timestamp(clock.now()) } satisfies Message);
  }

  async function deploy(workflow: Message): Promise<void> {
    const [name, source] = [text(workflow, "name"), text(workflow, "sourceContents")];
    if (deployed.get(name) === source) return;
    await api.deploy(name.slice(0, name.lastIndexOf("/workflows/")), shortName(name), source);
    deployed.set(name, source);
  }

  /** Others go along: the engine starts by itself those that a run waits for. */
  async function deployAll(name: string): Promise<void> {
    for (const workflow of store.list(WORKFLOW, "projects/"))
      await deploy(workflow).catch((error: unknown) => {
        if (workflow.name === name) throw error;
      });
  }

  async function follow(name: string, signal: AbortSignal): Promise<void> {
    const workflow = name.slice(0, name.lastIndexOf("/executions/"));
    await deployAll(workflow);
    if (signal.aborted || !isActive(name)) return;
    let seen = await api.start(workflow, text(store.get(EXECUTION, name), "argument") || "null");
    there.set(name, seen.name);
    for (let pauseMs = POLL_MS.least; seen.state === "ACTIVE"; pauseMs = Math.min(pauseMs * 1.5, POLL_MS.most)) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      // With its workflow it may be gone.
      seen = signal.aborted || !isActive(name) ? await api.cancel(seen.name) : await api.outcome(seen.name);
    }
    end(name, seen);
  }

  async function run(name: string, signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    try {
      await follow(name, signal);
    } catch (error) {
      end(name, { state: "FAILED", error: { payload: `The test bed's engine: ${(error as Error).message}` } });
    } finally {
      running.delete(name);
    }
  }

  return {
    begin(name) {
      const cancelled = new AbortController();
      running.set(name, { cancelled, over: run(name, cancelled.signal) });
    },
    cancel: (name) => running.get(name)?.cancelled.abort(),
    async entries(name) {
      const own = there.get(name);
      const told = own === undefined ? [] : await api.entries(own);
      return told.map((entry) => ({ ...entry, name: `${name}/stepEntries/${entry.entryId}` }));
    },
    async callbacks(name) {
      const own = there.get(name);
      const told = own === undefined ? [] : await api.callbacks(own);
      return told.map((one) => ({ ...one, name: `${name}/callbacks/${shortName(one.name)}` }));
    },
    async callBack(name, callback, body) {
      const own = there.get(name);
      if (own === undefined) throw new EngineStatus(404, `${name} has no callbacks`);
      await api.callBack(`${own}/callbacks/${callback}`, body);
    },
    async stop() {
      const all = [...running.values()];
      for (const { cancelled } of all) cancelled.abort();
      await Promise.all(all.map(({ over }) => over));
      there.clear();
    },
  };
}
