/** An EventRule with a pattern as EventBridge has it: canonical forms both ways. Pure. */
import type { Target } from "@aws-sdk/client-eventbridge";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { limits } from "../../crds/limits.ts";
import { isMark } from "../../operator/provider/owner.ts";
import type { Fitted } from "../../operator/provider/provider.ts";
import { readEventPattern } from "../event-pattern.ts";
import { checkPattern } from "../rule-check.ts";
import type { Aws } from "./clients.ts";
import { boundedBy, sendPolicy } from "./eventrule-shape.ts";
import type { BusRule } from "./events.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import { linesOf, type PolicyDocument } from "./policy.ts";
import type { Role } from "./role.ts";

/** Id of the one target that is ours. */
const OURS = "onyx";
/** The data of the CloudEvent that stands in an event's detail. */
const DATA = "$.detail.data";
const DAY = 86_400;
const ATTEMPTS = limits.eventrule.maximumRetryAttempts.aws.max;

/** @throws ProviderError invalid */
export function fitBusRule(aws: Pick<Aws, "arn" | "place">, trust: PolicyDocument, want: EventRuleWant) {
  const pattern = checkPattern(want);
  const deviations = checkOverrides(want.overrides, ["maximumEventAge", "maximumRetryAttempts"]);
  const targetIs = { ...want.targetIs, encryptionKey: keyArn(aws, want.targetIs.encryptionKey) };
  const fitted = { ...want, targetIs, overrides: overridesOf(retryOf(want)) };
  const via = [...linesOf(trust), ...linesOf(sendPolicy(fitted)), ...boundedBy(aws.place.permissionsBoundary)].sort();
  return {
    want: { ...fitted, pattern: pattern.map((match) => ({ ...match })), target: { id: want.target.id, via } },
    deviations,
  } satisfies Fitted<EventRuleWant>;
}

interface Retry {
  readonly MaximumEventAgeInSeconds: number;
  readonly MaximumRetryAttempts: number;
}

const retryOf = ({
  overrides: { maximumEventAge, maximumRetryAttempts },
}: Pick<EventRuleWant, "overrides">): Retry => ({
  MaximumRetryAttempts: typeof maximumRetryAttempts === "number" ? maximumRetryAttempts : ATTEMPTS,
  MaximumEventAgeInSeconds: typeof maximumEventAge === "string" ? durationSeconds(maximumEventAge) : DAY,
});

/** The overrides in their one form: absent where they say what EventBridge does anyway. */
const overridesOf = (retry: Retry): EventRuleWant["overrides"] => ({
  ...(retry.MaximumEventAgeInSeconds !== DAY && { maximumEventAge: durationText(retry.MaximumEventAgeInSeconds) }),
  ...(retry.MaximumRetryAttempts !== ATTEMPTS && { maximumRetryAttempts: retry.MaximumRetryAttempts }),
});

/** The target that `want` asks for. Everything explicit: the cloud's defaults are not ours. */
export const toTarget = (want: EventRuleWant, roleArn: string): Target => ({
  Id: OURS,
  Arn: want.target.id,
  RoleArn: roleArn,
  InputPath: DATA,
  RetryPolicy: { ...retryOf(want) },
});

/** Ids of targets that aren't ours. */
export const foreignTargets = (found: BusRule | undefined): string[] =>
  (found?.targets ?? []).flatMap(({ Id }) => (Id === undefined || Id === OURS ? [] : [Id]));

/** The live values in the fields of Want. A rule that is missing leaves out what only it could tell. */
export function actualBusRule(
  found: BusRule | undefined,
  role: Role | undefined,
  permissions: readonly string[],
  roleArn: string,
): Partial<EventRuleWant> {
  const target = found?.targets.find(({ Id }) => Id === OURS);
  const via = [
    ...(role?.trust ?? []),
    ...permissions,
    ...boundedBy(role?.boundary),
    ...(target && target.RoleArn !== roleArn ? [`sends as ${target.RoleArn ?? "nobody"}`] : []),
    ...(found?.targets ?? []).filter(({ Id }) => Id !== OURS).map(({ Arn }) => `also sends to ${Arn}`),
  ];
  return {
    schedule: found?.schedule === undefined ? null : { cron: found.schedule, timezone: "UTC" },
    pattern: found ? patternOf(found) : null,
    target: { id: target?.Arn ?? "", via: via.sort() },
    tags: jointTags(found, role),
    input: "{}",
    ...(found && { suspended: !found.enabled, overrides: liveOverrides(target) }),
  };
}

function patternOf({ pattern }: BusRule): EventRuleWant["pattern"] {
  if (pattern === undefined) return null;
  return readEventPattern(pattern)?.map((match) => ({ ...match })) ?? pattern;
}

function liveOverrides(target: Target | undefined): EventRuleWant["overrides"] {
  if (!target) return {};
  const { RetryPolicy: retry, DeadLetterConfig: spare, InputPath, Input, InputTransformer } = target;
  return {
    ...overridesOf({
      MaximumEventAgeInSeconds: retry?.MaximumEventAgeInSeconds ?? DAY,
      MaximumRetryAttempts: retry?.MaximumRetryAttempts ?? ATTEMPTS,
    }),
    // Never wanted: another message than the event's data, and a queue that spec can't name, are drift.
    ...(spare?.Arn !== undefined && { deadLetterQueueArn: spare.Arn }),
    ...(InputPath !== DATA && { message: InputTransformer?.InputTemplate ?? Input ?? InputPath ?? "the whole event" }),
  };
}

/** The rule's tags, but where the marks of its role differ: that equals nothing that can be wanted. */
function jointTags(found: BusRule | undefined, role: Role | undefined): Record<string, string> {
  if (!found || !role) return { ...(found ?? role)?.tags };
  const keys = [...new Set([...Object.keys(found.tags), ...Object.keys(role.tags)])];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      isMark(key) && role.tags[key] !== found.tags[key]
        ? `role: ${role.tags[key] ?? "absent"}, rule: ${found.tags[key] ?? "absent"}`
        : (found.tags[key] ?? role.tags[key] ?? ""),
    ]),
  );
}
