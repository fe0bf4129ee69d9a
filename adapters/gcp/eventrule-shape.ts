/** An EventRule as Cloud Scheduler has it: canonical forms both ways. Pure. */
import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { canonicalCron } from "../../crds/cron.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { isMark } from "../../operator/provider/owner.ts";
import { marksIn, withMarks } from "../../operator/provider/owner-text.ts";
import type { Deviation, Fitted, Neutral } from "../../operator/provider/provider.ts";
import { checkRule } from "../rule-check.ts";
import { projectOf, targetTopic } from "./names.ts";
import type { Job } from "./scheduler.ts";
import {
  checkedWorkflow,
  inputIn,
  JSON_TYPE,
  SCOPE,
  startBody,
  starterOf,
  startsAs,
  startUri,
  workflowAt,
} from "./workflow-start.ts";

const DESCRIPTION_LENGTH = 500;
/** Id of a target that spec can't ask for. */
export const NO_TARGET = "no Pub/Sub topic and no workflow";

/** Settings of retries: Google tries once when nothing is said, which would lose a message with the first hiccup. */
const RETRY = {
  retryCount: limits.eventrule.retryCount.portable.default,
  maxRetryDuration: 0,
  minBackoff: 5,
  maxBackoff: 3600,
  maxDoublings: 5,
} as const;
type Retry = { readonly [Setting in keyof typeof RETRY]: number };
const SETTINGS = Object.keys(RETRY) as (keyof Retry)[];
const isTime = (setting: keyof Retry) => setting !== "retryCount" && setting !== "maxDoublings";

/** What Cloud Scheduler makes of a wish. @throws ProviderError invalid */
export function fitEventRule(project: string, want: EventRuleWant): Fitted<EventRuleWant> {
  checkRule(want);
  const target = fitTarget(project, want, "Cloud Scheduler");
  const used = Object.keys(want.overrides).filter((field) => want.overrides[field] !== undefined);
  const unknown = used.find((field) => !(SETTINGS as readonly string[]).includes(field));
  if (unknown !== undefined)
    throw new ProviderError(
      "invalid",
      `overrides.gcp.${unknown}: there is no such setting; there are ${SETTINGS.join(", ")}`,
      { code: "UnknownOverride" },
    );
  return {
    want: {
      ...want,
      target,
      overrides: overridesOf(retryOf(want.overrides)),
      // A job takes no labels: of the tags only our marks find a place, in its description.
      tags: Object.fromEntries(Object.entries(want.tags).filter(([key]) => isMark(key))),
    },
    deviations: used.map(
      (field): Deviation => ({
        field: `overrides.gcp.${field}`,
        kind: "CloudSpecific",
        message: "AWS has retries of another kind, under overrides.aws.",
      }),
    ),
  };
}

/** The topic of the target, or the workflow and who starts it. @throws ProviderError invalid */
export function fitTarget(
  project: string,
  { target, targetIs }: EventRuleWant,
  sender: string,
): EventRuleWant["target"] {
  if (targetIs.kind === "Workflow") return { id: checkedWorkflow(target.id), via: [startsAs(starterOf(project))] };
  const topic = targetTopic(target.id);
  if (topic.startsWith(`projects/${project}/`)) return { id: topic, via: [] };
  throw new ProviderError(
    "invalid",
    `target: ${topic} is in another project; ${sender} publishes to topics of its own project only`,
    { code: "ForeignProject" },
  );
}

/** All settings of retries in seconds and counts, from overrides as spec or `overridesOf` has them. */
function retryOf(overrides: EventRuleWant["overrides"]): Retry {
  const read = (setting: keyof Retry, value: Neutral): number =>
    typeof value === "string" ? durationSeconds(value) : typeof value === "number" ? value : RETRY[setting];
  return Object.fromEntries(SETTINGS.map((one) => [one, read(one, overrides[one])])) as Retry;
}

/** Overrides in their one form: only what differs from what we set anyway. */
const overridesOf = (retry: Retry): EventRuleWant["overrides"] =>
  Object.fromEntries(
    SETTINGS.filter((one) => retry[one] !== RETRY[one]).map((one) => [
      one,
      isTime(one) ? durationText(retry[one]) : retry[one],
    ]),
  );

type Masks = Partial<Record<keyof EventRuleWant, readonly string[]>>;

/** Whether it is suspended has calls of its own. */
const MASKS: Masks = { tags: ["description"], schedule: ["schedule", "time_zone"], overrides: ["retry_config"] };
const TOPIC_MASKS: Masks = {
  target: ["pubsub_target.topic_name"],
  input: ["pubsub_target.data", "pubsub_target.attributes"],
};
const WORKFLOW_MASKS: Masks = {
  target: ["http_target.uri", "http_target.http_method", "http_target.headers", "http_target.oauth_token"],
  input: ["http_target.body"],
};

/** Paths of the update mask for what changed, sorted. A target of another kind is sent as a whole. */
export function maskOf(job: Job, { targetIs }: EventRuleWant, changed: ReadonlySet<keyof EventRuleWant & string>) {
  const starts = targetIs.kind === "Workflow";
  const whole = starts ? !job.httpTarget && "http_target" : !job.pubsubTarget && "pubsub_target";
  const masks = { ...MASKS, ...(whole ? { target: [whole] } : starts ? WORKFLOW_MASKS : TOPIC_MASKS) };
  return [...changed].flatMap((field) => masks[field as keyof Masks] ?? []).sort();
}

/** The job that `want` asks for. Everything explicit: the cloud's defaults are not ours. */
export function toJob(name: string, want: EventRuleWant, description: string): Job {
  const retry = retryOf(want.overrides);
  return {
    name,
    description: withMarks(description, want.tags, DESCRIPTION_LENGTH),
    schedule: want.schedule?.cron ?? "",
    timeZone: want.schedule?.timezone ?? "",
    ...targetOf(projectOf(name), want),
    retryConfig: {
      retryCount: retry.retryCount,
      maxRetryDuration: { seconds: retry.maxRetryDuration },
      minBackoffDuration: { seconds: retry.minBackoff },
      maxBackoffDuration: { seconds: retry.maxBackoff },
      maxDoublings: retry.maxDoublings,
    },
  };
}

function targetOf(project: string, { target, targetIs, input }: EventRuleWant): Job {
  if (targetIs.kind !== "Workflow")
    return { pubsubTarget: { topicName: targetTopic(target.id), data: Buffer.from(input) } };
  return {
    httpTarget: {
      uri: startUri(target.id),
      httpMethod: "POST",
      headers: JSON_TYPE,
      body: Buffer.from(startBody(input)),
      oauthToken: { serviceAccountEmail: starterOf(project), scope: SCOPE },
    },
  };
}

/** The job's description with other marks of ours. */
export const described = (job: Job, marks: EventRuleWant["tags"]): string =>
  withMarks(job.description ?? "", marks, DESCRIPTION_LENGTH);

/**
 * The state of a job whose last update failed: Google asks to send it again until it succeeds. It has no schedule in
 * force that could be relied on, so none is told, and the difference sends it again.
 */
const UPDATE_FAILED = "UPDATE_FAILED";

/** The live values in the fields of Want. */
export function actualRule(job: Job): Partial<EventRuleWant> {
  const { pubsubTarget } = job;
  const state = stateOf(job);
  return {
    schedule:
      state === UPDATE_FAILED ? null : { cron: canonicalCron(job.schedule ?? ""), timezone: job.timeZone || "UTC" },
    pattern: null,
    ...liveTarget(job),
    overrides: {
      ...overridesOf(liveRetry(job)),
      // Never wanted: attributes would tell consumers what the other cloud doesn't.
      ...(Object.keys(pubsubTarget?.attributes ?? {}).length > 0 && { attributes: { ...pubsubTarget?.attributes } }),
    },
    tags: marksIn(job.description ?? ""),
    ...(state === "ENABLED" || state === "PAUSED" ? { suspended: state === "PAUSED" } : {}),
  };
}

function liveTarget({ pubsubTarget, httpTarget }: Job): Pick<EventRuleWant, "target" | "input"> {
  const workflow = workflowAt(httpTarget?.uri ?? "");
  const body = dataOf((pubsubTarget?.data ?? httpTarget?.body) as Uint8Array | string | undefined);
  if (!httpTarget || workflow === undefined)
    return { target: { id: pubsubTarget ? (pubsubTarget.topicName ?? "") : NO_TARGET, via: [] }, input: body };
  const { httpMethod, headers, oauthToken } = httpTarget;
  const posts = httpMethod === "POST" || httpMethod === 1 || !httpMethod;
  const type = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const via = [
    startsAs(oauthToken?.serviceAccountEmail),
    ...(posts ? [] : [`by ${String(httpMethod)}`]),
    ...(type === JSON_TYPE["Content-Type"] ? [] : [`as ${type ?? "data of no type"}`]),
    ...(!oauthToken?.scope || oauthToken.scope === SCOPE ? [] : [`in the scope ${oauthToken.scope}`]),
  ];
  return { target: { id: workflow, via: via.sort() }, input: inputIn(body) };
}

/** The state's name: clients give names or numbers. */
export function stateOf({ state }: Job): string {
  const names = ["STATE_UNSPECIFIED", "ENABLED", "PAUSED", "DISABLED", UPDATE_FAILED];
  return typeof state === "number" ? (names[state] ?? String(state)) : String(state ?? names[0]);
}

/** What is wrong with a job that nothing of ours can put right, for people. */
export const brokenBy = (job: Job): string | undefined =>
  stateOf(job) === "DISABLED"
    ? `Cloud Scheduler has disabled ${job.name} because of an error${job.status?.message ? `: ${job.status.message}` : ""}. Resume it there once the cause is gone.`
    : undefined;

function liveRetry({ retryConfig }: Job): Retry {
  const seconds = (time: { seconds?: unknown } | null | undefined) => Number(time?.seconds ?? 0);
  return {
    retryCount: retryConfig?.retryCount ?? 0,
    maxRetryDuration: seconds(retryConfig?.maxRetryDuration),
    minBackoff: seconds(retryConfig?.minBackoffDuration),
    maxBackoff: seconds(retryConfig?.maxBackoffDuration),
    maxDoublings: retryConfig?.maxDoublings ?? 0,
  };
}

const dataOf = (data: Uint8Array | string | null | undefined): string =>
  typeof data === "string" ? Buffer.from(data, "base64").toString("utf8") : Buffer.from(data ?? []).toString("utf8");

export const outputsOf = (id: string, region: string): EventRuleOutputs => ({ RULE_ID: id, REGION: region });
