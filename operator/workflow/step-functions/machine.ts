import type { Next, Tasks } from "../ir.ts";
import type { Place } from "../place.ts";
import type { Branch } from "./branch.ts";
import { INPUT, type Names } from "./queries.ts";

/** What the names in a workflow stand for, on this account. */
export interface StepFunctionsPlace extends Place {
  /** QUEUE_URL of a Queue, TOPIC_ID of a Topic, TABLE_NAME of a Table, BUCKET of a Bucket. */
  target: Place["target"];
  /** ARN of the state machine of another Workflow. */
  workflow(name: string): string;
  /** ARN of the EventBridge connection that HTTP requests go through: Step Functions makes none without. */
  readonly connection: string | undefined;
}

/** What is the same for the whole machine. */
export interface Machine {
  readonly place: StepFunctionsPlace;
  /** A name, without `$`, that no other variable of the machine has: none hides another, and what leaks does no harm. */
  variable(role: string): string;
  /**
   * Adds the states of tasks in a row.
   * @param next the state after them, which gets their output
   * @returns the first state, which gets their input
   */
  tasks(tasks: Tasks, scope: Scope, next: string): string;
}

/** Where a list of tasks stands. */
export interface Scope {
  readonly branch: Branch;
  /** The variable that holds `context` here. */
  readonly context: string;
  /** Loop variables and errors, by what expressions call them: their variables. */
  readonly names: Readonly<Record<string, string>>;
  /** Variables of the indices of the loops around it, outermost first. */
  readonly indices: readonly string[];
  /** Variables that count the retries of the tries around it, outermost first. */
  readonly retries: readonly string[];
  /** The state that gets the output that the run ends with. */
  readonly end: string;
}

/**
 * The state after a task's own, which gets its output: `output.as` and `export.as`, or where it goes next.
 * @param next by default `next` of the task
 */
export type Leave = (next?: Next) => string;

/** Variables of the run. */
export const RUN = "run";

/** How expressions are written that see what the state gets as `input`. */
export const seeing = (scope: Scope): Names => namesOf(scope, { input: INPUT });

/** @param here what only these expressions see, in JSONata */
export function namesOf(scope: Scope, here: Readonly<Record<string, string>>): Names {
  return (name) => {
    if (Object.hasOwn(here, name)) return here[name]!;
    if (name === "run") return `$${RUN}`;
    return `$${name === "context" ? scope.context : scope.names[name]}`;
  };
}
