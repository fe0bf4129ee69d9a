import { expressionText } from "../expression/cloud-workflows-steps.ts";
import type { Step } from "../expression/index.ts";
import type { Next, Task, Tasks } from "../ir.ts";
import { type Block, createBlock, type Names } from "./block.ts";
import { emitCall } from "./calls.ts";
import type { Emission } from "./emission.ts";
import { emitDo, emitFor, emitSet, emitSwitch } from "./flow.ts";
import { taskSteps } from "./names.ts";
import { emitConcurrent, emitFork } from "./parallel.ts";
import { emitListen, emitRaise, emitRun, emitWait } from "./services.ts";
import type { Frame, Given, TaskAt } from "./task-at.ts";
import { emitTry } from "./try.ts";

/** Adds the steps of a list, after which `frame.out` holds its output. */
export function emitTasks(tasks: Tasks, frame: Frame, block: Block, emission: Emission): void {
  const exit = { label: undefined as string | undefined };
  const stepAfter = (at: number): string => {
    if (at < tasks.length) return emission.stepOf(tasks[at]!.path);
    exit.label ??= block.label();
    return exit.label;
  };
  tasks.forEach((task, at) => {
    const lead = (next: Next): Readonly<Record<string, string>> => {
      if (next.to === "end") return { return: expressionText(frame.out) };
      return { next: stepAfter(next.to === "task" ? next.index : next.to === "exit" ? tasks.length : at + 1) };
    };
    block.append(emitTask(task, frame, emission, lead));
  });
  if (exit.label) block.place(exit.label, { assign: [{ [frame.out]: expressionText(frame.out) }] });
}

function emitTask(task: Task, frame: Frame, emission: Emission, lead: TaskAt["lead"]): readonly Step[] {
  const block = createBlock(emission, taskSteps(emission.stepOf(task.path)));
  const base: Base = { task, emission, block, frame };
  const around: Names = { ...frame.names, context: frame.context };
  if (task.when) {
    const condition = block.negated(task.when, { ...around, input: frame.out });
    block.add({ switch: [{ condition, ...lead({ to: "continue" }) }] });
  }
  const shaped = task.as !== undefined || task.exportAs !== undefined;
  const input = keepInput(base, shaped, around);
  const at: TaskAt = {
    ...base,
    input,
    names: { ...around, input },
    target: shaped ? emission.variable("raw") : frame.out,
    lead,
    emitTasks: (tasks, inner, into) => emitTasks(tasks, inner, into, emission),
  };
  const given = emitKind(at);
  if (given) {
    emitOutput(at, given.output);
    given.leave?.();
    if (task.next.to !== "continue") block.add(lead(task.next));
  }
  if (block.steps.length === 0) block.assign({ [frame.out]: expressionText(frame.out) });
  return block.steps;
}

type Base = Pick<TaskAt, "task" | "emission" | "block" | "frame">;

/** The variable of the input: that of the output before, unless the task changes the one and asks for the other. */
function keepInput({ task, emission, block, frame: { out } }: Base, shaped: boolean, around: Names): string {
  const writesOut = task.kind === "do" || task.kind === "for" || task.kind === "try";
  if (!task.from && !(writesOut && (shaped || task.kind === "try"))) return out;
  const input = emission.variable("in");
  block.assign({ [input]: task.from ? block.value(task.from, { ...around, input: out }) : expressionText(out) });
  return input;
}

/** `output.as` and `export.as`, and the output into its variable. */
function emitOutput({ task, emission, block, frame, names }: TaskAt, raw: string): void {
  if (!task.exportAs) {
    if (task.as) block.assign({ [frame.out]: block.value(task.as, { ...names, output: raw }) });
    else if (raw !== frame.out) block.assign({ [frame.out]: expressionText(raw) });
    return;
  }
  const output = task.as ? emission.variable("output") : raw;
  if (task.as) block.assign({ [output]: block.value(task.as, { ...names, output: raw }) });
  block.assign({ [frame.context]: block.value(task.exportAs, { ...names, output }) });
  if (output !== frame.out) block.assign({ [frame.out]: expressionText(output) });
}

/** Undefined: nothing comes after it. */
function emitKind(at: TaskAt): Given | undefined {
  const { task } = at;
  switch (task.kind) {
    case "do":
      return emitDo({ ...at, task });
    case "set":
      return emitSet({ ...at, task });
    case "switch":
      return emitSwitch({ ...at, task });
    case "for":
      return emitFor({ ...at, task });
    case "concurrent":
      return emitConcurrent({ ...at, task });
    case "fork":
      return emitFork({ ...at, task });
    case "try":
      return emitTry({ ...at, task });
    case "wait":
      return emitWait({ ...at, task });
    case "listen":
      return emitListen({ ...at, task });
    case "raise":
      return emitRaise({ ...at, task });
    case "run":
      return emitRun({ ...at, task });
    case "call":
      return emitCall({ ...at, task });
  }
}
