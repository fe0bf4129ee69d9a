/** An EventRule with a pattern as Eventarc Advanced has it: canonical forms both ways. Pure. */
import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { isMark } from "../../operator/provider/owner.ts";
import type { Fitted } from "../../operator/provider/provider.ts";
import { checkPattern } from "../rule-check.ts";
import { celMatch, readCelMatch } from "./cel-match.ts";
import type { Enrollment, Pipeline } from "./eventarc.ts";
import { fitTarget, NO_TARGET } from "./eventrule-shape.ts";
import type { Labels } from "./labels.ts";
import { projectOf, targetTopic } from "./names.ts";
import { SCOPE, starterOf, startsAs, startUri, workflowAt } from "./workflow-start.ts";

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
      target: fitTarget(project, want, "an Eventarc pipeline"),
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
  destinations: [destinationOf(projectOf(name), want)],
  retryPolicy: RETRY,
});

type Destination = NonNullable<Pipeline["destinations"]>[number];

/**
 * The call that starts a workflow, in CEL: `body` is the data as it was published. A destination of Eventarc's own for
 * workflows would hand over the whole event, in a form that Google doesn't tell and that can't be chosen.
 */
const BINDING = '{"headers": {"Content-Type": "application/json"}, "body": {"argument": string(body)}}';

function destinationOf(project: string, { target, targetIs }: EventRuleWant): Destination {
  if (targetIs.kind !== "Workflow") return { topic: targetTopic(target.id) };
  return {
    httpEndpoint: { uri: startUri(target.id), messageBindingTemplate: BINDING },
    authenticationConfig: { oauthToken: { serviceAccount: starterOf(project), scope: SCOPE } },
  };
}

/** What a pipeline sends to. A destination that spec can't ask for has an id that equals no wish. */
function liveTarget(pipeline: Pipeline | undefined): EventRuleWant["target"] {
  const { topic, httpEndpoint, authenticationConfig, workflow } = pipeline?.destinations?.[0] ?? {};
  const started = workflowAt(httpEndpoint?.uri ?? "");
  if (started === undefined)
    return workflow === undefined
      ? { id: topic ?? NO_TARGET, via: [] }
      : { id: workflow, via: ["with the whole event as its input"] };
  const { serviceAccount, scope } = authenticationConfig?.oauthToken ?? {};
  const via = [
    startsAs(serviceAccount),
    ...(httpEndpoint?.messageBindingTemplate === BINDING ? [] : ["with another input than the event's data"]),
    ...(!scope || scope === SCOPE ? [] : [`in the scope ${scope}`]),
  ];
  return { id: started, via };
}

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
  const { id, via } = liveTarget(pipeline);
  const match = enrollment && readCelMatch(enrollment.celMatch ?? "");
  const elsewhere = [
    ...(enrollment && enrollment.messageBus !== names.bus ? [`on the bus ${enrollment.messageBus}`] : []),
    ...(enrollment && enrollment.destination !== names.pipeline ? [`through ${enrollment.destination}`] : []),
    ...(pipeline && !mayPublish ? ["may not publish to the topic"] : []),
  ];
  return {
    schedule: null,
    pattern: enrollment ? (match?.pattern.map((one) => ({ ...one })) ?? enrollment.celMatch ?? null) : null,
    target: { id, via: [...via, ...elsewhere].sort() },
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
