import { listsIn, type Next, type Task, type Tasks, type Workflow } from "../../workflow/index.ts";

/** A workflow as boxes and arrows. */
export interface Graph {
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

/** A task; those with lists of tasks within hold the boxes of these. */
export interface Box {
  readonly id: string;
  /** Name and kind, such as `charge (call http)`. */
  readonly label: string;
  /** `start` and `end` are round. */
  readonly shape: "start" | "end" | "task" | "choice";
  /** One for each list within, side by side. */
  readonly lanes: readonly { readonly label: string; readonly boxes: readonly Box[] }[];
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

/** The tasks of a workflow and what leads where. Lists within a task stand for themselves: nothing leads into or out of them. */
export function graphOf(workflow: Workflow): Graph {
  const arrows: Arrow[] = [];
  /** `end` means something to Mermaid. */
  const end = "finish";
  const draw = (tasks: Tasks, after: string | undefined): readonly Box[] => {
    const ids = tasks.map(({ path }) => idOf(path));
    for (const [at, task] of tasks.entries()) {
      const target = (next: Next) => {
        if (next.to === "end") return end;
        if (next.to === "task") return ids[next.index];
        return next.to === "exit" ? after : (ids[at + 1] ?? after);
      };
      const lead = (next: Next, label: string) => {
        const to = target(next);
        if (to !== undefined) arrows.push({ from: ids[at]!, to, label });
      };
      if (task.kind === "switch") for (const { name, next } of task.cases) lead(next, name);
      if (task.kind === "raise" || (task.kind === "switch" && task.cases.some(({ when }) => !when))) continue;
      lead(task.next, task.kind === "switch" ? "otherwise" : "");
      const skipped = target({ to: "continue" });
      if (task.when && skipped !== target(task.next)) lead({ to: "continue" }, "skipped");
    }
    return tasks.map((task) => ({
      id: idOf(task.path),
      label: labelOf(task),
      shape: task.kind === "switch" ? "choice" : "task",
      lanes: listsIn(task).map(({ name, tasks }) => ({ label: name, boxes: draw(tasks, undefined) })),
    }));
  };
  const boxes = draw(workflow.tasks, end);
  const first = boxes[0]?.id ?? end;
  return {
    boxes: [round("start", "start"), ...boxes, round(end, "end")],
    arrows: [{ from: "start", to: first, label: "" }, ...arrows],
  };
}

const round = (id: string, label: "start" | "end"): Box => ({ id, label, shape: label, lanes: [] });

const idOf = (path: string): string => `t_${path.replaceAll("/", "__").replaceAll("-", "_x_")}`;

function labelOf(task: Task): string {
  return `${task.name} (${ABOUT[task.kind](task as never)})`;
}

const ABOUT: { readonly [Kind in Task["kind"]]: (task: Extract<Task, { kind: Kind }>) => string } = {
  do: () => "do",
  set: () => "set",
  switch: () => "switch",
  for: ({ each }) => `for each ${each}`,
  concurrent: ({ each, concurrency }) => `for each ${each}, ${concurrency} at once`,
  fork: () => "all at once",
  try: ({ retry }) => (retry ? `try, ${retry.attempts} retries` : "try"),
  wait: () => "wait",
  listen: ({ signal }) => `wait for ${signal}`,
  raise: ({ error }) => `raise ${error.class}${error.code && ` ${error.code}`}`,
  run: ({ workflow }) => `run ${workflow}`,
  call: ({ call, target }) => (target === undefined ? `call ${call}` : `${call} ${target}`),
};

/** As a Mermaid flowchart. */
export function toMermaid({ boxes, arrows }: Graph): string {
  const lines = ["flowchart TD"];
  const put = (box: Box, indent: string) => {
    if (box.lanes.length === 0) {
      lines.push(`${indent}${box.id}${SHAPES[box.shape](quoted(box.label))}`);
      return;
    }
    lines.push(`${indent}subgraph ${box.id}[${quoted(box.label)}]`);
    for (const [at, lane] of box.lanes.entries()) {
      const alone = box.lanes.length === 1;
      if (!alone) lines.push(`${indent}  subgraph ${box.id}_lane${at}[${quoted(lane.label)}]`);
      for (const inner of lane.boxes) put(inner, `${indent}${alone ? "  " : "    "}`);
      if (!alone) lines.push(`${indent}  end`);
    }
    lines.push(`${indent}end`);
  };
  for (const box of boxes) put(box, "  ");
  for (const { from, to, label } of arrows)
    lines.push(label === "" ? `  ${from} --> ${to}` : `  ${from} -->|${quoted(label)}| ${to}`);
  return lines.join("\n");
}

const SHAPES: Readonly<Record<Box["shape"], (label: string) => string>> = {
  start: (label) => `([${label}])`,
  end: (label) => `([${label}])`,
  task: (label) => `[${label}]`,
  choice: (label) => `{${label}}`,
};

/** Names and codes have no other characters that mean something to Mermaid. */
const quoted = (text: string): string => `"${text.replaceAll('"', "#quot;")}"`;
