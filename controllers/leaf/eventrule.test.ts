import { describe, expect, it } from "vitest";
import type { Naming } from "../../operator/reconcile/leaf-object.ts";
import { eventRule } from "./eventrule.ts";

const known: Readonly<Record<string, string>> = {
  "Queue projects/p/subscriptions/jobs": "jobs",
  "Topic projects/p/topics/news-topic": "news",
  "Queue arn:aws:sqs:eu-west-1:111122223333:jobs": "jobs",
  "Topic arn:aws:sns:eu-west-1:111122223333:news-topic": "news",
};
const naming = (cloud: "aws" | "gcp") =>
  ({
    cloud,
    reference(kind: string, id: string) {
      const name = known[`${kind} ${id}`];
      return name === undefined ? { external: id } : { name };
    },
  }) as Naming;

describe("the spec of a rule that was found", () => {
  it.each([
    ["gcp", "projects/p/topics/jobs", { queueRef: { name: "jobs" } }],
    ["gcp", "projects/p/topics/news-topic", { topicRef: { name: "news" } }],
    ["gcp", "projects/p/topics/theirs", { topicRef: { external: "projects/p/topics/theirs" } }],
    ["aws", "arn:aws:sqs:eu-west-1:111122223333:jobs", { queueRef: { name: "jobs" } }],
    ["aws", "arn:aws:sns:eu-west-1:111122223333:news-topic", { topicRef: { name: "news" } }],
    ["aws", "arn:aws:sqs:eu-west-1:1:x", { queueRef: { external: "arn:aws:sqs:eu-west-1:1:x" } }],
    ["aws", "arn:aws:sns:eu-west-1:1:x", { topicRef: { external: "arn:aws:sns:eu-west-1:1:x" } }],
  ] as const)("on %s names the target %s", (cloud, id, target) =>
    expect(eventRule.specOf?.({ target: { id, via: [] } }, naming(cloud)).target).toEqual(target),
  );

  it("asks for what spec can ask for, and for nothing else that stands there", () => {
    const overrides = { endDate: "2030-01-01T00:00:00.000Z", afterCompletion: "DELETE", maximumRetryAttempts: 3 };
    expect(eventRule.specOf?.({ overrides }, naming("aws")).overrides).toEqual({ aws: { maximumRetryAttempts: 3 } });
    expect(eventRule.specOf?.({ overrides: { attributes: { a: "b" } } }, naming("gcp")).overrides).toBeUndefined();
  });
});
