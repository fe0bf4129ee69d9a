import { DEDUP_ATTRIBUTE } from "../calls.ts";
import { WorkflowError } from "../errors.ts";
import { expressionText } from "../expression/cloud-workflows-steps.ts";
import { check, type Expression, type Value } from "../expression/index.ts";
import { asText } from "../guards.ts";
import type { Call, Typed } from "../ir.ts";
import { emitKey } from "./key.ts";
import { emitPublish } from "./publish.ts";
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
      return emitMessage(at, at.emission.place.target("Topic", at.task.target ?? "").TOPIC_ID ?? "");
  }
}

function queueTopic({ task, emission }: TaskAt<Call>): string {
  const name = task.target ?? "";
  const topic = emission.place.target("Queue", name).QUEUE_URL ?? "";
  if (topic.includes("/topics/")) return topic;
  throw new WorkflowError(
    task.path,
    `the Queue "${name}" has what a Topic brings it, and nothing of its own: publish to that Topic`,
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

interface Arguments {
  has(name: string): boolean;
  variable(name: string): string;
  /** A constant or the text in a variable; it fails on anything else. */
  text(name: string): Value;
  /** A map of texts, with `ours` in it: those win. */
  texts(name: string, ours?: Readonly<Record<string, Value>>): Value;
}

function argumentsOf({ task, emission, block, names }: TaskAt<Call>): Arguments {
  const { expression, scope } = task.with;
  if (expression.kind !== "map")
    throw new WorkflowError(task.path, "with is an expression: write each argument by itself");
  const expressionOf = (name: string) => expression.entries.find(({ key }) => key === name)?.value;
  const typed = (part: Expression): Typed => ({ expression: part, scope, type: check(part, scope) });
  const keep = (value: Value, base: string): string => {
    const variable = emission.variable(base);
    block.assign({ [variable]: value });
    return variable;
  };
  const textOf = (part: Expression): Value => {
    const one = typed(part);
    return block.value(one.type.kind === "string" ? one : typed(asText(part)), names);
  };
  const textsOf = (part: Expression, base: string, ours: Readonly<Record<string, Value>>): Value => {
    if (part.kind === "map")
      return { ...Object.fromEntries(part.entries.map(({ key, value }) => [key, textOf(value)])), ...ours };
    const theirs = keep(block.value(typed(part), names), base);
    block.call("rt_texts", { x: theirs }, theirs);
    if (Object.keys(ours).length === 0) return expressionText(theirs);
    return expressionText(`map.merge(${theirs}, ${keep(ours, base)})`);
  };
  return {
    has: (name) => expressionOf(name) !== undefined,
    variable: (name) => keep(block.value(typed(expressionOf(name)!), names), name),
    text: (name) => textOf(expressionOf(name)!),
    texts(name, ours = {}) {
      const part = expressionOf(name);
      return part ? textsOf(part, name, ours) : ours;
    },
  };
}
