import type { ErrorFilter, Retry, Try } from "../ir.ts";
import { ANY_ERROR, PROBLEM, raised } from "./errors.ts";
import type { Leave, Machine, Scope } from "./machine.ts";
import { stateName } from "./names.ts";
import { at, INPUT, ONLY_RESULT, query, text } from "./queries.ts";
import { type Inner, innerTasks } from "./scopes.ts";

/** Variables of a try: the error, how often its body was tried again, and the seconds until it is once more. */
interface Variables {
  readonly error: string;
  readonly count: string;
  readonly delay: string;
}

/**
 * The body is the only branch of a Parallel, since Pass, Choice and Wait have no Catch of their own. Retries are written
 * out: those of Step Functions know nothing of our classes, and wait in a way of their own.
 */
export function addTry(task: Try, scope: Scope, leave: Leave, machine: Machine): string {
  const { path, retry } = task;
  const variables = {
    error: machine.variable("error"),
    count: machine.variable("retries"),
    delay: machine.variable("delay"),
  };
  const retries = retry ? [...scope.retries, variables.count] : scope.retries;
  const inner = innerTasks(task.tasks, { ...scope, retries }, machine, { path, role: "try", framed: true });
  const body = scope.branch.add(path, undefined, {
    Type: "Parallel",
    Branches: [inner.states],
    Catch: [
      {
        ...ANY_ERROR,
        Assign: { [variables.error]: PROBLEM },
        Output: query(INPUT),
        Next: addCaught(task, variables, scope, leave, machine),
      },
    ],
    Next: addResult(path, inner, scope, leave),
  });
  if (!retry) return body;
  return scope.branch.add(path, "try-first", {
    Type: "Pass",
    Assign: { [variables.count]: 0, [variables.delay]: retry.delaySeconds },
    Next: body,
  });
}

function addResult(path: string, { writesContext }: Inner, scope: Scope, leave: Leave): string {
  const result = writesContext
    ? { Output: query(at(ONLY_RESULT, "output")), Assign: { [scope.context]: query(at(ONLY_RESULT, "context")) } }
    : { Output: query(ONLY_RESULT) };
  return scope.branch.add(path, "try-result", { Type: "Pass", ...result, Next: leave() });
}

/** Where it goes with an error, and the input of the task. */
function addCaught(task: Try, variables: Variables, scope: Scope, leave: Leave, machine: Machine): string {
  const { path, retry, handler } = task;
  const raise = scope.branch.add(path, "raise", raised(`$${variables.error}`));
  const isCaught = conditionsOf(task.catches, variables);
  const caught = handled();
  const passesOn = isCaught.length > 0 && caught !== raise;
  const Choices = [
    ...(retry ? [{ Condition: allOf([...canRetry(retry, variables), ...isCaught]), Next: addRetry(retry) }] : []),
    ...(passesOn ? [{ Condition: allOf(isCaught), Next: caught }] : []),
  ];
  const Default = passesOn ? raise : caught;
  if (Choices.length === 0) return Default;
  return scope.branch.add(path, "caught", { Type: "Choice", Choices, Default });

  function handled(): string {
    const names = { ...scope.names, [task.error]: variables.error };
    if (handler) return machine.tasks(handler, { ...scope, names }, leave());
    return retry ? raise : leave();
  }

  function addRetry({ multiplier, maxSeconds }: Retry): string {
    const { count, delay } = variables;
    const longer = `$${delay}*${multiplier}`;
    return scope.branch.add(path, "retry", {
      Type: "Wait",
      Seconds: query(`$${delay}`),
      Assign: {
        [count]: query(`$${count}+1`),
        [delay]: query(`${longer}<${maxSeconds}?${longer}:${maxSeconds}`),
      },
      Next: stateName(path),
    });
  }
}

const allOf = (conditions: readonly string[]): string => query(conditions.join(" and "));

function canRetry({ attempts, classes }: Retry, { error, count }: Variables): readonly string[] {
  return [`$${count}<${attempts}`, isOneOf(`$${error}`, classes)];
}

/** None: it catches all. */
function conditionsOf({ classes, code }: ErrorFilter, { error }: Variables): readonly string[] {
  const ofClass = classes ? [isOneOf(`$${error}`, classes)] : [];
  if (code === undefined) return ofClass;
  const business = `${at(`$${error}`, "class")}="Business"`;
  return [...ofClass, `($not(${business}) or ${at(`$${error}`, "code")}=${text(code)})`];
}

const isOneOf = (error: string, classes: readonly string[]): string =>
  `${at(error, "class")} in [${classes.map(text).join(",")}]`;
