import { DYNAMIC, type Field, INTEGER, STRING, type Type } from "./expression/index.ts";

/** What a workflow can call: its arguments, what it refers to, what it gives. Both back ends and the reference follow it. */
export interface CallEntry {
  /** Kind of the object that it refers to by name. Absent: none. */
  readonly target?: "Queue" | "Topic";
  /** Name of the argument that holds that name. */
  readonly targetArgument?: string;
  /** What the identity of the workflow needs for it, as in `bindings` of OnyxService. */
  readonly access?: "Produce";
  readonly arguments: Readonly<Record<string, Field>>;
  readonly gives: Type;
  /** For the reference, in Markdown. */
  readonly docs: { readonly does: string; readonly fails: string };
}

const map = (fields: Readonly<Record<string, Field>>, rest?: Type): Type => ({ kind: "map", fields, rest });
const required = (type: Type): Field => ({ type, optional: false });
const optional = (type: Type): Field => ({ type, optional: true });
const TEXTS = map({}, STRING);
const ID = map({ id: required(STRING) });

/** Every call of the language. */
export const CALLS = {
  http: {
    arguments: {
      method: required(STRING),
      endpoint: required(STRING),
      headers: optional(TEXTS),
      query: optional(TEXTS),
      body: optional(DYNAMIC),
    },
    gives: map({ status: required(INTEGER), body: required(DYNAMIC) }),
    docs: {
      does: "One request. JSON in, JSON or text out. It carries the idempotency key as `Idempotency-Key`.",
      fails:
        "Any status but 2xx: 408 Timeout; 429 Throttled; 5xx Transient; 401 and 403 Denied; 404 NotFound; others Business, with the status for its code.",
    },
  },
  "queue.send": {
    target: "Queue",
    targetArgument: "queue",
    access: "Produce",
    arguments: { body: required(DYNAMIC), attributes: optional(TEXTS), key: optional(STRING) },
    gives: ID,
    docs: {
      does: "Sends a message to a Queue: `body` as JSON, `attributes` as they are. `key` is needed where the Queue keeps an order.",
      fails: "NotFound where the Queue is gone, Denied, Throttled, Transient.",
    },
  },
  "topic.publish": {
    target: "Topic",
    targetArgument: "topic",
    access: "Produce",
    arguments: { body: required(DYNAMIC), attributes: optional(TEXTS), key: optional(STRING) },
    gives: ID,
    docs: {
      does: "Publishes to a Topic: `body` as JSON, `attributes` as they are. `key` is needed where the Topic keeps an order.",
      fails: "NotFound where the Topic is gone, Denied, Throttled, Transient.",
    },
  },
} as const satisfies Readonly<Record<string, CallEntry>>;

export type CallName = keyof typeof CALLS;

/** The message attribute that carries the idempotency key. */
export const DEDUP_ATTRIBUTE = "dedupKey";
