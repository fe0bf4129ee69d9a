/** An EventRule as EventBridge Scheduler has it: canonical forms both ways. Pure. */
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { isMark, type Tags } from "../../operator/provider/owner.ts";
import { marksIn, withMarks } from "../../operator/provider/owner-text.ts";
import type { Fitted, Neutral } from "../../operator/provider/provider.ts";
import { checkRule } from "../rule-check.ts";
import type { Aws } from "./clients.ts";
import { EXPRESSION_LENGTH, fromExpression, toExpression } from "./cron.ts";
import { rightsOf } from "./grants.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import { documentOf, linesOf, type PolicyDocument, type Right } from "./policy.ts";
import type { Role } from "./role.ts";
import type { Schedule, ScheduleInput } from "./scheduler.ts";
import { roleNameOf, trustIn } from "./service-role.ts";

const DESCRIPTION_LENGTH = 512;
const DAY = 86_400;
const MINUTE = 60;
const ATTEMPTS = limits.eventrule.maximumRetryAttempts;

/** Name of the role that a rule sends with. */
export const roleOf = (rule: string): string => roleNameOf(rule, "-target");

/** Scheduler may take the role for schedules of this group and account only. */
export const trustOf = (groupArn: string, account: string): PolicyDocument =>
  trustIn("scheduler.amazonaws.com", groupArn, account);

/** What bounds the role, as a line. */
export const boundedBy = (boundary: string | undefined): readonly string[] =>
  boundary === undefined ? [] : [`within ${boundary}`];

/** The same for the rules on a bus, whichever of ours. */
export const busTrustOf = (rulesArn: string, account: string): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "aws:SourceAccount": account }, ArnLike: { "aws:SourceArn": rulesArn } },
    },
  ],
});

/** A state machine of Step Functions, none of its versions and aliases. */
const STATE_MACHINE = /^arn:[^:*?]+:states:[^:*?]+:[0-9]{12}:stateMachine:[^:*?]+$/;

/** What the message needs at the target. */
function targetRights({ target, targetIs: { kind, encryptionKey } }: EventRuleWant): readonly Right[] {
  if (kind !== "Workflow") return rightsOf([{ kind, id: target.id, access: "Produce", encryptionKey }]);
  if (STATE_MACHINE.test(target.id)) return [{ action: "states:StartExecution", resource: target.id, when: [] }];
  throw new ProviderError(
    "invalid",
    `target.workflowRef: "${target.id}" is not the ARN of a state machine on AWS: arn:aws:states:REGION:ACCOUNT:stateMachine:NAME is expected`,
    { code: "InvalidArn" },
  );
}

/** What the role may do: send to the target, or start it, and send to the queue of what could not be delivered. */
export function sendPolicy(want: EventRuleWant): PolicyDocument {
  const spare = want.overrides.deadLetterQueueArn;
  return documentOf([
    ...targetRights(want),
    ...(typeof spare === "string"
      ? rightsOf([{ kind: "Queue", id: spare, access: "Produce", encryptionKey: null }])
      : []),
  ]);
}

export function fitEventRule(aws: Pick<Aws, "arn" | "place">, groupArn: string, want: EventRuleWant) {
  const cron = checkRule(want);
  const expression = toExpression(cron);
  if (expression.length > EXPRESSION_LENGTH)
    throw new ProviderError(
      "invalid",
      `schedule.cron: as ${expression.length} characters of EventBridge Scheduler it is too long, ${EXPRESSION_LENGTH} are taken. Write it as two rules.`,
      { code: "CronTooLong" },
    );
  const used = checkOverrides(want.overrides, [
    "flexibleWindow",
    "maximumEventAge",
    "maximumRetryAttempts",
    "deadLetterQueueArn",
  ]);
  const targetIs = { ...want.targetIs, encryptionKey: keyArn(aws, want.targetIs.encryptionKey) };
  const fitted = { ...want, targetIs, overrides: overridesOf(want.overrides) };
  const via = [
    ...linesOf(trustOf(groupArn, aws.place.account)),
    ...linesOf(sendPolicy(fitted)),
    ...boundedBy(aws.place.permissionsBoundary),
  ].sort();
  return {
    want: { ...fitted, target: { id: want.target.id, via } },
    deviations: used,
  } satisfies Fitted<EventRuleWant>;
}

/** The overrides in their one form: absent where they say what Scheduler does anyway. */
function overridesOf(given: EventRuleWant["overrides"]): EventRuleWant["overrides"] {
  const seconds = (value: Neutral, usual: number) => (typeof value === "string" ? durationSeconds(value) : usual);
  const window = Math.ceil(seconds(given.flexibleWindow, 0) / MINUTE) * MINUTE;
  const age = seconds(given.maximumEventAge, DAY);
  const attempts = given.maximumRetryAttempts ?? ATTEMPTS.aws.max;
  return {
    ...(window > 0 && { flexibleWindow: durationText(window) }),
    ...(age !== DAY && { maximumEventAge: durationText(age) }),
    ...(attempts !== ATTEMPTS.aws.max && { maximumRetryAttempts: attempts }),
    ...(given.deadLetterQueueArn !== undefined && { deadLetterQueueArn: given.deadLetterQueueArn }),
  };
}

/** All that the schedule of `want` is. `found`: what stands there, of which what isn't ours to say is kept. */
export function toSchedule(want: EventRuleWant, roleArn: string, found?: Schedule): ScheduleInput {
  const cron = checkRule(want);
  const { flexibleWindow, maximumEventAge, maximumRetryAttempts, deadLetterQueueArn } = want.overrides;
  return {
    ScheduleExpression: toExpression(cron),
    ScheduleExpressionTimezone: want.schedule?.timezone,
    Description: withMarks(found?.Description ?? "", want.tags, DESCRIPTION_LENGTH),
    State: want.suspended ? "DISABLED" : "ENABLED",
    Target: {
      Arn: want.target.id,
      RoleArn: roleArn,
      Input: want.input,
      RetryPolicy: {
        MaximumEventAgeInSeconds: typeof maximumEventAge === "string" ? durationSeconds(maximumEventAge) : DAY,
        MaximumRetryAttempts: typeof maximumRetryAttempts === "number" ? maximumRetryAttempts : ATTEMPTS.aws.max,
      },
      ...(typeof deadLetterQueueArn === "string" && { DeadLetterConfig: { Arn: deadLetterQueueArn } }),
    },
    FlexibleTimeWindow:
      typeof flexibleWindow === "string"
        ? { Mode: "FLEXIBLE", MaximumWindowInMinutes: durationSeconds(flexibleWindow) / MINUTE }
        : { Mode: "OFF" },
    ActionAfterCompletion: "NONE",
    ...(found?.KmsKeyArn !== undefined && { KmsKeyArn: found.KmsKeyArn }),
  };
}

/** What stands there, to be written again with another description. */
export function withDescription(found: Schedule, marks: Tags): ScheduleInput {
  const {
    Arn: _arn,
    Name: _name,
    GroupName: _group,
    CreationDate: _made,
    LastModificationDate: _changed,
    ...rest
  } = found;
  const { $metadata: _metadata, ...schedule } = rest as typeof rest & { $metadata?: unknown };
  return {
    ...schedule,
    ScheduleExpression: found.ScheduleExpression ?? "",
    Target: found.Target,
    FlexibleTimeWindow: found.FlexibleTimeWindow,
    Description: withMarks(found.Description ?? "", marks, DESCRIPTION_LENGTH),
  };
}

/** The live values in the fields of Want. A schedule that is missing leaves out what only it could tell. */
export function actualOf(
  found: Schedule | undefined,
  role: Role | undefined,
  permissions: readonly string[],
  roleArn: string,
): Partial<EventRuleWant> {
  const sendsAs = found?.Target?.RoleArn;
  const other = sendsAs !== undefined && sendsAs !== roleArn ? [`sends as ${sendsAs}`] : [];
  return {
    schedule: found
      ? {
          cron: fromExpression(found.ScheduleExpression ?? ""),
          timezone: found.ScheduleExpressionTimezone ?? "UTC",
        }
      : null,
    pattern: null,
    target: {
      id: found?.Target?.Arn ?? "",
      via: [...(role?.trust ?? []), ...permissions, ...other, ...boundedBy(role?.boundary)].sort(),
    },
    tags: jointTags(found, role),
    ...(found && {
      input: found.Target?.Input ?? "",
      overrides: liveOverrides(found),
      ...(found.State === "ENABLED" || found.State === "DISABLED" ? { suspended: found.State === "DISABLED" } : {}),
    }),
  };
}

function liveOverrides(found: Schedule): EventRuleWant["overrides"] {
  const { RetryPolicy: retry, DeadLetterConfig: spare } = found.Target ?? {};
  const minutes = found.FlexibleTimeWindow?.Mode === "FLEXIBLE" ? found.FlexibleTimeWindow.MaximumWindowInMinutes : 0;
  return {
    ...overridesOf({
      flexibleWindow: durationText((minutes ?? 0) * MINUTE),
      maximumEventAge: durationText(retry?.MaximumEventAgeInSeconds ?? DAY),
      maximumRetryAttempts: retry?.MaximumRetryAttempts ?? ATTEMPTS.aws.max,
      ...(spare?.Arn !== undefined && { deadLetterQueueArn: spare.Arn }),
    }),
    // Never wanted: a schedule that begins late, ends or deletes itself is drift.
    ...(found.StartDate && { startDate: found.StartDate.toISOString() }),
    ...(found.EndDate && { endDate: found.EndDate.toISOString() }),
    ...(found.ActionAfterCompletion === "DELETE" && { afterCompletion: "DELETE" }),
  };
}

/** The role's tags, but where the marks of the schedule differ: that equals nothing that can be wanted. */
function jointTags(found: Schedule | undefined, role: Role | undefined): Record<string, string> {
  const marks = marksIn(found?.Description ?? "");
  if (!role) return marks;
  if (!found) return { ...role.tags };
  const keys = [...new Set([...Object.keys(role.tags), ...Object.keys(marks)])];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      isMark(key) && role.tags[key] !== marks[key]
        ? `role: ${role.tags[key] ?? "absent"}, schedule: ${marks[key] ?? "absent"}`
        : (role.tags[key] ?? ""),
    ]),
  );
}
