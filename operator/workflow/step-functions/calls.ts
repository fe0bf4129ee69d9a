import { CALLS, type CallEntry, type CallName, DEDUP_ATTRIBUTE } from "../calls.ts";
import { WorkflowError } from "../errors.ts";
import { check, type Expression, type Type, type Scope as Types, toJsonata, type Value } from "../expression/index.ts";
import { asMap, asText } from "../guards.ts";
import type { Call } from "../ir.ts";
import { type Given, type Integration, outputIn, RESULT } from "./integration.ts";
import { digestOf, keyOf } from "./key.ts";
import { type Leave, type Machine, type Scope, seeing } from "./machine.ts";
import { at, field, type Names, query, text } from "./queries.ts";
import { STORES } from "./stores.ts";

const INTEGRATIONS: { readonly [Name in CallName]: (given: Given) => Integration } = {
  http,
  "queue.send": queueSend,
  "topic.publish": topicPublish,
  ...STORES,
};

export function addCall(task: Call, scope: Scope, leave: Leave, { place }: Machine): string {
  const given = { task, place, names: seeing(scope), with: argumentsOf(task), key: keyOf(task.path, scope) };
  return scope.branch.add(task.path, undefined, {
    Type: "Task",
    ...INTEGRATIONS[task.call](given),
    TimeoutSeconds: task.timeoutSeconds,
    Next: leave(),
  });
}

function argumentsOf({ call, with: { expression, scope }, path }: Call): Readonly<Record<string, Expression>> {
  if (expression.kind !== "map")
    throw new WorkflowError(path, "with is computed as a whole: write it as a map, and compute what is in it");
  const wanted: CallEntry["arguments"] = CALLS[call].arguments;
  return Object.fromEntries(
    expression.entries.map(({ key, value }) => [key, fitting(value, wanted[key]!.type, scope)]),
  );
}

/** What is known only when it runs fails there as an expression does: else it would be an error of its own. */
function fitting(value: Expression, wanted: Type, scope: Types): Expression {
  if (wanted.kind === "string") return check(value, scope).kind === "string" ? value : asText(value);
  if (wanted.kind !== "map") return value;
  if (value.kind !== "map") return check(value, scope).kind === "map" ? value : asMap(value);
  const entries = value.entries.map((entry) => ({ ...entry, value: fitting(entry.value, wanted.rest!, scope) }));
  return { ...value, entries };
}

function http(given: Given): Integration {
  const { place, task, names, key } = given;
  if (!place.connection) throw new WorkflowError(task.path, "an HTTP request needs a connection, and there is none");
  const { method, endpoint, headers, query: parameters, body } = given.with;
  return {
    Resource: "arn:aws:states:::http:invoke",
    Arguments: {
      ApiEndpoint: field(endpoint!, names),
      Method: field(method!, names),
      Authentication: { ConnectionArn: place.connection },
      Headers: textsOf(headers, { "Idempotency-Key": key }, names),
      ...(parameters && { QueryParameters: textsOf(parameters, {}, names) }),
      ...(body && { RequestBody: bodyOf(given) }),
    },
    Output: {
      status: query(at(RESULT, "StatusCode")),
      body: query(`$exists(${at(RESULT, "ResponseBody")})?${at(RESULT, "ResponseBody")}:""`),
    },
  };
}

function queueSend(given: Given): Integration {
  const url = outputIn(given, "QUEUE_URL");
  return {
    Resource: "arn:aws:states:::sqs:sendMessage",
    Arguments: { QueueUrl: url, MessageBody: bodyOf(given), ...messageFields(given, url) },
    Output: { id: query(at(RESULT, "MessageId")) },
  };
}

function topicPublish(given: Given): Integration {
  const arn = outputIn(given, "TOPIC_ID");
  return {
    Resource: "arn:aws:states:::sns:publish",
    Arguments: { TopicArn: arn, Message: bodyOf(given), ...messageFields(given, arn) },
    Output: { id: query(at(RESULT, "MessageId")) },
  };
}

/** JSON. A map is left as it is, for the integration writes it, with all digits; anything else is written here. */
function bodyOf({ with: { body }, names }: Given): unknown {
  if (body!.kind === "map") return field(body!, names);
  const quoted = "($q:=$string([$x]);$substring($q,1,$length($q)-2))";
  return query(`($x:=${toJsonata(body!, names)};$type($x)="object"?$x:$type($x)="string"?${quoted}:$string($x))`);
}

/** What SQS and SNS have in common. The name of a queue or a topic that keeps an order says so. */
function messageFields({ task, with: { attributes, key: group }, names, key }: Given, target: string): object {
  const MessageAttributes = textsOf(attributes, { [DEDUP_ATTRIBUTE]: key }, names, messageAttribute);
  if (!target.endsWith(".fifo")) return { MessageAttributes };
  if (!group) throw new WorkflowError(task.path, `"${task.target}" keeps an order: with.key says of what`);
  return {
    MessageAttributes,
    MessageGroupId: field(group, names),
    MessageDeduplicationId: query(digestOf(key)),
  };
}

/** How a value of a map is written: as a field of the definition takes it, and within JSONata. */
interface Form {
  field(value: Value): Value;
  jsonata(value: string): string;
}

const plain: Form = { field: (value) => value, jsonata: (value) => value };
const messageAttribute: Form = {
  field: (value) => ({ DataType: "String", StringValue: value }),
  jsonata: (value) => `{"DataType":"String","StringValue":${value}}`,
};

/** A map of texts. @param own what it has besides, in JSONata: it wins */
function textsOf(
  map: Expression | undefined,
  own: Readonly<Record<string, string>>,
  names: Names,
  form: Form = plain,
): Value {
  if (map && map.kind !== "map") {
    const each = `function($x,$k){{$k:${form.jsonata('($type($x)="string"?$x:$error("type"))')}}}`;
    const ours = Object.entries(own).map(([name, value]) => `${text(name)}:${form.jsonata(value)}`);
    return query(`$merge([$each(${toJsonata(map, names)},${each}),{${ours.join(",")}}])`);
  }
  const given = (map?.entries ?? []).map(({ key, value }) => [key, form.field(field(value, names))]);
  const ours = Object.entries(own).map(([name, value]) => [name, form.field(query(value))]);
  return Object.fromEntries([...given, ...ours]);
}
