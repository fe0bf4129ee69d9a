import { describe, expect, it } from "vitest";
import { type QueueSpec, queue as schema } from "../../crds/queue.ts";
import type { Given, Naming, Target } from "../../operator/reconcile/leaf-object.ts";
import { eventRule } from "./eventrule.ts";
import { queue } from "./queue.ts";
import { workloadIdentity } from "./workloadidentity.ts";

const TOPIC = { field: "subscribeTo.topicRef", id: "topic-id" };
const given = (targets: Readonly<Record<string, Partial<Target>>>, cloud: "aws" | "gcp" = "aws"): Given => ({
  namespace: "shop",
  name: "orders",
  cloud,
  tags: {},
  target: (field) => ({ outputs: {}, effective: {}, ...targets[field] }),
  source: () => "",
});
const specOf = (over: object) => schema.spec.parse(over) as QueueSpec;
const subscribes = { subscribeTo: { topicRef: { name: "news" } } };
const topic = (effective: Record<string, unknown> = {}) => ({
  [TOPIC.field]: {
    outputs: { TOPIC_ID: TOPIC.id },
    effective: { ordering: "None", encryptionKey: null, ...effective },
  },
});
const subscriber: Partial<Target> = { effective: { subscription: { topic: "t", filter: [], via: [] } } };
const plain: Partial<Target> = { effective: { subscription: null } };

describe("a Queue that subscribes", () => {
  it("waits for its Topic, and wants its id and the filter in its one form", () => {
    const spec = specOf({
      subscribeTo: {
        topicRef: { name: "news" },
        filter: [
          { attribute: "type", anyOf: ["b", "a"] },
          { attribute: "region", prefix: "eu-" },
        ],
      },
    });
    expect(queue.references(spec)).toEqual([{ field: TOPIC.field, kind: "Topic", name: "news" }]);
    expect(queue.problem?.(spec, given(topic()))).toBeUndefined();
    expect(queue.want(spec, given(topic())).subscription).toEqual({
      topic: TOPIC.id,
      filter: [
        { attribute: "region", prefix: "eu-" },
        { attribute: "type", anyOf: ["a", "b"] },
      ],
      via: [],
    });
  });

  it("of an external Topic refers to nothing", () => {
    const spec = specOf({ subscribeTo: { topicRef: { external: "arn:x" } } });
    expect(queue.references(spec)).toEqual([]);
    expect(queue.problem?.(spec, given({}))).toBeUndefined();
    expect(queue.want(spec, given({})).subscription).toEqual({ topic: "arn:x", filter: [], via: [] });
  });

  it("has the ordering of its Topic", () => {
    expect(queue.problem?.(specOf(subscribes), given(topic({ ordering: "PerKey" })))).toMatch(
      /^subscribeTo.topicRef: /,
    );
    const ordered = specOf({ ...subscribes, ordering: "PerKey" });
    expect(queue.problem?.(ordered, given(topic()))).toContain("make a Queue with ordering None");
    expect(queue.problem?.(ordered, given(topic({ ordering: "PerKey" })))).toBeUndefined();
  });

  it.each([
    [
      "the Topic's own key",
      { ...subscribes, encryption: { keyRef: { external: "k" } } },
      topic({ encryptionKey: "k" }),
      undefined,
    ],
    ["none, and the Topic has one", subscribes, topic({ encryptionKey: "k" }), undefined],
    [
      "another key than the Topic's",
      { ...subscribes, encryption: { keyRef: { external: "k" } } },
      topic({ encryptionKey: "other" }),
      "encryption.keyRef",
    ],
    [
      "a key where the Topic has none",
      { ...subscribes, encryption: { keyRef: { external: "k" } } },
      topic(),
      "encryption.keyRef",
    ],
  ])("with %s", (_what, spec, targets, field) => {
    const problem = queue.problem?.(specOf(spec), given(targets));
    if (field === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(`${field}: `);
  });

  it("takes the largest message of its Topic, where a cloud would drop it", () => {
    const large = topic({ maxMessageBytes: 1_048_576 });
    expect(queue.problem?.(specOf(subscribes), given(large))).toContain("maxMessageBytes: ");
    expect(queue.problem?.(specOf({ ...subscribes, maxMessageBytes: 1_048_576 }), given(large))).toBeUndefined();
    expect(queue.problem?.(specOf(subscribes), given(large, "gcp"))).toBeUndefined();
  });

  it("with a key of its own, of an external topic: only where the queue has messages of its own", () => {
    const spec = specOf({ subscribeTo: { topicRef: { external: "x" } }, encryption: { keyRef: { external: "k" } } });
    expect(queue.problem?.(spec, given({}, "aws"))).toBeUndefined();
    expect(queue.problem?.(spec, given({}, "gcp"))).toContain("Leave encryption out");
  });

  it("comes back as the spec that asks for it; a filter that spec can't ask for stays text, which the schema refuses", () => {
    const naming: Naming = {
      cloud: "aws",
      reference: (_kind, id) => (id === TOPIC.id ? { name: "news" } : { external: id }),
    };
    const from = (filter: string | readonly { attribute: string; exists: boolean }[]) =>
      queue.specOf?.({ subscription: { topic: TOPIC.id, filter, via: [] } }, naming).subscribeTo;
    expect(from([])).toEqual({ topicRef: { name: "news" } });
    expect(from([{ attribute: "a", exists: true }])).toEqual({
      topicRef: { name: "news" },
      filter: [{ attribute: "a", exists: true }],
    });
    expect(schema.spec.safeParse({ subscribeTo: from('{"a":[{"exists":false}]}') }).error?.issues[0]?.path).toEqual([
      "subscribeTo",
      "filter",
    ]);
    expect(queue.specOf?.({ subscription: null }, naming).subscribeTo).toBeUndefined();
  });
});

describe("nothing is sent to a Queue that subscribes", () => {
  const deadLetter = specOf({ deadLetter: { queueRef: { name: "dead" }, maxReceives: 5 } });
  const rule = { target: { queueRef: { name: "q" } } } as never;
  const grants = (access: string) => ({ grants: [{ kind: "Queue", name: "q", access }] }) as never;
  it.each<[string, (target: Partial<Target>) => string | undefined, string]>([
    [
      "dead letters",
      (target) => queue.problem?.(deadLetter, given({ "deadLetter.queueRef": target })),
      "deadLetter.queueRef",
    ],
    [
      "messages of a schedule",
      (target) => eventRule.problem?.(rule, given({ "target.queueRef": target })),
      "target.queueRef",
    ],
    [
      "messages of a workload",
      (target) => workloadIdentity.problem?.(grants("Produce"), given({ "grants[Queue/q]": target })),
      "grants[Queue/q]",
    ],
  ])("no %s", (_what, problem, field) => {
    expect(problem(subscriber)).toContain(`${field}: this Queue gets its messages from a Topic`);
    expect(problem(plain)).toBeUndefined();
    expect(problem({})).toBeUndefined();
  });

  it("but it may be consumed from", () =>
    expect(workloadIdentity.problem?.(grants("Consume"), given({ "grants[Queue/q]": subscriber }))).toBeUndefined());
});
