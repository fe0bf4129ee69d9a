import { describe, expect, it } from "vitest";
import { type EventRuleSpec, eventRule as schema } from "../../crds/eventrule.ts";
import type { Given, Naming } from "../../operator/reconcile/leaf-object.ts";
import { eventRule } from "./eventrule.ts";

const known: Readonly<Record<string, string>> = {
  "Queue projects/p/subscriptions/jobs": "jobs",
  "Topic projects/p/topics/news-topic": "news",
  "Workflow projects/p/locations/europe-west1/workflows/prod-shop-nightly": "nightly",
  "Queue arn:aws:sqs:eu-west-1:111122223333:jobs": "jobs",
  "Topic arn:aws:sns:eu-west-1:111122223333:news-topic": "news",
};
const STATE_MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:daily";
const OURS = "projects/p/locations/europe-west1/workflows/prod-shop-nightly";
const WORKFLOW = "projects/p/locations/europe-west1/workflows/daily";
const naming = (cloud: "aws" | "gcp") =>
  ({
    cloud,
    reference(kind: string, id: string) {
      const name = known[`${kind} ${id}`];
      return name === undefined ? { external: id } : { name };
    },
  }) as Naming;

describe("a workflow as target", () => {
  const spec = schema.spec.parse({
    schedule: { cron: "0 6 * * *" },
    target: { workflowRef: { external: WORKFLOW } },
    input: '{"report":"daily"}',
  }) as EventRuleSpec;
  const given = {
    cloud: "gcp",
    tags: {},
    target: () => ({ outputs: {}, effective: {} }),
  } as unknown as Given;

  it("that an object stands for is named like it, and has its id", () => {
    const named = { ...spec, target: { workflowRef: { name: "daily" } } };
    expect(eventRule.references(named)).toEqual([{ field: "target.workflowRef", kind: "Workflow", name: "daily" }]);
    const target = () => ({ outputs: { WORKFLOW_ID: WORKFLOW }, effective: {} });
    expect(eventRule.want(named, { ...given, target } as Given).target).toEqual({ id: WORKFLOW, via: [] });
  });

  it("that no object stands for is named by its id", () => {
    expect(eventRule.references(spec)).toEqual([]);
    expect(eventRule.problem?.(spec, given)).toBeUndefined();
    expect(eventRule.want(spec, given)).toMatchObject({
      target: { id: WORKFLOW, via: [] },
      targetIs: { kind: "Workflow", ordered: false, encryptionKey: null },
      input: '{"report":"daily"}',
    });
  });

  it.each([
    ["a name and an id", { name: "daily", external: WORKFLOW }],
    ["nothing", {}],
    ["a version", { external: `${STATE_MACHINE}:1` }],
    ["all of an account", { external: "arn:aws:states:eu-west-1:111122223333:stateMachine:*" }],
    ["an execution", { external: `${WORKFLOW}/executions/e` }],
    ["a queue", { external: "arn:aws:sqs:eu-west-1:111122223333:jobs" }],
  ])("is not given by %s", (_what, workflowRef) => {
    const rule = { schedule: { cron: "0 6 * * *" }, target: { workflowRef } };
    expect(schema.spec.safeParse(rule).success).toBe(false);
  });
});

describe("the spec of a rule that was found", () => {
  it.each([
    ["gcp", "projects/p/topics/jobs", { queueRef: { name: "jobs" } }],
    ["gcp", "projects/p/topics/news-topic", { topicRef: { name: "news" } }],
    ["gcp", "projects/p/topics/theirs", { topicRef: { external: "projects/p/topics/theirs" } }],
    ["aws", "arn:aws:sqs:eu-west-1:111122223333:jobs", { queueRef: { name: "jobs" } }],
    ["aws", "arn:aws:sns:eu-west-1:111122223333:news-topic", { topicRef: { name: "news" } }],
    ["aws", "arn:aws:sqs:eu-west-1:1:x", { queueRef: { external: "arn:aws:sqs:eu-west-1:1:x" } }],
    ["aws", "arn:aws:sns:eu-west-1:1:x", { topicRef: { external: "arn:aws:sns:eu-west-1:1:x" } }],
    ["aws", STATE_MACHINE, { workflowRef: { external: STATE_MACHINE } }],
    ["gcp", WORKFLOW, { workflowRef: { external: WORKFLOW } }],
    ["gcp", OURS, { workflowRef: { name: "nightly" } }],
  ] as const)("on %s names the target %s", (cloud, id, target) =>
    expect(eventRule.specOf?.({ target: { id, via: [] } }, naming(cloud)).target).toEqual(target),
  );

  it("asks for what spec can ask for, and for nothing else that stands there", () => {
    const overrides = { endDate: "2030-01-01T00:00:00.000Z", afterCompletion: "DELETE", maximumRetryAttempts: 3 };
    expect(eventRule.specOf?.({ overrides }, naming("aws")).overrides).toEqual({ aws: { maximumRetryAttempts: 3 } });
    expect(eventRule.specOf?.({ overrides: { attributes: { a: "b" } } }, naming("gcp")).overrides).toBeUndefined();
  });
});
