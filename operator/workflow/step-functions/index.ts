import { RUN_KEY } from "../envelope.ts";
import { WorkflowError } from "../errors.ts";
import type { Typed, Workflow } from "../ir.ts";
import { createBranch } from "./branch.ts";
import type { StateMachine } from "./definition.ts";
import { type Machine, namesOf, RUN, type Scope, type StepFunctionsPlace } from "./machine.ts";
import { HELPER_MARK, stateName } from "./names.ts";
import { at, INPUT, output, query } from "./queries.ts";
import { addTasks } from "./tasks.ts";

export type { State, StateMachine, States } from "./definition.ts";
export { type Problem, problemOf } from "./errors.ts";
export type { StepFunctionsPlace } from "./machine.ts";
export { HELPER_MARK, stateName } from "./names.ts";
export { SIGNALS_SOURCE } from "./runs.ts";

/** Of a definition, in bytes: "State machine quotas" of AWS. */
const MAX_DEFINITION = 1_048_576;

/**
 * The workflow for Step Functions. An execution gets the run's input, or an envelope (RUN_KEY), and gives the run's output;
 * what it fails with, `problemOf` tells. The state of a task is named by its path, helper states have a HELPER_MARK.
 * @throws WorkflowError what only Step Functions can't do, or an object that is not ready
 */
export function toStepFunctions(workflow: Workflow, place: StepFunctionsPlace): StateMachine {
  const branch = createBranch();
  const machine = createMachine(place);
  const end = stateName("", "end");
  const context = machine.variable("context");
  const scope: Scope = { branch, context, names: {}, indices: [], retries: [], end };
  addEnd();
  const built = branch.build(addStart(machine.tasks(workflow.tasks, scope, end)));
  const definition: StateMachine = { Comment: COMMENT, QueryLanguage: "JSONata", ...built };
  checkSize(definition);
  return definition;

  function addStart(next: string): string {
    return branch.add("", "start", {
      Type: "Pass",
      Assign: { [RUN]: query(`${ENVELOPED}?${at(INPUT, RUN_KEY)}:${OWN_RUN}`), [context]: {} },
      Output: query(`${ENVELOPED}?${ENVELOPE_INPUT}:${INPUT}`),
      Next: workflow.from ? addFrom(workflow.from, next) : next,
    });
  }

  function addFrom({ expression }: Typed, next: string): string {
    return branch.add("", "from", {
      Type: "Pass",
      Output: output(expression, namesOf(scope, { input: INPUT })),
      Next: next,
    });
  }

  function addEnd(): void {
    const given = workflow.as && { Output: output(workflow.as.expression, namesOf(scope, { output: INPUT })) };
    branch.add("", "end", { Type: "Pass", ...given, End: true });
  }
}

const ENVELOPED = `$type(${INPUT})="object" and $exists(${at(INPUT, RUN_KEY)})`;
const ENVELOPE_INPUT = `($exists(${at(INPUT, "input")})?${at(INPUT, "input")}:null)`;
/** Of an execution that got no envelope. */
const OWN_RUN =
  '{"id":$states.context.Execution.Name,"startedAt":$substring($states.context.Execution.StartTime,0,19) & "Z"}';

const COMMENT = `A state is named by the path of its task. Those with a ${HELPER_MARK} belong to the task before it.`;

function createMachine(place: StepFunctionsPlace): Machine {
  let variables = 0;
  const machine: Machine = {
    place,
    variable: (role) => `${role}_${++variables}`,
    tasks: (tasks, scope, next) => addTasks(tasks, scope, next, machine),
  };
  return machine;
}

function checkSize(definition: StateMachine): void {
  const bytes = new TextEncoder().encode(JSON.stringify(definition)).length;
  if (bytes > MAX_DEFINITION)
    throw new WorkflowError(
      "",
      `takes ${bytes} bytes for Step Functions, which has ${MAX_DEFINITION}: run a part of it as a workflow of its own`,
    );
}
