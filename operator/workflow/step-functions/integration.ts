import type { Expression } from "../expression/index.ts";
import type { Call } from "../ir.ts";
import { outputOf } from "../place.ts";
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

/** @throws WorkflowError it has none yet */
export const outputIn = ({ task, place }: Given, output: string): string => outputOf(task, place, output);
