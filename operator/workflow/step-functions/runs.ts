import { RUN_KEY } from "../envelope.ts";
import type { Listen, Run } from "../ir.ts";
import { digestOf, keyOf, RUN_ID } from "./key.ts";
import { type Leave, type Machine, type Scope, seeing } from "./machine.ts";
import { at, field, query } from "./queries.ts";

/**
 * Source of the events that tell that a run waits. Nobody has to hear one: the token that answers it is in the history of the
 * execution, as every argument is, and the operator finds it there.
 */
export const SIGNALS_SOURCE = "onyx.workflow";

export function addListen({ path, signal, timeoutSeconds }: Listen, scope: Scope, leave: Leave): string {
  const Detail = {
    run: query(RUN_ID),
    signal,
    key: query(keyOf(path, scope)),
    token: query("$states.context.Task.Token"),
  };
  return scope.branch.add(path, undefined, {
    Type: "Task",
    Resource: "arn:aws:states:::events:putEvents.waitForTaskToken",
    Arguments: { Entries: [{ Source: SIGNALS_SOURCE, DetailType: "WaitsForSignal", Detail }] },
    TimeoutSeconds: timeoutSeconds,
    Next: leave(),
  });
}

/**
 * Starts a machine. The id of its run is the same for every try, and so is what its own calls carry; the execution has
 * it for its name where nobody waits for it. An execution that is waited for and failed is not the one of the next try,
 * which takes another name.
 */
export function addRun(task: Run, scope: Scope, leave: Leave, machine: Machine): string {
  const key = keyOf(task.path, scope);
  const attempt = [key, ...scope.retries.map((count) => `"#" & $string($${count})`)].join(" & ");
  const id = query(digestOf(key));
  const Input = { [RUN_KEY]: { id, startedAt: query(NOW) }, input: field(task.input.expression, seeing(scope)) };
  const StateMachineArn = machine.place.workflow(task.workflow);
  const Next = leave();
  const kind = task.await
    ? {
        Resource: `${START}.sync:2`,
        Arguments: { StateMachineArn, Name: query(digestOf(attempt)), Input },
        Output: query(at("$states.result", "Output")),
      }
    : {
        Resource: START,
        Arguments: { StateMachineArn, Name: id, Input },
        Output: { id },
        // A try before has started it.
        Catch: [{ ErrorEquals: ["StepFunctions.ExecutionAlreadyExistsException"], Output: { id }, Next }],
      };
  return scope.branch.add(task.path, undefined, { Type: "Task", ...kind, TimeoutSeconds: task.timeoutSeconds, Next });
}

const START = "arn:aws:states:::states:startExecution";

/** As `run.startedAt` is: in whole seconds. */
const NOW = '$now("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]Z")';
