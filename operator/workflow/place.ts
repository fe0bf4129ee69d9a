import { CALLS, type CallEntry, type TargetKind } from "./calls.ts";
import { WorkflowError } from "./errors.ts";
import type { Call } from "./ir.ts";
import type { TableSchema } from "./tables/schema.ts";

/** What the references of a workflow lead to, whatever the cloud. */
export interface Place {
  /** Outputs of an object that a call refers to. */
  target(kind: TargetKind, name: string): Readonly<Record<string, string>>;
  /** Keys and indexes of a Table. @throws WorkflowError they are not known */
  schema(table: string): TableSchema;
}

/** An output of the object that a call refers to. @throws WorkflowError it has none yet */
export function outputOf(task: Call, place: Place, output: string): string {
  const { target: kind }: CallEntry = CALLS[task.call];
  const value = kind && place.target(kind, task.target!)[output];
  if (value) return value;
  throw new WorkflowError(task.path, `${kind} "${task.target}" has no ${output} yet: it is not ready`);
}
