import type { Concurrent, Fork, Tasks } from "../ir.ts";
import { type Branch, createBranch } from "./branch.ts";
import { ANY_ERROR, PROBLEM, raised } from "./errors.ts";
import type { Leave, Machine, Scope } from "./machine.ts";
import { seeing } from "./machine.ts";
import { at, field, INPUT, ONLY_RESULT, query } from "./queries.ts";
import { innerTasks } from "./scopes.ts";

/*
 * Step Functions stops the other branches once one fails. Here all of them end, as they do on Cloud Workflows: none
 * fails, each gives {ok} or {err}, and the first {err} in order is raised afterwards.
 */

export function addFork({ path, branches }: Fork, scope: Scope, leave: Leave, machine: Machine): string {
  return scope.branch.add(path, undefined, {
    Type: "Parallel",
    Branches: branches.map(({ name, tasks }) => {
      const branch = createBranch();
      return branch.build(addGuarded(tasks, branch, scope, machine, `${path}/${name}`, "branch"));
    }),
    Next: addJoin(path, scope, leave),
  });
}

export function addConcurrent(task: Concurrent, scope: Scope, leave: Leave, machine: Machine): string {
  const { path } = task;
  const [item, index] = [machine.variable("item"), machine.variable("index")];
  const inner: Scope = {
    ...scope,
    names: { ...scope.names, [task.each]: item, [task.at]: index },
    indices: [...scope.indices, index],
  };
  const branch = createBranch();
  const first = branch.add(path, "item", {
    Type: "Pass",
    Assign: { [item]: query(at(INPUT, "item")), [index]: query(at(INPUT, "index")) },
    Output: query(at(INPUT, "input")),
    Next: addGuarded(task.tasks, branch, inner, machine, path, "body"),
  });
  return scope.branch.add(path, undefined, {
    Type: "Map",
    Items: field(task.over.expression, seeing(scope)),
    MaxConcurrency: task.concurrency,
    ItemSelector: {
      item: query("$states.context.Map.Item.Value"),
      index: query("$states.context.Map.Item.Index"),
      input: query(INPUT),
    },
    ItemProcessor: { ProcessorConfig: { Mode: "INLINE" }, ...branch.build(first) },
    Next: addJoin(path, scope, leave),
  });
}

/** Tasks that never fail: they give `{ok: output}` or `{err: problem}`. */
function addGuarded(tasks: Tasks, branch: Branch, scope: Scope, machine: Machine, path: string, role: string): string {
  const inner = innerTasks(tasks, scope, machine, { path, role, framed: false });
  return branch.add(path, role, {
    Type: "Parallel",
    Branches: [inner.states],
    Catch: [
      {
        ...ANY_ERROR,
        Output: { err: PROBLEM },
        Next: branch.add(path, `${role}-failed`, { Type: "Pass", End: true }),
      },
    ],
    Next: branch.add(path, `${role}-ok`, { Type: "Pass", Output: { ok: query(ONLY_RESULT) }, End: true }),
  });
}

const FIRST_ERROR = fold(`$q=false and $exists(${at("$x", "err")})?${at("$x", "err")}:$q`, "false");
/** A list as an item has to be wrapped once more: $append goes into it. */
const ALL_OK = fold(`($v:=${at("$x", "ok")};$append($q,$type($v)="array"?[[$v]]:[$v]))`, "[]");

/** What a step makes of each thing that came in, `$x`, and of what it made of those before, `$q`. */
function fold(step: string, first: string): string {
  return `$reduce(${INPUT},function($q,$x){${step}},${first})`;
}

function addJoin(path: string, scope: Scope, leave: Leave): string {
  const raise = scope.branch.add(path, "raise", raised(FIRST_ERROR));
  const results = scope.branch.add(path, "results", { Type: "Pass", Output: query(ALL_OK), Next: leave() });
  return scope.branch.add(path, "join", {
    Type: "Choice",
    Choices: [{ Condition: query(`${FIRST_ERROR}!=false`), Next: raise }],
    Default: results,
  });
}
