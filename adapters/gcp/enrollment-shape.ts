/** An EventRule with a pattern as Eventarc Advanced has it: canonical forms both ways. Pure. */
import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { isMark } from "../../operator/provider/owner.ts";
import type { Fitted } from "../../operator/provider/provider.ts";
import { checkPattern } from "../rule-check.ts";
import { celMatch, readCelMatch } from "./cel-match.ts";
import type { Enrollment, Pipeline } from "./eventarc.ts";
import { ownTopic } from "./eventrule-shape.ts";
import type { Labels } from "./labels.ts";
import { targetTopic } from "./names.ts";

/**
 * As long as Google tries, which is 16 hours: its default is five times within some minutes, after which the event is lost.
 * EventBridge tries for 24 hours.
 */
const RETRY = { maxAttempts: 100, minRetryDelay: "5s", maxRetryDelay: "600s" } as const;

/** The two parts of a rule, as they stand. */
export interface Parts {
  readonly enrollment: Enrollment | undefined;
  readonly pipeline: Pipeline | undefined;
}

/** @throws ProviderError invalid */
export function fitEnrollment(project: string, want: EventRuleWant): Fitted<EventRuleWant> {
  const pattern = checkPattern(want);
  const used = Object.keys(want.overrides).find((field) => want.overrides[field] !== undefined);
  if (used !== undefined)
    throw new ProviderError("invalid", `overrides.gcp.${used}: a rule with a pattern has no settings of this cloud`, {
      code: "UnknownOverride",
    });
  return {
    want: {
      ...want,
      pattern: pattern.map((match) => ({ ...match })),
      target: { id: ownTopic(project, want, "an Eventarc pipeline"), via: [] },
    },
    deviations: [],
  };
}

export const toEnrollment = (
  name: string,
  bus: string,
  pipeline: string,
  want: EventRuleWant,
  labels: Labels,
): Enrollment => ({
  name,
  labels,
  celMatch: celMatch(checkPattern(want), want.suspended),
  messageBus: bus,
  destination: pipeline,
});

/**
 * Nothing transforms what comes: without a format of its input a pipeline hands on the data of the event as it was
 * published.
 */
export const toPipeline = (name: string, want: EventRuleWant, labels: Labels): Pipeline => ({
  name,
  labels,
  destinations: [{ topic: targetTopic(want.target.id) }],
  retryPolicy: RETRY,
});

/** Paths of the update mask of a pipeline. */
export const PIPELINE_MASK = {
  target: ["destinations"],
  overrides: ["retry_policy", "mediations", "input_payload_format"],
} as const;

/** The live values in the fields of Want. Parts that are missing leave out what only they could tell. */
export function actualEnrollment(
  { enrollment, pipeline }: Parts,
  names: { readonly bus: string; readonly pipeline: string },
  mayPublish: boolean,
): Partial<EventRuleWant> {
  const match = enrollment && readCelMatch(enrollment.celMatch ?? "");
  const elsewhere = [
    ...(enrollment && enrollment.messageBus !== names.bus ? [`on the bus ${enrollment.messageBus}`] : []),
    ...(enrollment && enrollment.destination !== names.pipeline ? [`through ${enrollment.destination}`] : []),
    ...(pipeline && !mayPublish ? ["may not publish to the topic"] : []),
  ];
  return {
    schedule: null,
    pattern: enrollment ? (match?.pattern.map((one) => ({ ...one })) ?? enrollment.celMatch ?? null) : null,
    target: { id: pipeline?.destinations?.[0]?.topic ?? "no Pub/Sub topic", via: elsewhere },
    input: "{}",
    tags: jointTags(enrollment, pipeline),
    ...(match && { suspended: match.suspended }),
    ...(pipeline && { overrides: liveOverrides(pipeline) }),
  };
}

/** Never wanted: fewer attempts, or another message than the event's data. */
function liveOverrides({ retryPolicy, mediations = [], inputPayloadFormat }: Pipeline): EventRuleWant["overrides"] {
  const { maxAttempts = 0, minRetryDelay = "", maxRetryDelay = "" } = retryPolicy ?? {};
  const same =
    maxAttempts === RETRY.maxAttempts && minRetryDelay === RETRY.minRetryDelay && maxRetryDelay === RETRY.maxRetryDelay;
  return {
    ...(!same && { retries: `${maxAttempts} attempts, ${minRetryDelay} to ${maxRetryDelay}` }),
    ...((mediations.length > 0 || inputPayloadFormat !== undefined) && { message: "transformed" }),
  };
}

/** The enrollment's labels, but where the marks of the pipeline differ: that equals nothing that can be wanted. */
function jointTags(enrollment: Enrollment | undefined, pipeline: Pipeline | undefined): Record<string, string> {
  const [ours, theirs] = [enrollment?.labels ?? {}, pipeline?.labels ?? {}];
  if (!enrollment || !pipeline) return { ...ours, ...theirs };
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      isMark(key) && ours[key] !== theirs[key]
        ? `enrollment: ${ours[key] ?? "absent"}, pipeline: ${theirs[key] ?? "absent"}`
        : (ours[key] ?? theirs[key] ?? ""),
    ]),
  );
}

export const outputsOf = (id: string, region: string): EventRuleOutputs => ({ RULE_ID: id, REGION: region });
