import type { For } from "../ir.ts";
import { type Leave, type Machine, namesOf, type Scope, seeing } from "./machine.ts";
import { stateName } from "./names.ts";
import { condition, field, INPUT, query } from "./queries.ts";

/** One body after the other: the list and the index are variables, the output goes round as the states' input. */
export function addFor(task: For, scope: Scope, leave: Leave, machine: Machine): string {
  const { path } = task;
  const [items, item, index] = ["items", "item", "index"].map((role) => machine.variable(role)) as [
    string,
    string,
    string,
  ];
  const inner: Scope = {
    ...scope,
    names: { ...scope.names, [task.each]: item, [task.at]: index },
    indices: [...scope.indices, index],
  };
  const next = stateName(path, "next");
  const again = scope.branch.add(path, "again", {
    Type: "Pass",
    Assign: { [index]: query(`$${index}+1`) },
    Next: next,
  });
  const done = leave();
  const body = addWhile(machine.tasks(task.tasks, inner, again));
  scope.branch.add(path, "next", {
    Type: "Choice",
    Choices: [
      {
        Condition: query(`$${index}<$count($${items})`),
        // An item that is null does not exist for the Python port of JSONata.
        Assign: { [item]: query(`$exists($${items}[$${index}])?$${items}[$${index}]:null`) },
        Next: body,
      },
    ],
    Default: done,
  });
  return scope.branch.add(path, undefined, {
    Type: "Pass",
    Assign: { [items]: field(task.over.expression, seeing(scope)), [index]: 0 },
    Next: next,
  });

  function addWhile(first: string): string {
    if (!task.while) return first;
    return scope.branch.add(path, "while", {
      Type: "Choice",
      Choices: [{ Condition: condition(task.while.expression, namesOf(inner, { input: INPUT })), Next: first }],
      Default: done,
    });
  }
}
