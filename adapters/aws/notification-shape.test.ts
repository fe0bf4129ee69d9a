import { expect, test } from "vitest";
import type { BucketNotification } from "../../controllers/leaf/wants.ts";
import {
  actualNotifications,
  checkTargets,
  compareRule,
  type LiveRule,
  NAME_TAG,
  PATHS,
  patternOf,
  type RuleWant,
  ruleName,
  rulePrefix,
  rulesOf,
  targetStatement,
  templateOf,
} from "./notification-shape.ts";
import { ACCOUNT, place, REGION } from "./testing/fixtures.ts";

const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`;
const one: BucketNotification = {
  name: "uploads",
  events: ["ObjectCreated", "ObjectDeleted"],
  prefix: "in/",
  target: QUEUE,
  delivers: true,
};
const live = (want: RuleWant, over: Partial<LiveRule> = {}): LiveRule => ({
  name: ruleName("test", "files", want),
  pattern: JSON.stringify(patternOf("files", want)),
  enabled: true,
  target: want.target,
  template: templateOf("files", want),
  paths: PATHS,
  tags: { [NAME_TAG]: want.notification },
  ...over,
});
const [created, deleted] = rulesOf([one]) as [RuleWant, RuleWant];

test("a rule for each event, whose name has room for 64 characters and begins with the environment", () => {
  const name = ruleName("production", "b".repeat(63), { ...created, notification: "n".repeat(50) });
  expect(name).toMatch(/^production-[0-9a-z]{12}-[0-9a-z]{8}-created$/);
  expect(ruleName("e".repeat(63), "b", created).length).toBeLessThanOrEqual(64);
  expect(name.startsWith(rulePrefix("production", "b".repeat(63)))).toBe(true);
  expect(ruleName("test", "files", deleted)).not.toBe(ruleName("test", "files", created));
});

test("what is deleted is what nothing is left of under its name: a marker, or a deletion without version", () => {
  expect(patternOf("files", deleted)).toEqual({
    source: ["aws.s3"],
    "detail-type": ["Object Deleted"],
    detail: {
      bucket: { name: ["files"] },
      object: { key: [{ prefix: "in/" }] },
      $or: [
        { "deletion-type": ["Delete Marker Created"] },
        { "deletion-type": ["Permanently Deleted"], object: { "version-id": [{ exists: false }] } },
      ],
    },
  });
});

test("the template is JSON once each variable is a JSON value, and no variable stands in quotes", () => {
  const text = templateOf("files", created);
  const values = {
    id: '"1"',
    key: '"a \\"b\\""',
    time: '"2026-11-24T00:00:00Z"',
    bucket: '"files"',
    object: '{"key":"x"}',
  };
  const filled = text.replace(/<(\w+)>/g, (_, name: keyof typeof values) => values[name]);
  expect(JSON.parse(filled)).toMatchObject({ subject: 'a "b"', source: "s3://files", data: { object: { key: "x" } } });
  for (const [quoted] of text.matchAll(/"[^"]*"/g)) expect(quoted).not.toContain("<");
  for (const [, name = ""] of text.matchAll(/<(\w+)>/g)) expect(PATHS).toHaveProperty(name);
});

test("what is written is read back as it was asked", () => {
  const rules = [live(deleted), live(created)];
  expect(actualNotifications("files", rules, () => true)).toEqual([one]);
  expect(actualNotifications("files", rules, () => false)).toEqual([{ ...one, delivers: false }]);
});

test.each<[string, Partial<LiveRule>]>([
  ["disabled", { enabled: false }],
  ["another pattern", { pattern: '{"source":["aws.ec2"]}' }],
  ["a pattern that is none", { pattern: "" }],
  ["another shape", { template: "<object>" }],
  ["another variable", { paths: { ...PATHS, key: "$.detail.bucket.name" } }],
  ["no target", { target: undefined, template: undefined, paths: undefined }],
])("a rule with %s delivers not as asked", (_what, over) => {
  const changed = live(created, over);
  expect(Object.values(compareRule("files", created, changed))).toContain(false);
  expect(actualNotifications("files", [live(deleted), changed], () => true)).toMatchObject([{ delivers: false }]);
});

test("a target lets EventBridge send for the rules of this bucket and account, and for no others", () => {
  const aws = {
    place: place("http://127.0.0.1:1"),
    arn: (service: string, rest: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`,
  };
  const [statement] = Object.values(targetStatement(aws, "files", QUEUE, true));
  expect(statement).toMatchObject({
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: QUEUE,
    Condition: {
      ArnEquals: { "aws:SourceArn": `arn:aws:events:${REGION}:${ACCOUNT}:rule/${rulePrefix("test", "files")}*` },
      StringEquals: { "aws:SourceAccount": ACCOUNT },
    },
  });
  expect(Object.values(targetStatement(aws, "files", QUEUE, false))).toEqual([null]);
  const topic = Object.values(targetStatement(aws, "files", QUEUE.replace(":sqs:", ":sns:"), true))[0];
  expect(topic?.Action).toBe("sns:Publish");
});

test.each([
  ["projects/p/subscriptions/q", /no ARN of an SQS queue or SNS topic/],
  [`${QUEUE}.fifo`, /keeps the order/],
  [QUEUE.replace(ACCOUNT, "999999999999"), /another account or region/],
  [QUEUE.replace(REGION, "ap-south-1"), /another account or region/],
])("%s can't be told", (target, why) => {
  const check = () => checkTargets({ place: place("http://127.0.0.1:1") }, [{ ...one, target }]);
  expect(check).toThrow(why);
  expect(check).toThrow(/^notifications\[uploads\]/);
});
