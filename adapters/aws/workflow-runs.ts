import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import {
  type Listening,
  momentOf,
  RUN_STEPS,
  type RunProblem,
  type RunSeen,
  type RunStep,
  type Runs,
} from "../../operator/provider/runs.ts";
import { RUN_KEY } from "../../operator/workflow/envelope.ts";
import { HELPER_MARK, problemOf, SIGNALS_SOURCE } from "../../operator/workflow/step-functions/index.ts";
import { formatArn, parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";

/** Those after a wait has begun. */
const WAIT_EVENTS = 20;
/** What SendTaskSuccess says where the task has had its answer, or is over. */
const OVER: ReadonlySet<string> = new Set(["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"]);

/** So many events hold RUN_STEPS steps, with those of the helper states between them. */
const EVENTS = 400;

/**
 * Executions of a state machine. One is named after the object that stands for it, so that starting it again is told by
 * Step Functions: it answers the one that runs, and refuses the name for 90 days after its end.
 */
export function workflowRuns({ sfn }: Pick<Aws, "sfn">): Runs {
  const options = ({ signal }: Call) => ({ abortSignal: signal });
  const executionOf = (machine: string, { owner }: Call): string => {
    const arn = parseArn(machine);
    if (!arn) throw new ProviderError("invalid", `"${machine}" is no ARN of a state machine`, { code: "InvalidArn" });
    return formatArn({ ...arn, resource: `${arn.resource.replace(/^stateMachine:/, "execution:")}:${owner.uid}` });
  };

  async function stepsOf(executionArn: string, over: boolean, call: Call): Promise<readonly RunStep[]> {
    const command = new GetExecutionHistoryCommand({
      executionArn,
      reverseOrder: true,
      maxResults: EVENTS,
      includeExecutionData: false,
    });
    const found = await askFor("Step Functions GetExecutionHistory", sfn.send(command, options(call)));
    return found ? stepsIn((found.events ?? []).toReversed(), over) : [];
  }

  return {
    settlingMs: 0,

    async start(stateMachineArn, { id, startedAt, input }, call) {
      const name = call.owner.uid;
      const envelope = JSON.stringify({ [RUN_KEY]: { id, startedAt }, input });
      const command = new StartExecutionCommand({ stateMachineArn, name, input: envelope });
      try {
        const operation = "Step Functions StartExecution";
        const made = await ask(operation, sfn.send(command, options(call)));
        return { id: required(operation, "executionArn", made.executionArn) };
      } catch (error) {
        // Only an execution of this object has its uid for a name: it ended meanwhile.
        if (error instanceof ProviderError && error.code === "ExecutionAlreadyExists")
          return { id: executionOf(stateMachineArn, call) };
        throw error;
      }
    },

    async find(stateMachineArn, id, call) {
      const executionArn = id ?? executionOf(stateMachineArn, call);
      const operation = "Step Functions DescribeExecution";
      const found = await askFor(operation, sfn.send(new DescribeExecutionCommand({ executionArn }), options(call)));
      if (!found) return undefined;
      const seen = seenOf(operation, executionArn, found);
      return { ...seen, steps: await stepsOf(executionArn, seen.phase !== "Running", call) };
    },

    async listening(executionArn, call) {
      const command = new GetExecutionHistoryCommand({
        executionArn,
        reverseOrder: true,
        maxResults: WAIT_EVENTS,
        includeExecutionData: true,
      });
      const found = await askFor("Step Functions GetExecutionHistory", sfn.send(command, options(call)));
      return listeningIn(found?.events ?? []);
    },

    async answer({ at: taskToken }, value, call) {
      const command = new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(value) });
      try {
        await ask("Step Functions SendTaskSuccess", sfn.send(command, options(call)));
      } catch (error) {
        if (!(error instanceof ProviderError) || !OVER.has(error.code)) throw error;
      }
    },

    async stop(executionArn, call) {
      await askFor("Step Functions StopExecution", sfn.send(new StopExecutionCommand({ executionArn }), options(call)));
    },
  };
}

const PHASES: Readonly<Record<string, RunSeen["phase"]>> = {
  RUNNING: "Running",
  PENDING_REDRIVE: "Running",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  TIMED_OUT: "Failed",
  ABORTED: "Cancelled",
};

function seenOf(operation: string, id: string, found: DescribeExecutionOutput): Omit<RunSeen, "steps"> {
  const status = required(operation, "status", found.status);
  const phase = PHASES[status];
  if (!phase) throw new ProviderError("transient", `${operation}: unknown status ${status}`, { code: status });
  return {
    id,
    phase,
    startedAt: momentOf(required(operation, "startDate", found.startDate)),
    ...(found.stopDate && { finishedAt: momentOf(found.stopDate) }),
    ...(phase === "Succeeded" && found.output !== undefined && { output: found.output }),
    ...(phase === "Failed" && { problem: problemIn(status, found) }),
  };
}

function problemIn(status: string, { error, cause }: DescribeExecutionOutput): RunProblem {
  const unsaid = status === "TIMED_OUT" ? "States.Timeout" : "States.Runtime";
  const problem = problemOf(error ?? unsaid, cause ?? "");
  return { ...problem, message: problem.message || error || status };
}

/**
 * What a run waits for, by the newest events of its history: the token is in the arguments of the task.
 * @param newestFirst with their data
 */
export function listeningIn(newestFirst: readonly HistoryEvent[]): Listening | undefined {
  const last = newestFirst.find(({ type = "" }) =>
    /^(Task(Scheduled|Succeeded|Failed|TimedOut|SubmitFailed)|Execution.*)$/.test(type),
  );
  const token = tokenIn(last?.taskScheduledEventDetails?.parameters ?? "");
  return token === undefined ? undefined : { visit: String(last?.id), at: token };
}

function tokenIn(parameters: string): string | undefined {
  try {
    const { Entries } = JSON.parse(parameters) as {
      Entries?: readonly { Source?: string; Detail?: { token?: string } }[];
    };
    const [entry] = Entries ?? [];
    return entry?.Source === SIGNALS_SOURCE ? entry.Detail?.token : undefined;
  } catch {
    return undefined;
  }
}

/** The steps that a history shows, oldest first: a state is a step from where it is entered to where it is left. */
export function stepsIn(events: readonly HistoryEvent[], over: boolean): readonly RunStep[] {
  const steps: { task: string; startedAt: string; finishedAt?: string }[] = [];
  for (const { timestamp, stateEnteredEventDetails: entered, stateExitedEventDetails: left } of events) {
    const task = entered?.name ?? left?.name;
    if (task === undefined || timestamp === undefined || task.includes(HELPER_MARK)) continue;
    if (entered) steps.push({ task, startedAt: momentOf(timestamp) });
    else {
      const begun = steps.find((step) => step.task === task && step.finishedAt === undefined);
      if (begun) begun.finishedAt = momentOf(timestamp);
    }
  }
  return steps.slice(-RUN_STEPS).map((step) => ({
    ...step,
    state: step.finishedAt !== undefined ? "Succeeded" : over ? "Failed" : "Running",
  }));
}
