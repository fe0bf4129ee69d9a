/** Rules with a pattern on AWS, with events that are really handed on. */
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DescribeRuleCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { CreateQueueCommand, PurgeQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { ON_EVENTS } from "../rule-either.ts";
import { awsClients } from "./clients.ts";
import { eventRuleProvider } from "./eventrule.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call, eventRuleWant, owner, place, REGION } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const provider = eventRuleProvider(aws);
const { QueueUrl } = await aws.sqs.send(new CreateQueueCommand({ QueueName: "test-jobs" }));
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const EventBusName = "onyx-test";
const ARN = `arn:aws:events:${REGION}:${ACCOUNT}:rule/${EventBusName}/orders`;
const context = call("orders", { owner: owner("orders", { kind: "EventRule" }) });
const at = { name: "orders", footprint: [ON_EVENTS] };
const PATTERN = [
  { attribute: "tenant", anyOf: ["acme", "umbrella"] },
  { attribute: "type", prefix: "com.example.order." },
];
const wanted = (over: Partial<EventRuleWant> = {}) => {
  const want = eventRuleWant("orders", { schedule: null, pattern: PATTERN, input: "{}", ...over });
  return provider.fit?.(want).want ?? want;
};
async function seen() {
  const found = await provider.observe(at, context);
  if (!found.exists) expect.fail("it is not there");
  return found;
}
const changed = (want: EventRuleWant, actual: Partial<EventRuleWant>) =>
  new Set(diff(want, actual).map(({ field }) => field as keyof EventRuleWant & string));
async function update(want: EventRuleWant): Promise<void> {
  const found = await seen();
  await provider.update(found, want, changed(want, found.actual), context);
}

const event = (change: object = {}) => ({
  specversion: "1.0",
  id: "1",
  source: "/shop",
  type: "com.example.order.placed",
  tenant: "acme",
  data: { order: 7, note: "é" },
  ...change,
});
async function publish(change: object = {}): Promise<void> {
  const sent = event(change);
  const Entries = [{ EventBusName, Source: sent.source, DetailType: sent.type, Detail: JSON.stringify(sent) }];
  const { FailedEntryCount } = await aws.events.send(new PutEventsCommand({ Entries }));
  expect(FailedEntryCount).toBe(0);
}
async function received(): Promise<unknown[]> {
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0, VisibilityTimeout: 0 }),
  );
  return Messages.map(({ Body = "" }) => JSON.parse(Body));
}

beforeEach(async () => {
  const found = await provider.observe(at, context);
  if (found.exists) await provider.delete(found, at, context);
  await aws.events.send(new DeleteEventBusCommand({ Name: EventBusName })).catch(() => undefined);
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl }));
});

describe("a rule on an event bus", () => {
  it("E3 hands what matches to the queue, as the event's data, and nothing else", async () => {
    await provider.create("orders", wanted(), context);
    expect(diff(wanted(), (await seen()).actual)).toEqual([]);
    await publish({ tenant: "other" });
    await publish({ tenant: undefined });
    await publish({ type: "com.example.user.made" });
    await publish();
    await expect.poll(received).toEqual([{ order: 7, note: "é" }]);
  });

  it("stands on a bus of its Environment, which is made with the first one and carries its mark", async () => {
    await provider.create("orders", wanted(), context);
    const ResourceARN = `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${EventBusName}`;
    const { Tags } = await aws.events.send(new ListTagsForResourceCommand({ ResourceARN }));
    expect(Tags).toEqual([{ Key: "onyx-environment", Value: "test" }]);
    expect(await provider.list?.(context)).toContainEqual({ name: "orders", id: ARN });
  });

  it("isn't put on a bus of that name which is somebody else's", async () => {
    await aws.events.send(new CreateEventBusCommand({ Name: EventBusName, Tags: [{ Key: "team", Value: "x" }] }));
    await expect(provider.create("orders", wanted(), context)).rejects.toMatchObject({
      fault: "conflict",
      step: "make the event bus",
    });
    expect(await provider.observe(at, context)).toEqual({ exists: false });
  });

  it("sends as a role that EventBridge may take for rules of this bus only", async () => {
    await provider.create("orders", wanted(), context);
    const { Role } = await aws.iam.send(new GetRoleCommand({ RoleName: "orders-target" }));
    const trust = JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ""));
    expect(trust.Statement[0]).toMatchObject({
      Principal: { Service: "events.amazonaws.com" },
      Condition: {
        StringEquals: { "aws:SourceAccount": ACCOUNT },
        ArnLike: { "aws:SourceArn": `arn:aws:events:${REGION}:${ACCOUNT}:rule/${EventBusName}/*` },
      },
    });
    const { Targets } = await aws.events.send(new ListTargetsByRuleCommand({ Rule: "orders", EventBusName }));
    expect(Targets).toEqual([
      {
        Id: "onyx",
        Arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`,
        RoleArn: Role?.Arn,
        InputPath: "$.detail.data",
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    ]);
  });

  it("overwrites no rule of somebody else, and leaves no role behind", async () => {
    await provider.create("orders", wanted(), context);
    await provider.delete(await seen(), at, context);
    await aws.events.send(new PutRuleCommand({ Name: "orders", EventBusName, EventPattern: '{"source":["x"]}' }));
    await expect(provider.create("orders", wanted(), context)).rejects.toMatchObject({ fault: "conflict" });
    const { EventPattern } = await aws.events.send(new DescribeRuleCommand({ Name: "orders", EventBusName }));
    expect(EventPattern).toBe('{"source":["x"]}');
    await expect(aws.iam.send(new GetRoleCommand({ RoleName: "orders-target" }))).rejects.toThrow();
  });

  it("is brought to what is wanted, field by field", async () => {
    await provider.create("orders", wanted(), context);
    const steps: Partial<EventRuleWant>[] = [
      { pattern: [{ attribute: "subject", exists: false }] },
      { suspended: true },
      {
        target: { id: `arn:aws:sns:${REGION}:${ACCOUNT}:news`, via: [] },
        targetIs: { kind: "Topic", ordered: false, encryptionKey: null },
      },
      {
        target: { id: `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:fulfil`, via: [] },
        targetIs: { kind: "Workflow", ordered: false, encryptionKey: null },
      },
      { overrides: { maximumEventAge: "1h", maximumRetryAttempts: 3 } },
      { tags: { ...wanted().tags, team: "other" } },
    ];
    let want = wanted();
    for (const step of steps) {
      want = wanted({ ...want, ...step });
      await update(want);
      expect(diff(want, (await seen()).actual)).toEqual([]);
    }
  });

  it("tells and puts right what others change", async () => {
    await provider.create("orders", wanted(), context);
    await aws.events.send(new PutRuleCommand({ Name: "orders", EventBusName, EventPattern: '{"source":["x"]}' }));
    const Targets = [{ Id: "theirs", Arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs` }];
    await aws.events.send(new PutTargetsCommand({ Rule: "orders", EventBusName, Targets }));
    const { actual } = await seen();
    expect(actual.pattern).toBe('{"source":["x"]}');
    expect([...changed(wanted(), actual)].sort()).toEqual(["pattern", "target"]);
    await update(wanted());
    expect(diff(wanted(), (await seen()).actual)).toEqual([]);
  });

  it("is made whole again when its rule is gone, and goes whole", async () => {
    await provider.create("orders", wanted(), context);
    await provider.delete(await seen(), at, context);
    expect(await provider.observe(at, context)).toEqual({ exists: false });
    await expect(aws.iam.send(new GetRoleCommand({ RoleName: "orders-target" }))).rejects.toThrow();
  });

  it("is released and adopted by its tags", async () => {
    await provider.create("orders", wanted(), context);
    await provider.release?.(await seen(), context);
    expect((await seen()).owner).toMatchObject({ cluster: "", uid: "" });
    await provider.adopt(await seen(), wanted(), context);
    expect(diff(wanted(), (await seen()).actual)).toEqual([]);
  });
});
