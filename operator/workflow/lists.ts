import type { Task, Tasks } from "./ir.ts";

/** The lists of tasks within a task. */
export function listsIn(task: Task): readonly { readonly name: string; readonly tasks: Tasks }[] {
  switch (task.kind) {
    case "do":
    case "for":
    case "concurrent":
      return [{ name: "do", tasks: task.tasks }];
    case "fork":
      return task.branches;
    case "try":
      return [{ name: "try", tasks: task.tasks }, ...(task.handler ? [{ name: "catch", tasks: task.handler }] : [])];
    default:
      return [];
  }
}
