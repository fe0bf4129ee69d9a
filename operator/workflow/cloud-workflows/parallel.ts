import { expressionText } from "../expression/cloud-workflows-steps.ts";
import type { Value } from "../expression/index.ts";
import type { Concurrent, Fork, Task, Tasks } from "../ir.ts";
import type { Block, Names } from "./block.ts";
import type { Given, TaskAt } from "./task-at.ts";

/**
 * Branches never fail: each gives `{ok: output}` or `{err: error}`, so that all of them end, and which error is raised does
 * not depend on which came first. Cloud Workflows itself would raise one error about all of them.
 */
export function emitFork(at: TaskAt<Fork>): Given {
  const { task, emission, block, target } = at;
  const slots = task.branches.map(() => emission.variable("slot"));
  const steps = (index: number) =>
    block.list((inner) => emitIsolated(at, task.branches[index]!.tasks, {}, [], slots[index]!, inner));
  block.assign(...slots.map((slot) => ({ [slot]: null })));
  block.add(() => {
    // Cloud Workflows takes two branches or more.
    if (slots.length === 1) return { steps: steps(0) };
    const branches = slots.map((_, index) => ({ [block.label()]: { steps: steps(index) } }));
    return { parallel: { shared: slots, branches } };
  });
  const [given, order] = [emission.variable("slots"), emission.variable("order")];
  block.assign(
    { [given]: Object.fromEntries(slots.map((slot, index) => [String(index), expressionText(slot)])) },
    { [order]: slots.map((_, index) => index) },
  );
  block.call("rt_collect", { slots: given, items: order }, target);
  return { output: target };
}

export function emitConcurrent(at: TaskAt<Concurrent>): Given {
  const { task, emission, block, names, target } = at;
  const items = block.source(task.over, names);
  const [slots, slot, entry] = [emission.variable("slots"), emission.variable("slot"), emission.variable("entry")];
  const [item, index] = [emission.variable("item"), emission.variable("index")];
  block.assign({ [slots]: {} });
  block.add(() => {
    const steps = block.list((inner) => {
      const bound = { [task.each]: item, [task.at]: index };
      emitIsolated(at, task.tasks, bound, [index], slot, inner);
      inner.call("rt_entry", { name: `string(${index})`, item: slot }, entry);
      inner.assign({ [slots]: expressionText(`map.merge(${slots}, ${entry})`) });
    });
    const loop = { value: item, index, in: expressionText(items), steps };
    return { parallel: { shared: [slots], concurrency_limit: task.concurrency, for: loop } };
  });
  block.call("rt_collect", { slots, items }, target);
  return { output: target };
}

/** Tasks that write nothing outside but `slot`. */
function emitIsolated(
  { emission, frame, names, input, emitTasks }: TaskAt<Task>,
  tasks: Tasks,
  bound: Names,
  indices: readonly string[],
  slot: string,
  block: Block,
): void {
  const [out, context] = [emission.variable("out"), emission.variable("context")];
  const [error, problem] = [emission.variable("error"), emission.variable("problem")];
  const inside = { names: { ...frame.names, ...bound }, out, context, indices: [...frame.indices, ...indices] };
  const put = (key: "ok" | "err", variable: string): Record<string, Value> => ({
    [slot]: { [key]: expressionText(variable) },
  });
  block.add(() => ({
    try: {
      steps: block.list((inner) => {
        inner.assign({ [out]: expressionText(input) }, { [context]: expressionText(names.context!) });
        emitTasks(tasks, inside, inner);
        inner.assign(put("ok", out));
      }),
    },
    except: {
      as: error,
      steps: block.list((inner) => {
        inner.call("rt_classify", { e: error }, problem);
        inner.assign(put("err", problem));
      }),
    },
  }));
}
