import type { Next, Task, Tasks } from "../ir.ts";
import { addCall } from "./calls.ts";
import { addDo, addRaise, addSet, addSwitch, addWait } from "./flow.ts";
import { addFor } from "./loop.ts";
import { type Leave, type Machine, namesOf, type Scope, seeing } from "./machine.ts";
import { addConcurrent, addFork } from "./parallel.ts";
import { condition, field, INPUT, mentions, output, query } from "./queries.ts";
import { addListen, addRun } from "./runs.ts";
import { addTry } from "./try.ts";

/** What each task is made of, but for what all of them may have. It returns the first state. */
type Add<T extends Task> = (task: T, scope: Scope, leave: Leave, machine: Machine) => string;

const KINDS: { readonly [K in Task["kind"]]: Add<Extract<Task, { kind: K }>> } = {
  do: addDo,
  set: addSet,
  switch: addSwitch,
  for: addFor,
  concurrent: addConcurrent,
  fork: addFork,
  try: addTry,
  wait: addWait,
  listen: addListen,
  raise: addRaise,
  run: addRun,
  call: addCall,
};

/** As `tasks` of a Machine: from the last one to the first, since each has to know where it goes. */
export function addTasks(tasks: Tasks, scope: Scope, next: string, machine: Machine): string {
  const first: string[] = [];
  for (let index = tasks.length - 1; index >= 0; index--) {
    const following = first[index + 1] ?? next;
    const stateOf = (to: Next): string => {
      if (to.to === "task") return first[to.index]!;
      if (to.to === "end") return scope.end;
      return to.to === "exit" ? next : following;
    };
    first[index] = addTask(tasks[index]!, scope, stateOf, machine);
  }
  return first[0] ?? next;
}

function addTask(task: Task, scope: Scope, stateOf: (next: Next) => string, machine: Machine): string {
  const { when, from, path } = task;
  const keepsInput = [task.as, task.exportAs].some((typed) => typed && mentions(typed.expression, "input"));
  const kept = keepsInput ? machine.variable("input") : undefined;
  const own = KINDS[task.kind] as Add<Task>;
  const entry = own(task, scope, createLeave(task, scope, kept, stateOf), machine);
  const prepared = from || kept ? addInput(entry) : entry;
  if (!when) return prepared;
  return scope.branch.add(path, "if", {
    Type: "Choice",
    Choices: [{ Condition: condition(when.expression, seeing(scope)), Next: prepared }],
    Default: stateOf({ to: "continue" }),
  });

  function addInput(next: string): string {
    const value = from ? output(from.expression, seeing(scope)) : query(INPUT);
    const keep = kept && { Assign: { [kept]: value } };
    return scope.branch.add(path, "input", { Type: "Pass", Output: value, ...keep, Next: next });
  }
}

/** Each way out of a task has states of its own for what comes after it. */
function createLeave(task: Task, scope: Scope, kept: string | undefined, stateOf: (next: Next) => string): Leave {
  const ways = new Map<string, string>();
  return (to = task.next) => {
    const next = stateOf(to);
    const known = ways.get(next);
    if (known !== undefined) return known;
    const way = addAfter(task, scope, kept, next, ways.size === 0 ? "" : `-${ways.size + 1}`);
    ways.set(next, way);
    return way;
  };
}

function addAfter(task: Task, scope: Scope, kept: string | undefined, next: string, way: string): string {
  const { as, exportAs, path } = task;
  const names = namesOf(scope, { output: INPUT, ...(kept && { input: `$${kept}` }) });
  const exported = exportAs
    ? scope.branch.add(path, `export${way}`, {
        Type: "Pass",
        Assign: { [scope.context]: field(exportAs.expression, names) },
        Next: next,
      })
    : next;
  if (!as) return exported;
  return scope.branch.add(path, `output${way}`, {
    Type: "Pass",
    Output: output(as.expression, names),
    Next: exported,
  });
}
