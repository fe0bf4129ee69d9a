import { RUN_KEY } from "../envelope.ts";
import { WorkflowError } from "../errors.ts";
import { expressionText } from "../expression/cloud-workflows-steps.ts";
import type { Listen, Raise, Run, Wait } from "../ir.ts";
import { LIMITS } from "../limits.ts";
import { emitKey } from "./key.ts";
import { NOW } from "./now.ts";
import { authFor } from "./place.ts";
import type { Given, TaskAt } from "./task-at.ts";

/** `projects.locations.workflows.executions.run` of the connector: it starts an execution and waits for its end. */
const RUN = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run";
const WORKFLOW = /^projects\/([^/]+)\/locations\/([^/]+)\/workflows\/([^/]+)$/;

export function emitWait({ task, block, names, input }: TaskAt<Wait>): Given {
  if ("until" in task.for) block.add({ call: "sys.sleep_until", args: { time: block.value(task.for.until, names) } });
  else block.add({ call: "sys.sleep", args: { seconds: block.value(task.for.seconds, names) } });
  return { output: input };
}

/** Who lists the callbacks of the execution finds the endpoint, and POSTs `{value}` to it. */
export function emitListen({ task, emission, block, target }: TaskAt<Listen>): Given {
  const [callback, answer] = [emission.variable("callback"), emission.variable("answer")];
  block.add({ call: "events.create_callback_endpoint", args: { http_callback_method: "POST" }, result: callback });
  block.add({
    call: "events.await_callback",
    args: { callback: expressionText(callback), timeout: task.timeoutSeconds },
    result: answer,
  });
  block.assign({ [target]: expressionText(`${answer}["http_request"]["body"]["value"]`) });
  return { output: target };
}

export function emitRaise({ task, emission, block, names }: TaskAt<Raise>): undefined {
  const [problem, message] = [emission.variable("problem"), emission.variable("message")];
  block.assign({ [message]: block.value(task.message, names) });
  block.assign({ [problem]: { ...task.error, message: expressionText(message) } });
  block.call("rt_raise", { problem });
}

/** The run's id is the key of the task: of each attempt the same. */
export function emitRun(at: TaskAt<Run>): Given {
  const { task, emission, block, names, target } = at;
  const resource = emission.place.workflow(task.workflow);
  const [argument, now] = [emission.variable("argument"), emission.variable("now")];
  const key = emitKey(at);
  block.assign(
    { [now]: expressionText(NOW) },
    {
      [argument]: {
        [RUN_KEY]: { id: expressionText(key), startedAt: expressionText(`${now} + "Z"`) },
        input: block.value(task.input, names),
        ...(task.await ? { wrapped: true } : {}),
      },
    },
  );
  if (task.await) {
    const args = { ...workflowArguments(resource, task), argument: expressionText(argument) };
    const response = emission.variable("response");
    block.add({ call: RUN, args: { ...args, connector_params: { timeout: task.timeoutSeconds } }, result: response });
    block.call("rt_unwrap", { given: response }, target);
    return { output: target };
  }
  const { executions } = emission.place.endpoints;
  block.add({
    call: "http.post",
    args: {
      url: `${executions}/v1/${resource}/executions`,
      body: { argument: expressionText(`json.encode_to_string(${argument})`) },
      timeout: Math.min(task.timeoutSeconds, LIMITS.callSeconds),
      ...authFor(executions),
    },
  });
  block.assign({ [target]: { id: expressionText(key) } });
  return { output: target };
}

function workflowArguments(resource: string, { path, workflow }: Run) {
  const [, project_id, location, workflow_id] = WORKFLOW.exec(resource) ?? [];
  if (project_id && location && workflow_id) return { project_id, location, workflow_id };
  throw new WorkflowError(path, `the Workflow "${workflow}" is "${resource}" on the cloud, which is no workflow there`);
}
