import { DEDUP_ATTRIBUTE } from "../calls.ts";
import { WorkflowError } from "../errors.ts";
import { expressionText } from "../expression/cloud-workflows-steps.ts";
import type { Call } from "../ir.ts";
import { outputOf } from "../place.ts";
import { argumentsOf } from "./arguments.ts";
import { emitKey } from "./key.ts";
import { emitPublish } from "./publish.ts";
import { STORES } from "./stores.ts";
import type { Given, TaskAt } from "./task-at.ts";

/** The header that carries the idempotency key of a request. */
const KEY_HEADER = "Idempotency-Key";

export function emitCall(at: TaskAt<Call>): Given {
  switch (at.task.call) {
    case "http":
      return emitHttp(at);
    case "queue.send":
      return emitMessage(at, queueTopic(at));
    case "topic.publish":
      return emitMessage(at, outputOf(at.task, at.emission.place, "TOPIC_ID"));
    default:
      return STORES[at.task.call](at, argumentsOf(at));
  }
}

function queueTopic({ task, emission }: TaskAt<Call>): string {
  const topic = outputOf(task, emission.place, "QUEUE_URL");
  if (topic.includes("/topics/")) return topic;
  throw new WorkflowError(
    task.path,
    `the Queue "${task.target}" has what a Topic brings it, and nothing of its own: publish to that Topic`,
  );
}

/** A response below 400 is no error to the engine: what is no success is looked for afterwards. */
function emitHttp(at: TaskAt<Call>): Given {
  const { task, emission, block, target } = at;
  const given = argumentsOf(at);
  const key = emitKey(at);
  const response = emission.variable("response");
  const method = given.text("method");
  const url = given.text("endpoint");
  const headers = given.texts("headers", { [KEY_HEADER]: expressionText(key) });
  const query = given.has("query") ? { query: given.texts("query") } : {};
  const body = given.has("body") ? { body: expressionText(given.variable("body")) } : {};
  const args = { method, url, headers, ...query, ...body, timeout: task.timeoutSeconds };
  block.add({ call: "http.request", args, result: response });
  block.call("rt_answer", { response }, target);
  return { output: target };
}

function emitMessage(at: TaskAt<Call>, topic: string): Given {
  const { task, block, target } = at;
  const given = argumentsOf(at);
  const key = emitKey(at);
  const attributes = given.texts("attributes", { [DEDUP_ATTRIBUTE]: expressionText(key) });
  const ordering = given.has("key") ? { orderingKey: given.text("key") } : {};
  const message = { body: given.variable("body"), attributes, ...ordering };
  const id = emitPublish(at, topic, message, task.timeoutSeconds);
  block.assign({ [target]: { id: expressionText(id) } });
  return { output: target };
}
