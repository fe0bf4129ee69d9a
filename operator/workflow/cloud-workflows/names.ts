import type { Tasks } from "../ir.ts";
import { listsIn } from "../lists.ts";

const MAX_LENGTH = 60;
const OWN = "t_";

/** The step that stands for each task, by the path of the task. */
export function stepNames(tasks: Tasks): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const name = (list: Tasks): void => {
    for (const task of list) {
      const free = freeName(`${OWN}${task.path.replace(/[^A-Za-z0-9]+/g, "_")}`.slice(0, MAX_LENGTH), taken);
      taken.add(free);
      names.set(task.path, free);
      for (const inner of listsIn(task)) name(inner.tasks);
    }
  };
  name(tasks);
  return names;
}

/** Whether the step is one that a task needs beside its own. */
export function isHelperStep(step: string): boolean {
  return !step.startsWith(OWN) || /__\d+$/.test(step);
}

/**
 * The task that a step is of, as its own step is called after it: its path, with an underscore for what a name can't have.
 * Undefined: it is a step of none.
 */
export function taskOfStep(step: string): string | undefined {
  return step.startsWith(OWN) ? step.slice(OWN.length).replace(/__\d+$/, "") : undefined;
}

/** No two underscores in a row: those mark the helpers. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const base = wanted.replace(/_+$/, "");
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}_${count}`;
    if (!taken.has(name)) return name;
  }
}

/** The names of the steps of one task, in the order they are asked for: its own, then those of its helpers. */
export function taskSteps(own: string): () => string {
  let count = 0;
  return () => (++count === 1 ? own : `${own}__${count}`);
}
