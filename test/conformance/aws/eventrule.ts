import { isDeepStrictEqual } from "node:util";
import { TagRoleCommand } from "@aws-sdk/client-iam";
import {
  ConflictException,
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  UpdateScheduleCommand,
  type UpdateScheduleInput,
} from "@aws-sdk/client-scheduler";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { marksIn } from "../../../operator/provider/owner-text.ts";
import { carries } from "../marks.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";
import { serviceRolesOnAws, unlessGone } from "./service-roles.ts";

const groupOf = ({ place }: AwsUnderTest) => `onyx-${place.environment}`;
const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:theirs`;

/** The schedule group that the first rule of an Environment makes. */
export async function makeScheduleGroup(aws: AwsUnderTest): Promise<void> {
  const Tags = [{ Key: "onyx-environment", Value: aws.place.environment }];
  await aws.eyes.scheduler
    .send(new CreateScheduleGroupCommand({ Name: groupOf(aws), Tags }))
    .catch((error: unknown) => {
      if (!(error instanceof ConflictException)) throw error;
    });
}

type Sent = Partial<UpdateScheduleInput>;

/** The field of Want that differs between two things sent to one schedule. */
function changedFields(before: Sent, after: Sent): string[] {
  const parts = (sent: Sent) => ({
    schedule: [sent.ScheduleExpression, sent.ScheduleExpressionTimezone],
    target: [sent.Target?.Arn, sent.Target?.RoleArn],
    input: sent.Target?.Input,
    suspended: sent.State,
    overrides: [sent.FlexibleTimeWindow, sent.Target?.RetryPolicy, sent.Target?.DeadLetterConfig],
    tags: sent.Description,
  });
  const [old, now] = [parts(before), parts(after)];
  return (Object.keys(now) as (keyof typeof now)[]).filter((field) => !isDeepStrictEqual(old[field], now[field]));
}

/** EventRule on AWS, by the Scheduler and IAM clients. */
export function eventRuleOnAws(aws: AwsUnderTest): KindOnCloud {
  const { scheduler, iam } = aws.eyes;
  const roles = serviceRolesOnAws(aws);
  const GroupName = groupOf(aws);
  const roleOf = ({ name }: Subject) => `${name}-target`;

  const find = async ({ name: Name }: Subject) => {
    try {
      const { $metadata: _metadata, ...found } = await scheduler.send(new GetScheduleCommand({ Name, GroupName }));
      return found;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
  const change = (fields: (found: UpdateScheduleInput) => Partial<UpdateScheduleInput>) => async (subject: Subject) => {
    const { Arn: _a, CreationDate: _c, LastModificationDate: _l, ...found } = (await find(subject)) ?? {};
    const input = found as UpdateScheduleInput;
    await scheduler.send(new UpdateScheduleCommand({ ...input, ...fields(input) }));
  };
  const removeSchedule = async ({ name: Name }: Subject) => {
    await unlessGone(scheduler.send(new DeleteScheduleCommand({ Name, GroupName })));
  };
  const removeRole = (subject: Subject) => roles.remove(roleOf(subject));

  return {
    makes: ["CreateRole", "PutRolePolicy", "CreateSchedule"],
    unmakes: ["DeleteSchedule", "DeleteRolePolicy", "DeleteRole"],
    touches(write) {
      if (write.operation === "PutRolePolicy") return ["target"];
      if (write.operation.endsWith("agRole")) return ["tags"];
      if (write.operation !== "UpdateSchedule") return [];
      // An update sends the whole schedule: what it touches is what differs from what was sent before.
      const sent = write.request as Sent;
      const all = aws
        .writes()
        .filter(({ operation, ok }) => ok && /^(Create|Update)Schedule$/.test(operation))
        .map(({ request }) => request as Sent)
        .filter(({ Target }) => Target?.RoleArn === sent.Target?.RoleArn);
      const at = all.findIndex((one) => isDeepStrictEqual(one, sent));
      const before = all.slice(0, at < 0 ? undefined : all.findLastIndex((one) => isDeepStrictEqual(one, sent))).at(-1);
      return before ? changedFields(before, sent) : [];
    },
    async list({ object }) {
      const found: { id: string }[] = [];
      const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ MaxResults: 100 }));
      for (const { Name = "", GroupName: group } of Schedules) {
        if (group !== GroupName) continue;
        const one = await unlessGone(scheduler.send(new GetScheduleCommand({ Name, GroupName })));
        if (carries(ownerOf(marksIn(one?.Description ?? "")), object)) found.push({ id: Name });
      }
      for (const role of await roles.carrying(object)) {
        const id = role.replace(/-target$/, "");
        if (!found.some((one) => one.id === id)) found.push({ id });
      }
      return found;
    },
    async snapshot(subject) {
      const found = await find(subject);
      const { LastModificationDate: _when, ...schedule } = found ?? {};
      const role = await roles.seen(roleOf(subject));
      if (!found && !role) return undefined;
      return {
        schedule: found && schedule,
        trust: role?.trust,
        policy: role?.policy,
      };
    },
    tamper: {
      schedule: change(() => ({ ScheduleExpression: "rate(5 minutes)" })),
      target: (subject) => roles.widen(roleOf(subject)),
      input: change(({ Target }) => ({ Target: { ...Target, Input: "{}" } as UpdateScheduleInput["Target"] })),
      suspended: change(() => ({ State: "DISABLED" })),
      tags: async (subject) => {
        await iam.send(new TagRoleCommand({ RoleName: roleOf(subject), Tags: [{ Key: "stage", Value: "somebody" }] }));
      },
      overrides: change(() => ({ EndDate: new Date("2030-01-01T00:00:00Z") })),
    },
    async createForeign({ name: Name }) {
      const RoleArn = `arn:aws:iam::${ACCOUNT}:role/theirs`;
      await scheduler.send(
        new CreateScheduleCommand({
          Name,
          GroupName,
          Description: "theirs",
          ScheduleExpression: "cron(0 6 ? * MON-FRI *)",
          ScheduleExpressionTimezone: "Europe/Berlin",
          State: "ENABLED",
          FlexibleTimeWindow: { Mode: "OFF" },
          Target: { Arn: QUEUE, RoleArn, Input: '{"report":"daily"}' },
        }),
      );
    },
    removePart: { schedule: removeSchedule, role: removeRole },
    async remove(subject) {
      await removeSchedule(subject);
      await removeRole(subject);
    },
  };
}
