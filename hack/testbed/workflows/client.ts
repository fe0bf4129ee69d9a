import { setTimeout as delay } from "node:timers/promises";

/** How a run ended. */
export interface WorkflowOutcome {
  /** CANCELLED: the time was over. CRASHED: the engine itself ended over this run. */
  readonly state: "SUCCEEDED" | "FAILED" | "CANCELLED" | "CRASHED";
  /** What `main` returned, of a run that succeeded. Undefined where the engine gave no value, as for Infinity. */
  readonly result?: unknown;
  readonly error?: WorkflowError;
}

/** What was raised and not caught. */
export interface WorkflowError {
  readonly message: string;
  /** Google's (KeyError, HttpError, …) or the source's own. None: nothing in the source could have caught it. */
  readonly tags: readonly string[];
  readonly code?: number;
  /** The whole of it, as a map or a text. */
  readonly payload: unknown;
}

export interface ExecuteOptions {
  /** After which the run is cancelled. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The source was refused: it never ran. */
export class WorkflowRefused extends Error {
  override readonly name = "WorkflowRefused";
}

/** The part of Google's Workflows and Workflow Executions APIs (REST) that any engine for them serves. */
export interface WorkflowsClient {
  /** Makes a workflow, which must not exist yet, of a source in YAML or JSON. Throws WorkflowRefused. */
  deploy(id: string, source: string): Promise<void>;
  /** Runs a workflow with the one argument of its `main`, and waits for the end. */
  execute(id: string, argument?: unknown, options?: ExecuteOptions): Promise<WorkflowOutcome>;
}

/** An execution as an engine tells of it. */
export interface EngineExecution {
  readonly name: string;
  readonly state: "ACTIVE" | Exclude<WorkflowOutcome["state"], "CRASHED">;
  /** JSON text. */
  readonly result?: string;
  readonly error?: { readonly payload: string };
}

/** What an engine is asked. Names are whole: `projects/P/locations/L/workflows/W`. */
export interface EngineApi {
  /** Throws WorkflowRefused. */
  deploy(parent: string, id: string, source: string): Promise<void>;
  /** @param argument JSON text */
  start(workflow: string, argument: string, signal?: AbortSignal): Promise<EngineExecution>;
  /** How it is now; of one that succeeded, with the result. */
  outcome(execution: string, signal?: AbortSignal): Promise<EngineExecution>;
  cancel(execution: string, signal?: AbortSignal): Promise<EngineExecution>;
  /** What it did so far, in order. Empty: with STEP_ENTRIES=1 in its environment ours tells. */
  entries(execution: string): Promise<readonly EngineEntry[]>;
  /** Endpoints of a run that is under way. */
  callbacks(execution: string): Promise<readonly EngineCallback[]>;
  /** Calls one of them. Throws EngineStatus. */
  callBack(name: string, body: object): Promise<void>;
}

/** A Callback of the API workflowexecutions v1. */
export interface EngineCallback {
  readonly name: string;
  readonly method: string;
  readonly waiters: string;
}

/** What an engine refused. */
export class EngineStatus extends Error {
  override readonly name = "EngineStatus";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A StepEntry of google.cloud.workflows.executions.v1, as far as engines tell. */
export interface EngineEntry {
  readonly name: string;
  readonly entryId: string;
  readonly routine: string;
  readonly step: string;
  readonly stepType?: string;
  readonly state: string;
  readonly createTime: string;
  readonly updateTime?: string;
}

const PARENT = "projects/test/locations/local";

/** How long an engine may take to add the result to a state that it has told already: one of them does so in two steps. */
const RESULT_MS = 50;

/** @param endpoint as http://127.0.0.1:port */
export function engineApi(endpoint: string): EngineApi {
  const get = (name: string, signal?: AbortSignal) => call<EngineExecution>(endpoint, "GET", name, undefined, signal);
  return {
    async deploy(parent, id, source) {
      await call(endpoint, "POST", `${parent}/workflows?workflowId=${id}`, { sourceContents: source });
    },
    start: (workflow, argument, signal) => call(endpoint, "POST", `${workflow}/executions`, { argument }, signal),
    async outcome(name, signal) {
      const execution = await get(name, signal);
      if (execution.state !== "SUCCEEDED" || execution.result) return execution;
      await delay(RESULT_MS, undefined, { signal });
      return get(name, signal);
    },
    cancel: (name, signal) => call(endpoint, "POST", `${name}:cancel`, {}, signal),
    async entries(name) {
      const { stepEntries = [] } = await call<{ stepEntries?: EngineEntry[] }>(endpoint, "GET", `${name}/stepEntries`);
      return stepEntries;
    },
    async callbacks(name) {
      const { callbacks = [] } = await call<{ callbacks?: EngineCallback[] }>(endpoint, "GET", `${name}/callbacks`);
      return callbacks;
    },
    callBack: (name, body) => call(endpoint, "POST", name, body),
  };
}

/** @param endpoint as http://127.0.0.1:port */
export function workflowsClient(endpoint: string): WorkflowsClient {
  const api = engineApi(endpoint);
  return {
    deploy: (id, source) => api.deploy(PARENT, id, source),
    async execute(id, argument = null, { timeoutMs = 30_000, signal } = {}) {
      const { name } = await api.start(`${PARENT}/workflows/${id}`, JSON.stringify(argument), signal);
      const end = performance.now() + timeoutMs;
      for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 1.5, 50)) {
        const execution = await api.outcome(name, signal);
        if (execution.state !== "ACTIVE") return outcome(execution);
        if (performance.now() > end) return outcome(await api.cancel(name, signal));
        await delay(pauseMs, undefined, { signal });
      }
    },
  };
}

function outcome({ state, result, error }: EngineExecution): WorkflowOutcome {
  if (state === "FAILED") return { state, error: raised(error?.payload ?? "") };
  return state === "SUCCEEDED" && result ? { state, result: JSON.parse(result) } : { state: state as "CANCELLED" };
}

/** An error as a source raises it is a map or a text in JSON; what the engine says by itself is plain text. */
function raised(text: string): WorkflowError {
  const payload = jsonOr(text);
  if (typeof payload !== "object" || payload === null) return { message: String(payload), tags: [], payload };
  const { message = "", tags = [], code } = payload as Partial<WorkflowError>;
  return { message, tags, payload, ...(code === undefined ? {} : { code }) };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function call<T>(
  endpoint: string,
  method: string,
  path: string,
  body?: object,
  signal?: AbortSignal | undefined,
): Promise<T> {
  const init = { method, headers: { "content-type": "application/json" }, ...(signal ? { signal } : {}) };
  const answer = await fetch(`${endpoint}/v1/${path}`, body ? { ...init, body: JSON.stringify(body) } : init);
  const text = await answer.text();
  if (answer.status === 400) throw new WorkflowRefused(refusal(text));
  if (!answer.ok) throw new EngineStatus(answer.status, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

function refusal(text: string): string {
  const content = jsonOr(text) as { error?: { message?: string } };
  return content.error?.message ?? text;
}
