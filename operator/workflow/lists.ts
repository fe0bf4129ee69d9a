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

/** Every task, each before those within it. */
export const allTasks = (tasks: Tasks): readonly Task[] =>
  tasks.flatMap((task) => [task, ...listsIn(task).flatMap((list) => allTasks(list.tasks))]);
