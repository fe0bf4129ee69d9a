import { describe, expect, it } from "vitest";
import { ownerTags } from "../../operator/provider/owner.ts";
import { marksIn } from "../../operator/provider/owner-text.ts";
import { awsClients } from "./clients.ts";
import { actualOf, fitEventRule, roleOf, sendPolicy, toSchedule, trustOf } from "./eventrule-shape.ts";
import { groupName } from "./scheduler.ts";
import { ACCOUNT, eventRuleWant, owner, place, REGION } from "./testing/fixtures.ts";

const aws = awsClients(place("http://127.0.0.1:1"));
const GROUP = aws.arn("scheduler", "schedule-group/onyx-test");
const ROLE = aws.arn("iam", "role/onyx/test/daily-target");
const STARTING = {
  target: { id: `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:daily`, via: [] },
  targetIs: { kind: "Workflow", ordered: false, encryptionKey: null },
} as const;
const fitted = (over: Parameters<typeof eventRuleWant>[1] = {}) =>
  fitEventRule(aws, GROUP, eventRuleWant("daily", over));

describe("an EventRule as a schedule", () => {
  it("says everything, so that nothing is left to Scheduler's defaults", () => {
    const schedule = toSchedule(fitted().want, ROLE);
    expect(schedule).toEqual({
      ScheduleExpression: "cron(0 6 ? * MON-FRI *)",
      ScheduleExpressionTimezone: "Europe/Berlin",
      Description: expect.stringMatching(/^\[onyx onyx-environment=test .*\]$/),
      State: "ENABLED",
      Target: {
        Arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`,
        RoleArn: ROLE,
        Input: '{"report":"daily"}',
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "NONE",
    });
    expect(marksIn(schedule.Description ?? "")).toEqual(ownerTags(owner("daily", { kind: "EventRule" })));
  });

  it.each([
    [{}],
    [{ suspended: true }],
    [{ overrides: { flexibleWindow: "5m", maximumEventAge: "1h", maximumRetryAttempts: 0 } }],
    [{ overrides: { deadLetterQueueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:spare` } }],
    [{ overrides: { flexibleWindow: "90s" } }],
    [{ overrides: { maximumEventAge: "24h", maximumRetryAttempts: 185 } }],
    [{ schedule: { cron: "*/5 * * * *", timezone: "UTC" }, input: "null" }],
    [STARTING],
  ])("reads back as it was written: %j", (over) => {
    const { want } = fitted(over);
    const { target, tags: _tags, ...actual } = actualOf({ ...toSchedule(want, ROLE), Arn: "a" }, undefined, [], ROLE);
    const { targetIs: _is, tags: _wanted, target: wanted, ...rest } = want;
    expect(actual).toEqual(rest);
    expect(target?.id).toBe(wanted.id);
  });

  it("keeps the key that others chose, and shows what would end it as drift", () => {
    const { want } = fitted();
    const found = { ...toSchedule(want, ROLE), Arn: "a", KmsKeyArn: "arn:aws:kms:x:1:key/k", EndDate: new Date(0) };
    expect(toSchedule(want, ROLE, found).KmsKeyArn).toBe("arn:aws:kms:x:1:key/k");
    expect(toSchedule(want, ROLE, found).EndDate).toBeUndefined();
    expect(actualOf(found, undefined, [], ROLE).overrides).toEqual({ endDate: "1970-01-01T00:00:00.000Z" });
  });

  it("leaves out a state that nobody knows yet, and shows another role", () => {
    const found = { ...toSchedule(fitted().want, `${ROLE}-theirs`), Arn: "a", State: "DREAMING" as never };
    const actual = actualOf(found, undefined, [], ROLE);
    expect(actual).not.toHaveProperty("suspended");
    expect(actual.target?.via).toEqual([`sends as ${ROLE}-theirs`]);
  });
});

describe("what Scheduler may do", () => {
  it("is to send to this target, taken by schedules of this group and account only", () => {
    expect(sendPolicy(fitted().want).Statement).toEqual([
      { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: [`arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`] },
    ]);
    expect(trustOf(GROUP, ACCOUNT).Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "scheduler.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": ACCOUNT, "aws:SourceArn": GROUP } },
      },
    ]);
  });

  it("with the queue's own key: to use it through SQS and for this queue", () => {
    const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/k`;
    const { want } = fitted({ targetIs: { kind: "Queue", ordered: false, encryptionKey: key } });
    expect(want.target.via).toContainEqual(
      expect.stringMatching(/^allow kms:GenerateDataKey on .*key\/k when .*kms:EncryptionContext:aws:sqs:arn=/),
    );
  });

  it("to a Topic: to publish to it, with its key", () => {
    const id = `arn:aws:sns:${REGION}:${ACCOUNT}:news-topic`;
    const { want } = fitted({
      target: { id, via: [] },
      targetIs: { kind: "Topic", ordered: false, encryptionKey: null },
    });
    expect(sendPolicy(want).Statement).toEqual([{ Effect: "Allow", Action: ["sns:Publish"], Resource: [id] }]);
  });

  it("to a state machine: to start it, and nothing of what runs", () => {
    const { want } = fitted(STARTING);
    expect(sendPolicy(want).Statement).toEqual([
      { Effect: "Allow", Action: ["states:StartExecution"], Resource: [STARTING.target.id] },
    ]);
    expect(want.target.via).toContain(`allow states:StartExecution on ${STARTING.target.id}`);
  });

  it("has names that fit", () => {
    const long = "x".repeat(64);
    expect(roleOf("daily")).toBe("daily-target");
    expect(roleOf(long).length).toBeLessThanOrEqual(64);
    expect(roleOf(long)).not.toBe(roleOf(`${long.slice(0, 63)}y`));
    expect(groupName("e".repeat(80)).length).toBeLessThanOrEqual(64);
  });
});

describe("what is refused before any call", () => {
  it.each([
    [{ schedule: { cron: "0 0 30 2 *", timezone: "UTC" } }, /schedule\.cron: .*never comes/],
    [{ schedule: { cron: "0 6 1 * 1", timezone: "UTC" } }, /schedule\.cron: .*together/],
    [{ schedule: { cron: "0 6 * * *", timezone: "Europe/Nowhere" } }, /schedule\.timezone: "Europe\/Nowhere"/],
    [{ input: "{" }, /input: it is no JSON/],
    [{ input: JSON.stringify("é".repeat(140_000)) }, /input: it has 280002 bytes/],
    [{ targetIs: { kind: "Queue", ordered: true, encryptionKey: null } }, /target: this Queue keeps the order/],
    [{ overrides: { window: "5m" } }, /overrides\.aws\.window: there is no such setting/],
    [
      { ...STARTING, target: { id: `${STARTING.target.id}:1`, via: [] } },
      /target\.workflowRef: ".*:1" is not the ARN of a state machine/,
    ],
    [
      { ...STARTING, target: { id: "projects/p/locations/l/workflows/w", via: [] } },
      /is not the ARN of a state machine/,
    ],
    [{ ...STARTING, target: { id: STARTING.target.id.replace("daily", "*"), via: [] } }, /is not the ARN of a state/],
    [{ ...STARTING, input: JSON.stringify("x".repeat(32_768)) }, /input: it has 32770 bytes, and 32768 are taken/],
    [{ target: { id: "jobs", via: [] } }, /"jobs" is not the ARN of a Queue/],
  ] as const)("%j", (over, message) => expect(() => fitted(over)).toThrow(message));
});
