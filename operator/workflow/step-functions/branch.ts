import { WorkflowError } from "../errors.ts";
import { type State, type States, successors } from "./definition.ts";
import { stateName } from "./names.ts";

/** States that run after each other: those of the machine, of a branch, or of an item. */
export interface Branch {
  /**
   * @param path of the task that the state is for
   * @param helper what it is for, where it is not the task's own
   * @returns its name
   */
  add(path: string, helper: string | undefined, state: State): string;
  /** What is reached from the first state, in the order in which it is. */
  build(startAt: string): States;
}

/** Of one JSONata expression. An evaluation has about a second, and its message should still show what failed. */
const MAX_QUERY = 3_072;

export function createBranch(): Branch {
  const states = new Map<string, State>();
  return {
    add(path, helper, state) {
      checkQueries(path, state);
      const name = stateName(path, helper);
      states.set(name, state);
      return name;
    },
    build(startAt) {
      const reached = new Map<string, State>();
      const visit = (name: string) => {
        if (reached.has(name)) return;
        const state = states.get(name)!;
        reached.set(name, state);
        successors(state).forEach(visit);
      };
      visit(startAt);
      return { StartAt: startAt, States: Object.fromEntries(reached) };
    },
  };
}

function checkQueries(path: string, field: unknown): void {
  if (typeof field === "object" && field !== null) for (const inner of Object.values(field)) checkQueries(path, inner);
  if (typeof field !== "string" || !field.startsWith("{%") || field.length <= MAX_QUERY) return;
  throw new WorkflowError(
    path,
    `an expression takes ${field.length} characters in JSONata, and Step Functions should have no more than ` +
      `${MAX_QUERY}: compute a part of it in a task before, with set and export`,
  );
}
