import { type Body, expressionText } from "../expression/cloud-workflows-steps.ts";
import type { Value } from "../expression/index.ts";
import type { Do, For, Set as SetTask, Switch } from "../ir.ts";
import type { Block } from "./block.ts";
import type { Frame, Given, TaskAt } from "./task-at.ts";

/** A `switch` takes so many conditions. */
const MAX_CONDITIONS = 50;

export function emitDo({ task, block, frame, input, emitTasks }: TaskAt<Do>): Given {
  block.add(() => ({
    steps: block.list((inner) => {
      if (task.from) inner.assign({ [frame.out]: expressionText(input) });
      emitTasks(task.tasks, frame, inner);
    }),
  }));
  return { output: frame.out };
}

export function emitSet({ task, block, names, target }: TaskAt<SetTask>): Given {
  block.assign({ [target]: block.value(task.value, names) });
  return { output: target };
}

/** `output.as` and `export.as` come after the choice and before the jump: then the choice is kept in a variable. */
export function emitSwitch(at: TaskAt<Switch>): Given {
  const { task, emission, block, input, lead } = at;
  if (!task.from && !task.as && !task.exportAs) {
    emitCases(at, (index) => lead(task.cases[index]!.next));
    return { output: input };
  }
  const choice = emission.variable("choice");
  const chosen = block.label();
  block.assign({ [choice]: -1 });
  emitCases(at, (index) => ({ assign: [{ [choice]: index }], next: chosen }));
  block.place(chosen, { assign: [{ [choice]: expressionText(choice) }] });
  const leave = () => {
    const conditions = task.cases.map(({ next }, index): Body => {
      return { condition: expressionText(`${choice} == ${index}`), ...lead(next) };
    });
    addSwitches(block, conditions);
  };
  return { output: input, leave };
}

/** What a condition needs comes right before it, and after those that are looked at earlier. */
function emitCases({ task, block, names }: TaskAt<Switch>, then: (index: number) => Body): void {
  const open: Body[] = [];
  const flush = () => addSwitches(block, open.splice(0));
  task.cases.forEach(({ when }, index) => {
    let condition: Value = true;
    const steps = block.list((inner) => {
      if (when) condition = inner.value(when, names);
    });
    if (steps.length > 0) flush();
    block.append(steps);
    open.push({ condition, ...then(index) });
  });
  flush();
}

function addSwitches(block: Block, conditions: readonly Body[]): void {
  for (let at = 0; at < conditions.length; at += MAX_CONDITIONS)
    block.add({ switch: conditions.slice(at, at + MAX_CONDITIONS) });
}

export function emitFor({ task, emission, block, frame, input, names, emitTasks }: TaskAt<For>): Given {
  const items = block.source(task.over, names);
  const [item, index] = [emission.variable("item"), emission.variable("index")];
  if (task.from) block.assign({ [frame.out]: expressionText(input) });
  const inside: Frame = {
    ...frame,
    names: { ...frame.names, [task.each]: item, [task.at]: index },
    indices: [...frame.indices, index],
  };
  const steps = () =>
    block.list((inner) => {
      if (task.while) {
        const seen = { ...inside.names, context: names.context!, input: frame.out };
        inner.add({ switch: [{ condition: inner.negated(task.while, seen), next: "break" }] });
      }
      emitTasks(task.tasks, inside, inner);
    });
  block.add(() => ({ for: { value: item, index, in: expressionText(items), steps: steps() } }));
  return { output: frame.out };
}
