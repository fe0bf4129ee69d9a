/** google.cloud.workflows.v1 and google.cloud.workflows.executions.v1: workflows that can be started, and run where there is an engine. */
import { type EngineEntry, EngineStatus } from "../../../workflows/client.ts";
import type { Engine } from "../../engine/engine.ts";
import { CloudError, notFound, precondition, unimplemented } from "../../engine/errors.ts";
import { text, timestamp } from "../../engine/messages.ts";
import type { HttpRoute } from "../../engine/rest.ts";
import type { Handler, World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { type CallWorkflows, workflowsCaller } from "./http-call.ts";
import { EXECUTION, executions, WORKFLOW, workflows } from "./resources.ts";
import { newRunner } from "./runner.ts";

const WORKFLOWS = "google.cloud.workflows.v1.Workflows";
const EXECUTIONS = "google.cloud.workflows.executions.v1.Executions";
/** Google's definitions in google-proto-files are older than it: the discovery document of workflowexecutions v1 has it. */
const LIST_ENTRIES = "google.cloud.workflows.executions.v1.ExecutionHistory.ListStepEntries";
const LIST_CALLBACKS = "google.cloud.workflows.executions.v1.Executions.ListCallbacks";
const CALL_BACK = "google.cloud.workflows.executions.v1.Executions.CallBack";
const CALLBACKS =
  /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/workflows\/[^/]+\/executions\/[^/:]+)\/callbacks(?:\/([^/]+))?$/;
const ENTRIES = /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/workflows\/[^/]+\/executions\/[^/:]+)\/stepEntries$/;

export interface WorkflowsParts {
  readonly world: World;
  /** Where an engine for sources answers; absent: executions stay ACTIVE. */
  readonly workflowEngine: string | undefined;
  readonly engine: () => Engine;
}

export interface WorkflowsService {
  readonly module: ServiceModule;
  readonly call: CallWorkflows;
}

export function workflowsService({ world, workflowEngine, engine }: WorkflowsParts): WorkflowsService {
  const { store, clock } = world;
  const runner = newRunner(world, workflowEngine);
  const cancel: Handler = ({ request }) => {
    const name = text(request, "name");
    const execution = store.get(EXECUTION, name);
    if (execution === undefined) throw notFound(name);
    if (execution.state !== "ACTIVE") throw precondition(`${name} is not running.`);
    const ended = { ...execution, state: "CANCELLED", endTime: timestamp(clock.now()) };
    store.put(EXECUTION, name, ended);
    runner.cancel(name);
    return ended;
  };
  const entries: HttpRoute = async ({ verb, path, query }, signal) => {
    const [, resource] = verb === "get" ? (ENTRIES.exec(path) ?? []) : [];
    if (resource === undefined) return undefined;
    const facts = { method: LIST_ENTRIES, resource, mutating: false, plane: "control", request: {} } as const;
    return engine().call(facts, signal, async (view) => {
      if (view.get(EXECUTION, resource) === undefined) throw notFound(resource);
      const stepEntries = listed(await runner.entries(resource), query);
      return { status: 200, body: stepEntries.length > 0 ? { stepEntries } : {} };
    });
  };
  /** Listed for who may, and called by who may, which are not told apart here. */
  const callbacks: HttpRoute = async ({ verb, path, body }, signal) => {
    const [, resource, id] = CALLBACKS.exec(path) ?? [];
    if (resource === undefined || verb !== (id === undefined ? "get" : "post")) return undefined;
    const mutating = id !== undefined;
    const method = mutating ? CALL_BACK : LIST_CALLBACKS;
    return engine().call({ method, resource, mutating, plane: "data", request: {} } as const, signal, async (view) => {
      if (view.get(EXECUTION, resource) === undefined) throw notFound(resource);
      if (id === undefined) return { status: 200, body: { callbacks: await runner.callbacks(resource) } };
      try {
        await runner.callBack(resource, id, (body ?? {}) as object);
      } catch (error) {
        if (error instanceof EngineStatus)
          throw error.status === 429 ? taken(id) : notFound(`${resource}/callbacks/${id}`);
        throw error;
      }
      return { status: 200, body: {} };
    });
  };
  return {
    call: workflowsCaller(world, runner.begin),
    module: {
      services: [WORKFLOWS, EXECUTIONS],
      semantics: { [WORKFLOW]: workflows, [EXECUTION]: executions(runner.begin) },
      unary: { [`${EXECUTIONS}.CancelExecution`]: cancel },
      routes: [entries, callbacks],
      reset: () => runner.stop(),
      close: () => runner.stop(),
    },
  };
}

const taken = (id: string) => new CloudError("RESOURCE_EXHAUSTED", `The callback ${id} has had its request.`);

/** @throws CloudError for what is asked in another way than here */
function listed(entries: readonly EngineEntry[], query: URLSearchParams): readonly EngineEntry[] {
  const { orderBy = "entryId", filter = "", pageSize = "0", ...rest } = Object.fromEntries(query);
  const routine = filter === "" ? undefined : /^routine *= *"(\w+)"$/.exec(filter)?.[1];
  const known = Object.keys(rest).length === 0 && ["entryId", "entryId desc"].includes(orderBy);
  if (!known || (filter !== "" && routine === undefined))
    throw unimplemented(`The test bed lists no step entries by ${query.toString()}.`);
  const found = entries.filter((entry) => routine === undefined || entry.routine === routine);
  const ordered = orderBy === "entryId" ? found : found.toReversed();
  return ordered.slice(0, Number(pageSize) || ordered.length);
}
