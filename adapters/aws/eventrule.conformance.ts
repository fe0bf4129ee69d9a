import {
  CreatePolicyCommand,
  DeleteRolePermissionsBoundaryCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateScheduleGroupCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListTagsForResourceCommand,
} from "@aws-sdk/client-scheduler";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { awsClients } from "./clients.ts";
import { eventRuleProvider } from "./eventrule.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call, eventRuleWant, owner, place, REGION } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const provider = eventRuleProvider(aws);
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const GroupName = "onyx-test";
const context = call("daily", { owner: owner("daily", { kind: "EventRule" }) });
const at = { name: "daily", footprint: [] };
const wanted = (over: Partial<EventRuleWant> = {}) => {
  const want = eventRuleWant("daily", over);
  return provider.fit?.(want).want ?? want;
};
async function seen() {
  const found = await provider.observe(at, context);
  if (!found.exists) expect.fail("it is not there");
  return found;
}
const schedule = () => aws.scheduler.send(new GetScheduleCommand({ Name: "daily", GroupName }));
const role = () => aws.iam.send(new GetRoleCommand({ RoleName: "daily-target" }));

beforeEach(async () => {
  const found = await provider.observe(at, context);
  if (found.exists) await provider.delete(found, at, context);
  await aws.scheduler.send(new DeleteScheduleGroupCommand({ Name: GroupName })).catch(() => undefined);
});

describe("a schedule of EventBridge Scheduler", () => {
  it("stands in a group of its Environment, which is made with the first one and carries its mark", async () => {
    await provider.create("daily", wanted(), context);
    expect(await schedule()).toMatchObject({
      GroupName,
      State: "ENABLED",
      ScheduleExpressionTimezone: "Europe/Berlin",
    });
    const ResourceArn = `arn:aws:scheduler:${REGION}:${ACCOUNT}:schedule-group/${GroupName}`;
    const { Tags } = await aws.scheduler.send(new ListTagsForResourceCommand({ ResourceArn }));
    expect(Tags).toEqual([{ Key: "onyx-environment", Value: "test" }]);
    expect(diff(wanted(), (await seen()).actual)).toEqual([]);
    expect(await provider.list?.(context)).toEqual([{ name: "daily", id: (await seen()).id }]);
  });

  it("isn't put into a group of that name which is somebody else's", async () => {
    await aws.scheduler.send(new CreateScheduleGroupCommand({ Name: GroupName, Tags: [{ Key: "team", Value: "x" }] }));
    await expect(provider.create("daily", wanted(), context)).rejects.toMatchObject({
      fault: "conflict",
      step: "make the schedule group",
    });
    expect(await provider.observe(at, context)).toEqual({ exists: false });
  });

  it("has a role that Scheduler may take for this group only, and that may send to this queue only", async () => {
    await provider.create("daily", wanted(), context);
    const parsed = (text: string | undefined) => JSON.parse(decodeURIComponent(text ?? ""));
    const { Role } = await role();
    expect(Role?.Path).toBe("/onyx/test/");
    expect(parsed(Role?.AssumeRolePolicyDocument).Statement[0].Condition.StringEquals).toEqual({
      "aws:SourceAccount": ACCOUNT,
      "aws:SourceArn": `arn:aws:scheduler:${REGION}:${ACCOUNT}:schedule-group/${GroupName}`,
    });
    const policy = await aws.iam.send(new GetRolePolicyCommand({ RoleName: "daily-target", PolicyName: "onyx" }));
    expect(parsed(policy.PolicyDocument).Statement).toEqual([
      { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: [`arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`] },
    ]);
  });

  it("starts a state machine by a role that may do just that, and sends to a queue again", async () => {
    const id = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:report`;
    const targetIs = { kind: "Workflow", ordered: false, encryptionKey: null } as const;
    const starting = wanted({ target: { id, via: [] }, targetIs });
    await provider.create("daily", starting, context);
    expect((await schedule()).Target).toMatchObject({ Arn: id, Input: '{"report":"daily"}' });
    const statements = async () => {
      const found = await aws.iam.send(new GetRolePolicyCommand({ RoleName: "daily-target", PolicyName: "onyx" }));
      return JSON.parse(decodeURIComponent(found.PolicyDocument ?? "")).Statement;
    };
    expect(await statements()).toEqual([{ Effect: "Allow", Action: ["states:StartExecution"], Resource: [id] }]);
    for (const want of [wanted(), starting]) {
      await provider.update(await seen(), want, new Set(["target"]), context);
      expect(diff(want, (await seen()).actual)).toEqual([]);
    }
    expect(await statements()).toHaveLength(1);
  });

  it("leaves no role behind when somebody else has the name", async () => {
    const theirs = call("theirs", { owner: owner("theirs", { kind: "EventRule" }) });
    await provider.create("daily", { ...wanted(), tags: eventRuleWant("theirs").tags }, theirs);
    await expect(provider.create("daily", wanted(), context)).rejects.toMatchObject({ fault: "conflict" });
    expect((await seen()).owner?.name).toBe("theirs");
    await provider.delete(await seen(), at, theirs);
    await expect(role()).rejects.toThrow();
  });

  it("has a role within the boundary of the Environment, which is put back when somebody takes it off", async () => {
    const Statement = [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" }];
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    const { Policy } = await aws.iam.send(new CreatePolicyCommand({ PolicyName: "platform", PolicyDocument }));
    const permissionsBoundary = Policy?.Arn ?? "";
    const bounded = eventRuleProvider({ ...aws, place: { ...aws.place, permissionsBoundary } });
    const want = bounded.fit?.(eventRuleWant("daily")).want ?? expect.fail("no fit");
    const bound = async () => (await role()).Role?.PermissionsBoundary?.PermissionsBoundaryArn;
    await bounded.create("daily", want, context);
    expect(await bound()).toBe(permissionsBoundary);
    expect(diff(want, (await seen()).actual)).toEqual([]);
    await aws.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: "daily-target" }));
    const found = await seen();
    expect(diff(want, found.actual).map(({ field }) => field)).toEqual(["target"]);
    await bounded.update(found, want, new Set(["target"]), context);
    expect(await bound()).toBe(permissionsBoundary);
    expect(diff(want, (await seen()).actual)).toEqual([]);
    await provider.update(await seen(), wanted(), new Set(["target"]), context);
    expect(await bound()).toBeUndefined();
  });

  it("E4 a target that can't be named is refused before any call, with the field", () => {
    expect(() => wanted({ target: { id: "jobs", via: [] } })).toThrow(/not the ARN of a Queue/);
  });

  it("has all overrides, and gone they are Scheduler's own again", async () => {
    const overrides = {
      flexibleWindow: "5m",
      maximumEventAge: "1h",
      maximumRetryAttempts: 3,
      deadLetterQueueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:spare`,
    };
    await provider.create("daily", wanted({ overrides }), context);
    const found = await seen();
    expect(diff(wanted({ overrides }), found.actual)).toEqual([]);
    expect((await schedule()).Target?.DeadLetterConfig?.Arn).toBe(overrides.deadLetterQueueArn);
    expect(found.actual.target?.via).toContain(`allow sqs:SendMessage on ${overrides.deadLetterQueueArn}`);
    await provider.update(found, wanted(), new Set(["overrides", "target"]), context);
    expect(diff(wanted(), (await seen()).actual)).toEqual([]);
  });
});
