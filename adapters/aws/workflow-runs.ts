import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import {
  momentOf,
  RUN_STEPS,
  type RunProblem,
  type RunSeen,
  type RunStep,
  type Runs,
} from "../../operator/provider/runs.ts";
import { RUN_KEY } from "../../operator/workflow/envelope.ts";
import { HELPER_MARK, problemOf } from "../../operator/workflow/step-functions/index.ts";
import { formatArn, parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";

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
