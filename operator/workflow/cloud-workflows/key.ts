import { expressionText } from "../expression/cloud-workflows-steps.ts";
import type { TaskAt } from "./task-at.ts";

/** The variable of the idempotency key: the run, the path of the task and the indices of the loops around it. */
export function emitKey({ task, emission, block, frame }: TaskAt): string {
  const key = emission.variable("key");
  const parts = frame.indices.map((index) => ({ [key]: expressionText(`(${key} + "/") + string(${index})`) }));
  block.assign({ [key]: `/${task.path}` }, { [key]: expressionText(`${frame.names.run}["id"] + ${key}`) }, ...parts);
  return key;
}
