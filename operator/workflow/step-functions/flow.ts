import { toJsonata } from "../expression/index.ts";
import type { Do, Raise, Set as SetTask, Switch, Wait } from "../ir.ts";
import { causeOf, errorName } from "./errors.ts";
import { type Leave, type Machine, type Scope, seeing } from "./machine.ts";
import { condition, field, output, query, text } from "./queries.ts";

export function addDo(task: Do, scope: Scope, leave: Leave, machine: Machine): string {
  return machine.tasks(task.tasks, scope, leave());
}

export function addSet({ path, value }: SetTask, scope: Scope, leave: Leave): string {
  return scope.branch.add(path, undefined, {
    Type: "Pass",
    Output: output(value.expression, seeing(scope)),
    Next: leave(),
  });
}

export function addSwitch({ path, cases }: Switch, scope: Scope, leave: Leave): string {
  const always = cases.find(({ when }) => !when);
  const Default = leave(always?.next);
  const Choices = cases.flatMap(({ when, next, name }) =>
    when ? [{ Condition: condition(when.expression, seeing(scope)), Next: leave(next), Comment: name }] : [],
  );
  // A Choice without choices is none.
  if (Choices.length === 0) return scope.branch.add(path, undefined, { Type: "Pass", Next: Default });
  return scope.branch.add(path, undefined, { Type: "Choice", Choices, Default });
}

export function addWait({ path, for: time }: Wait, scope: Scope, leave: Leave): string {
  const until =
    "until" in time
      ? { Timestamp: field(time.until.expression, seeing(scope)) }
      : { Seconds: field(time.seconds.expression, seeing(scope)) };
  return scope.branch.add(path, undefined, { Type: "Wait", ...until, Next: leave() });
}

export function addRaise({ path, error, message }: Raise, scope: Scope): string {
  const why = toJsonata(message.expression, seeing(scope));
  return scope.branch.add(path, undefined, {
    Type: "Fail",
    Error: errorName(error.class, error.code),
    Cause: query(causeOf(text(error.class), text(error.code), why)),
  });
}
