import { WorkflowError } from "./errors.ts";
import { DYNAMIC, join, type Type } from "./expression/index.ts";
import { suggestion } from "./expression/suggest.ts";
import type { Next, Task, Tasks } from "./ir.ts";
import { LIMITS } from "./limits.ts";
import { readTask } from "./parse-task.ts";
import type { Parsing, Place } from "./parsing.ts";
import { readNamed, within } from "./reader.ts";

/** A list of tasks, and the type of what it gives. */
export interface Listed {
  readonly tasks: Tasks;
  readonly gives: Type;
}

interface Named {
  readonly name: string;
  readonly value: unknown;
  readonly path: string;
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
/** `catch` stands for the handler in the path of its tasks. */
const RESERVED = ["catch", "continue", "exit", "end"];

/**
 * Reads tasks in a row. Whatever is wrong with one of them is kept, and the next one read.
 * @param input of the first one
 * @param from where in the list of the YAML the first one stands
 */
export function readTasks(
  list: readonly unknown[],
  path: string,
  input: Type,
  place: Place,
  parsing: Parsing,
  from = 0,
): Listed {
  if (list.length === 0) throw new WorkflowError(path, "is empty: it should have a task");
  if (place.depth > LIMITS.depth)
    throw new WorkflowError(path, `is list ${place.depth} within each other; ${LIMITS.depth} is the most`);
  parsing.countTasks(list.length, path);
  const named = list.map((item, at) => readName(item, `${path}[${from + at}]`));
  refuseTwins(named);
  const flow = createFlow(named.length, input);
  const tasks = named.flatMap(({ name, value, path }, index): Task[] => {
    const given = flow.input(index);
    const task = parsing.attempt(() => {
      if (!given) throw new WorkflowError(path, "can never be reached: every task before it goes somewhere else");
      const thenOf = (value: unknown, at: string) => readThen(value, at, index, named, place);
      return readTask({ name, value, path, input: given, place, parsing, thenOf, readTasks });
    });
    if (!task) {
      flow.leave(index, { to: "continue" }, DYNAMIC);
      return [];
    }
    follow(task, given!);
    return [task.task];
  });
  return { tasks, gives: flow.gives() };

  function follow({ task, gives }: { task: Task; gives: Type }, given: Type): void {
    const index = named.findIndex(({ name }) => name === task.name);
    const leave = (next: Next, type: Type) => {
      if (next.to === "end") parsing.ends(type);
      flow.leave(index, next, type);
    };
    if (task.when) leave({ to: "continue" }, given);
    if (task.kind === "switch") for (const { next } of task.cases) leave(next, gives);
    if (task.kind === "switch" && task.cases.some(({ when }) => !when)) return;
    if (task.kind !== "raise") leave(task.next, gives);
  }
}

function readName(item: unknown, path: string): Named {
  const { name, value } = readNamed(item, path, "task");
  if (!NAME.test(name))
    throw new WorkflowError(path, `"${name}" is no name: letters, digits, - and _, a letter first, 40 at most`);
  if (RESERVED.includes(name)) throw new WorkflowError(path, `"${name}" has a meaning of its own: take another name`);
  return { name, value, path: within(path, name) };
}

function refuseTwins(named: readonly Named[]): void {
  for (const [at, { name, path }] of named.entries())
    if (named.findIndex((one) => one.name === name) < at)
      throw new WorkflowError(path, "is the name of two tasks of this list: name one of them otherwise");
}

function readThen(value: unknown, path: string, index: number, named: readonly Named[], place: Place): Next {
  if (value === undefined || value === "continue") return { to: "continue" };
  if (value === "exit") return { to: "exit" };
  if (value === "end") {
    if (place.mayEnd) return { to: "end" };
    throw new WorkflowError(path, "end is not to be had within try, for or fork: raise an error, or exit");
  }
  const names = named.map(({ name }) => name);
  const target = names.indexOf(value as string);
  if (target === -1) {
    const near = typeof value === "string" ? suggestion(value, names) : "";
    throw new WorkflowError(path, `${JSON.stringify(value)} is no task of this list, nor continue, exit or end${near}`);
  }
  if (target <= index) throw new WorkflowError(path, `"${value}" comes before: a loop is written with for and while`);
  return { to: "task", index: target };
}

/** Which task gets an input of which type. */
function createFlow(length: number, first: Type) {
  const inputs: (Type | undefined)[] = [first];
  let gives: Type | undefined;
  const meet = (one: Type | undefined, other: Type) => (one ? join(one, other) : other);
  return {
    /** Undefined: nothing leads there. */
    input: (index: number) => inputs[index],
    leave(index: number, next: Next, type: Type) {
      const target = next.to === "continue" ? index + 1 : next.to === "task" ? next.index : length;
      if (next.to === "end") return;
      if (target < length) inputs[target] = meet(inputs[target], type);
      else gives = meet(gives, type);
    },
    gives: (): Type => gives ?? DYNAMIC,
  };
}
