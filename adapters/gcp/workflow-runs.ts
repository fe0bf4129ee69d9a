import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { type Owner, ownerTags } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import {
  momentOf,
  RUN_STEPS,
  type RunProblem,
  type RunSeen,
  type RunStep,
  type Runs,
} from "../../operator/provider/runs.ts";
import { isHelperStep, problemOf, TASKS, taskOfStep } from "../../operator/workflow/cloud-workflows/index.ts";
import { RUN_KEY } from "../../operator/workflow/envelope.ts";
import { ifThere } from "./errors.ts";
import { restCaller, unreadable } from "./rest.ts";

/** The fields of google.cloud.workflows.executions.v1.Execution that we read, in JSON. */
interface Execution {
  readonly name: string;
  readonly state?: string;
  readonly stateError?: { readonly details?: string };
  readonly createTime?: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly result?: string;
  readonly error?: { readonly payload?: string };
  readonly labels?: Readonly<Record<string, string>>;
}

/** The fields of google.cloud.workflows.executions.v1.StepEntry that we read, in JSON. */
export interface StepEntry {
  readonly step?: string;
  readonly stepType?: string;
  readonly state?: string;
  readonly createTime?: string;
  readonly updateTime?: string;
}

const API = "Workflows";

/** The most that Google gives in one page: RUN_STEPS steps are in it, with those of the helper steps between them. */
const ENTRIES = 1_000;
/** The same of executions with all that they have. */
const EXECUTIONS = 100;

/** The most callbacks in one page. */
const CALLBACKS = 100;

/** How soon a list shows what was created is not promised. */
const SETTLING_MS = 60_000;

/**
 * Executions of a workflow. Google names them, and begins another one whenever it is asked to; so one carries the marks of the
 * object that stands for it as labels, by which it is found where nobody heard its name.
 */
export function workflowRuns({
  place,
}: {
  readonly place: Pick<Place, "endpoints" | "credentials" | "account">;
}): Runs {
  const call = restCaller(place, "workflowexecutions", API);

  async function first(workflow: string, { owner, signal }: Call): Promise<Execution | undefined> {
    const found: Execution[] = [];
    let pageToken: string | undefined;
    do {
      const params = { view: "FULL", pageSize: String(EXECUTIONS), filter: ownedBy(owner) };
      const asked = call("GET", `${workflow}/executions`, signal, {
        params: { ...params, ...(pageToken && { pageToken }) },
      });
      const page = await ifThere(asked.then((answer) => fields<ExecutionPage>(answer)));
      found.push(...(page?.executions ?? []).filter(({ labels }) => isOf(owner, labels)));
      pageToken = page?.nextPageToken;
    } while (pageToken);
    return found.toSorted((a, b) => Date.parse(begunAt(a)) - Date.parse(begunAt(b)))[0];
  }

  async function stepsOf(execution: string, over: boolean, { signal }: Call): Promise<readonly RunStep[]> {
    const params = { pageSize: String(ENTRIES), orderBy: "entryId desc", filter: `routine="${TASKS}"` };
    const asked = call("GET", `${execution}/stepEntries`, signal, { params });
    const page = await ifThere(asked.then((answer) => fields<EntryPage>(answer)));
    return stepsIn(page?.stepEntries ?? [], over);
  }

  return {
    settlingMs: SETTLING_MS,

    async start(workflow, { id, startedAt, input }, { owner, signal }) {
      const body = { argument: JSON.stringify({ [RUN_KEY]: { id, startedAt }, input }), labels: ownerTags(owner) };
      const made = fields<Execution>(await call("POST", `${workflow}/executions`, signal, { body }));
      return { id: nameOf(made) };
    },

    async find(workflow, id, context) {
      const found =
        id === undefined
          ? await first(workflow, context)
          : await ifThere(
              call("GET", id, context.signal, { params: { view: "FULL" } }).then((answer) => fields<Execution>(answer)),
            );
      if (!found) return undefined;
      const seen = seenOf(found);
      return { ...seen, steps: await stepsOf(seen.id, seen.phase !== "Running", context) };
    },

    async listening(id, { signal }) {
      const params = { pageSize: String(CALLBACKS) };
      const asked = call("GET", `${id}/callbacks`, signal, { params });
      const page = await ifThere(asked.then((answer) => fields<CallbackPage>(answer)));
      const waits = page?.callbacks?.find(({ waiters = "0" }) => Number(waiters) > 0);
      const callback = waits?.name?.split("/").at(-1);
      return callback === undefined ? undefined : { visit: callback, at: `${id}/callbacks/${callback}` };
    },

    async answer({ at }, value, { signal }) {
      try {
        await ifThere(call("POST", at, signal, { body: { value } }));
      } catch (error) {
        // It has an answer that it did not work on yet. Where it was asked too often, the next look finds it waiting.
        if (!(error instanceof ProviderError) || error.fault !== "throttled") throw error;
      }
    },

    async stop(id, { signal }) {
      try {
        await ifThere(call("POST", `${id}:cancel`, signal, { body: {} }));
      } catch (error) {
        if (!(error instanceof ProviderError) || error.code.split("/")[0] !== "FAILED_PRECONDITION") throw error;
      }
    },
  };
}

interface ExecutionPage {
  readonly executions?: readonly Execution[];
  readonly nextPageToken?: string;
}

/** Of a run that waits, there is one with a waiter. */
interface CallbackPage {
  readonly callbacks?: readonly { readonly name?: string; readonly waiters?: string }[];
}

interface EntryPage {
  readonly stepEntries?: readonly StepEntry[];
}

/** @throws ProviderError transient, when the answer is none: a proxy's page, or nothing */
function fields<T extends object>(answer: unknown): T {
  if (typeof answer === "object" && answer !== null) return answer as T;
  throw unreadable(API);
}

function nameOf({ name }: Partial<Execution>): string {
  if (typeof name === "string") return name;
  throw unreadable(API);
}

const UID = "onyx-uid";

/**
 * Those with the label of this object. ListExecutionsRequest.filter names labels among what can be filtered by, and
 * https://google.aip.dev/160 as the language: there the value of a map's key is a field of the map, and a name may be quoted.
 */
const ownedBy = (owner: Owner): string => `labels."${UID}"="${ownerTags(owner)[UID] ?? ""}"`;

/** Whatever the filter let through: somebody else's run must not be taken for ours. */
const isOf = (owner: Owner, labels: Execution["labels"]): boolean => labels?.[UID] === ownerTags(owner)[UID];

const PHASES: Readonly<Record<string, RunSeen["phase"]>> = {
  ACTIVE: "Running",
  QUEUED: "Running",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  CANCELLED: "Cancelled",
};

function seenOf(found: Execution): Omit<RunSeen, "steps"> {
  const { state = "STATE_UNSPECIFIED", stateError, endTime, result } = found;
  const phase = PHASES[state];
  if (!phase) {
    const why = stateError?.details ? `: ${stateError.details}` : "";
    throw new ProviderError("transient", `${API} can't tell how the run is, its state is ${state}${why}`, {
      code: state,
    });
  }
  return {
    id: nameOf(found),
    phase,
    startedAt: momentOf(begunAt(found)),
    ...(endTime !== undefined && { finishedAt: momentOf(endTime) }),
    ...(phase === "Succeeded" && result !== undefined && { output: result }),
    ...(phase === "Failed" && { problem: problemIn(found) }),
  };
}

/** One that is queued has not started. */
function begunAt({ startTime, createTime }: Execution): string {
  const begun = startTime ?? createTime;
  if (begun !== undefined) return begun;
  throw unreadable(API);
}

function problemIn({ error, state = "" }: Execution): RunProblem {
  const problem = problemOf(error?.payload ?? "");
  return { ...problem, message: problem.message || state };
}

/** Entries that are a part of a step's own, beside the entry of the step: StepType in the API's definition. */
const PARTS: ReadonlySet<string> = new Set([
  "STEP_CONDITION",
  "STEP_FOR_ITERATION",
  "STEP_PARALLEL_BRANCH_ENTRY",
  "STEP_TRY",
  "STEP_RETRY",
  "STEP_EXCEPT",
]);
const STATES: Readonly<Record<string, RunStep["state"]>> = {
  STATE_IN_PROGRESS: "Running",
  STATE_SUCCEEDED: "Succeeded",
  STATE_FAILED: "Failed",
};

/** An entry of a task. */
interface Entry {
  readonly state: RunStep["state"];
  readonly createTime: string;
  readonly updateTime: string;
}

/**
 * The steps that a history shows, oldest first. A task has an entry of its own where it begins, and others for its helper
 * steps, of which the one that fails or is waited for may be any.
 *
 * @param newestFirst as Google lists them
 * @param over whether the run has ended: then what is still in progress was ended with it
 */
export function stepsIn(newestFirst: readonly StepEntry[], over: boolean): readonly RunStep[] {
  const steps: { readonly task: string; readonly entries: Entry[] }[] = [];
  const latest = new Map<string, Entry[]>();
  for (const { step = "", stepType = "", state: told = "", createTime, updateTime } of newestFirst.toReversed()) {
    const [task, state] = [taskOfStep(step), STATES[told]];
    if (task === undefined || state === undefined || createTime === undefined || PARTS.has(stepType)) continue;
    const entry = { state, createTime, updateTime: updateTime ?? createTime };
    const begun = isHelperStep(step) ? latest.get(task) : undefined;
    if (begun) begun.push(entry);
    else {
      const entries = [entry];
      latest.set(task, entries);
      steps.push({ task, entries });
    }
  }
  return steps.slice(-RUN_STEPS).map(({ task, entries }) => ({ task, ...stepOf(entries, over) }));
}

/** What ended last says how it ended: a step that others are in ends after them, whether or not it has caught what failed there. */
function stepOf(entries: readonly Entry[], over: boolean): Omit<RunStep, "task"> {
  const startedAt = momentOf(entries[0]?.createTime ?? "");
  if (entries.some(({ state }) => state === "Running")) return { state: over ? "Failed" : "Running", startedAt };
  const last = entries.reduce((found, one) => (exact(one.updateTime) > exact(found.updateTime) ? one : found));
  return { state: last.state, startedAt, finishedAt: momentOf(last.updateTime) };
}

/** Google's times have as many digits of a second as are needed: in one form they sort. */
function exact(time: string): string {
  const [whole = "", fraction = ""] = time.replace("Z", "").split(".");
  return `${whole}.${fraction.padEnd(9, "0")}`;
}
