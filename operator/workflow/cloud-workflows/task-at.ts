import type { Next, Task, Tasks } from "../ir.ts";
import type { Block, Names } from "./block.ts";
import type { Emission } from "./emission.ts";

/** The variables around a list of tasks. */
export interface Frame {
  /** Loop variables, errors and `run`. */
  readonly names: Names;
  /** Holds the output of the task before, which is the input of the next. Tasks write it. */
  readonly out: string;
  readonly context: string;
  /** The index variables of the loops around, outermost first. */
  readonly indices: readonly string[];
}

/** What the own part of a task is made in. */
export interface TaskAt<T extends Task = Task> {
  readonly task: T;
  readonly emission: Emission;
  readonly block: Block;
  readonly frame: Frame;
  /** The variable that holds what the task got, and keeps it. */
  readonly input: string;
  /** What the expressions of the task see. */
  readonly names: Names;
  /** Where the output goes, of a task that has one of its own. */
  readonly target: string;
  /** Leads to where `next` says, as a step or in a condition. */
  lead(next: Next): Readonly<Record<string, string>>;
  /** Adds the steps of a list within the task, after which `frame.out` holds its output. */
  emitTasks(tasks: Tasks, frame: Frame, block: Block): void;
}

/** What the own part of a task comes to. */
export interface Given {
  /** The variable of the output. */
  readonly output: string;
  /** Once the output is where the next task takes it from. */
  readonly leave?: () => void;
}
