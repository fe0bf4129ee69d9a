import { expressionText } from "../expression/cloud-workflows-steps.ts";
import { type Span, STRING } from "../expression/index.ts";
import type { Retry, Try, Typed } from "../ir.ts";
import type { Block } from "./block.ts";
import type { Given, TaskAt } from "./task-at.ts";

/**
 * The body works on a copy of `context`. What it failed of is in a variable, null where it did not. Retries are a loop over
 * the waits before each try: those of the engine know no classes.
 */
export function emitTry(at: TaskAt<Try>): Given {
  const { task, emission, block, frame } = at;
  const problem = emission.variable("problem");
  if (task.retry) emitTries(at, task.retry, problem);
  else emitBody(at, problem, block);
  block.add(() => ({
    switch: [
      {
        condition: expressionText(`${problem} != null`),
        steps: block.list((inner) => emitHandler(at, problem, inner)),
      },
    ],
  }));
  return { output: frame.out };
}

function emitBody({ task, emission, frame, input, emitTasks }: TaskAt<Try>, problem: string, block: Block): void {
  const [context, error] = [emission.variable("context"), emission.variable("error")];
  block.assign(
    { [problem]: null },
    { [frame.out]: expressionText(input) },
    { [context]: expressionText(frame.context) },
  );
  block.add(() => ({
    try: {
      steps: block.list((inner) => {
        emitTasks(task.tasks, { ...frame, context }, inner);
        inner.assign({ [frame.context]: expressionText(context) });
      }),
    },
    except: { as: error, steps: block.list((inner) => inner.call("rt_classify", { e: error }, problem)) },
  }));
}

function emitTries(at: TaskAt<Try>, retry: Retry, problem: string): void {
  const { task, emission, block } = at;
  const [wait, retried] = [emission.variable("wait"), emission.variable("retried")];
  block.assign({ [problem]: null }, { [retried]: retry.classes });
  const steps = () =>
    block.list((inner) => {
      const sleep = () =>
        inner.list((list) => list.add({ call: "sys.sleep", args: { seconds: expressionText(wait) } }));
      inner.add(() => ({ switch: [{ condition: expressionText(`${wait} > 0`), steps: sleep() }] }));
      emitBody(at, problem, inner);
      const code = task.catches.code === undefined ? [] : [emitOtherCode(task.catches.code, problem, inner)];
      const ends = [`${problem} == null`, `(${problem}["class"] in ${retried}) == false`, ...code];
      inner.add({ switch: ends.map((source) => ({ condition: expressionText(source), next: "break" })) });
    });
  block.add(() => ({ for: { value: wait, in: [0, ...waitsOf(retry)], steps: steps() } }));
}

/** Whole seconds before each of the tries that follow the first. */
function waitsOf({ attempts, delaySeconds, multiplier, maxSeconds }: Retry): readonly number[] {
  return Array.from({ length: attempts }, (_, at) => Math.min(maxSeconds, delaySeconds * multiplier ** at));
}

/** What is not caught is raised, and so is what was tried again in vain where nothing handles it. */
function emitHandler({ task, emission, frame, input, emitTasks }: TaskAt<Try>, problem: string, block: Block): void {
  const { classes, code } = task.catches;
  const raise = (list: Block): void => list.call("rt_raise", { problem });
  if (task.retry && !task.handler) {
    raise(block);
    return;
  }
  const raiseIf = (source: string) =>
    block.add(() => ({ switch: [{ condition: expressionText(source), steps: block.list(raise) }] }));
  if (classes) {
    const caught = emission.variable("caught");
    block.assign({ [caught]: classes });
    raiseIf(`(${problem}["class"] in ${caught}) == false`);
  }
  if (code !== undefined) raiseIf(emitOtherCode(code, problem, block));
  block.assign({ [frame.out]: expressionText(input) });
  if (!task.handler) return;
  emitTasks(task.handler, { ...frame, names: { ...frame.names, [task.error]: problem } }, block);
}

/** Whether it is a Business error of another code: others have none. It is lowered like any text, as it may hold what a source reads as an expression. */
function emitOtherCode(code: string, problem: string, block: Block): string {
  const span: Span = { path: "", start: 0, end: 0, line: 1, column: 1 };
  const items = ["", code].map((value) => ({ kind: "literal", value, double: false, span }) as const);
  const caught: Typed = { expression: { kind: "list", items, span }, scope: {}, type: { kind: "list", of: STRING } };
  return `(${problem}["code"] in ${block.source(caught, {})}) == false`;
}
