import { CALLS, type CallEntry } from "../calls.ts";
import { WorkflowError } from "../errors.ts";
import type { Expression } from "../expression/index.ts";
import type { Call } from "../ir.ts";
import type { StepFunctionsPlace } from "./machine.ts";
import type { Names } from "./queries.ts";

/** A call as Step Functions makes it. */
export interface Integration {
  readonly Resource: string;
  readonly Arguments: object;
  readonly Output: object;
}

/** What there is to make one. */
export interface Given {
  readonly task: Call;
  readonly place: StepFunctionsPlace;
  readonly names: Names;
  /** The arguments that are there. */
  readonly with: Readonly<Record<string, Expression>>;
  /** The idempotency key, in JSONata. */
  readonly key: string;
}

/** What the integration gave. */
export const RESULT = "$states.result";

/** An output of the object that the call refers to. @throws WorkflowError it has none yet */
export function outputOf({ task, place }: Given, output: string): string {
  const { target: kind }: CallEntry = CALLS[task.call];
  const value = kind && place.target(kind, task.target!)[output];
  if (value) return value;
  throw new WorkflowError(task.path, `${kind} "${task.target}" has no ${output} yet: it is not ready`);
}
