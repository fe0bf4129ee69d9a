import type { Task, Tasks } from "../ir.ts";
import { createBranch } from "./branch.ts";
import type { States } from "./definition.ts";
import type { Machine, Scope } from "./machine.ts";
import { stateName } from "./names.ts";
import { INPUT, query } from "./queries.ts";

/** Tasks in a Parallel's branch: a scope of its own, which can't assign the variables around it. */
export interface Inner {
  readonly states: States;
  /** What it gives is `{output, context}`; else the output. */
  readonly writesContext: boolean;
}

/**
 * @param path of the task that they belong to
 * @param role what helper states around them are named after
 * @param framed whether what they write into `context` is wanted
 */
export function innerTasks(
  tasks: Tasks,
  scope: Scope,
  machine: Machine,
  { path, role, framed }: { readonly path: string; readonly role: string; readonly framed: boolean },
): Inner {
  const branch = createBranch();
  const writes = tasks.some(writesContext);
  const context = writes ? machine.variable("context") : scope.context;
  const end = stateName(path, `${role}-end`);
  const inner: Scope = { ...scope, branch, context, end };
  const frame = writes && framed ? { Output: { output: query(INPUT), context: query(`$${context}`) } } : {};
  branch.add(path, `${role}-end`, { Type: "Pass", ...frame, End: true });
  const first = machine.tasks(tasks, inner, end);
  const start = writes
    ? branch.add(path, `${role}-start`, {
        Type: "Pass",
        Assign: { [context]: query(`$${scope.context}`) },
        Next: first,
      })
    : first;
  return { states: branch.build(start), writesContext: writes && framed };
}

/** Whether the task assigns `context` in the scope that it stands in. */
function writesContext(task: Task): boolean {
  if (task.exportAs) return true;
  switch (task.kind) {
    case "do":
    case "for":
      return task.tasks.some(writesContext);
    case "try":
      return [...task.tasks, ...(task.handler ?? [])].some(writesContext);
    default:
      return false;
  }
}
