/** Jobs of Cloud Scheduler: comments of google/cloud/scheduler/v1/*.proto, https://cloud.google.com/scheduler/quotas. */
import { invalid, unimplemented } from "../../engine/errors.ts";
import { child, duration, type Message, text, timestamp } from "../../engine/messages.ts";
import { parentName, shortName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { World } from "../../engine/world.ts";
import { checkAccount, checkUri } from "../workflows/http-call.ts";
import { nextTime, readUnixCron, wallClock } from "./unix-cron.ts";

export const JOB = "cloudscheduler.googleapis.com/Job";

const ID = /^[A-Za-z0-9_-]{1,500}$/;
const MAXIMUM_DESCRIPTION = 500;
const MAXIMUM_SIZE = 1_000_000;
const RETRIES = 5;

/** When a job runs next, as a field of it; nothing when it never does. */
export function scheduled(job: Message, after: number): Message {
  const { scheduleTime: _before, ...rest } = job;
  const cron = readUnixCron(text(job, "schedule"));
  const next = cron && nextTime(cron, text(job, "timeZone"), after);
  return next === undefined ? rest : { ...rest, scheduleTime: timestamp(next) };
}

/** Methods whose requests have a body. */
const WITH_BODY = ["POST", "PUT", "PATCH"];

function checkHttp(target: Message, world: World): void {
  const uri = text(target, "uri");
  if (!/^https?:\/\//.test(uri))
    throw invalid(`HttpTarget.uri "${uri}" must begin with http:// or https://.`, "job.http_target.uri");
  const method = text(target, "httpMethod") || "POST";
  if (target.body !== undefined && !WITH_BODY.includes(method))
    throw invalid(`A request by ${method} has no body.`, "job.http_target.body");
  if (((target.body as Buffer | undefined)?.length ?? 0) > MAXIMUM_SIZE)
    throw invalid("The job is larger than 1 MB.", "job.http_target.body");
  if (child(target, "oidcToken") || method !== "POST")
    throw unimplemented("The test bed's Cloud Scheduler calls by POST and with OAuth tokens only.");
  checkUri(uri, "Jobs");
  const token = child(target, "oauthToken");
  if (token) checkAccount(world, text(token, "serviceAccountEmail"));
}

function checkPubsub(job: Message, target: Message): void {
  const project = job.name ? text(job, "name").split("/")[1] : "";
  if (!new RegExp(`^projects/${project}/topics/[^/]+$`).test(text(target, "topicName")))
    throw invalid(
      `PubsubTarget.topic_name "${text(target, "topicName")}" must be projects/${project}/topics/TOPIC_ID: a topic of the job's project.`,
      "job.pubsub_target.topic_name",
    );
  if (target.data === undefined && target.attributes === undefined)
    throw invalid("A Pub/Sub message needs data or an attribute.", "job.pubsub_target.data");
  if (((target.data as Buffer | undefined)?.length ?? 0) > MAXIMUM_SIZE)
    throw invalid("The job is larger than 1 MB.", "job.pubsub_target.data");
}

function check(job: Message, world: World): void {
  if (child(job, "appEngineHttpTarget"))
    throw unimplemented("The test bed's Cloud Scheduler has no App Engine targets.");
  const [pubsub, http] = [child(job, "pubsubTarget"), child(job, "httpTarget")];
  if (pubsub) checkPubsub(job, pubsub);
  else if (http) checkHttp(http, world);
  else throw invalid("Job.target is required.", "job.target");
  if (text(job, "description").length > MAXIMUM_DESCRIPTION)
    throw invalid(`Job.description has at most ${MAXIMUM_DESCRIPTION} characters.`, "job.description");
  if (!isTimeZone(text(job, "timeZone"))) throw invalid("Job.time_zone is invalid.", "job.time_zone");
  if (readUnixCron(text(job, "schedule")) === undefined)
    throw invalid(`Schedule or time zone is invalid: "${text(job, "schedule")}".`, "job.schedule");
  const count = Number(child(job, "retryConfig")?.retryCount ?? 0);
  if (count < 0 || count > RETRIES)
    throw invalid(`RetryConfig.retry_count must be between 0 and ${RETRIES}.`, "job.retry_config.retry_count");
}

function isTimeZone(name: string): boolean {
  try {
    return wallClock(name) !== undefined;
  } catch {
    return false;
  }
}

/** Google's defaults of what a job leaves out. */
const filled = (job: Message): Message => ({
  ...job,
  timeZone: text(job, "timeZone") || "UTC",
  retryConfig: {
    maxRetryDuration: duration(0),
    minBackoffDuration: duration(5),
    maxBackoffDuration: duration(3600),
    maxDoublings: 5,
    ...child(job, "retryConfig"),
  },
});

export const jobs: Semantics = {
  id(input, { request }) {
    const name = text(input, "name");
    if (name !== "" && parentName(name) !== text(request, "parent"))
      throw invalid(`Job.name "${name}" is not in the parent "${text(request, "parent")}".`, "job.name");
    return name === "" ? crypto.randomUUID() : shortName(name);
  },
  checkName(name) {
    if (!ID.test(shortName(name)))
      throw invalid(`"${shortName(name)}" is no job id: letters, digits, - and _, at most 500.`, "job.name");
  },
  create(input, { world }) {
    const { clock } = world;
    const job = filled(input);
    check(job, world);
    return { ...scheduled(job, clock.now()), state: "ENABLED", userUpdateTime: timestamp(clock.now()) };
  },
  /** A job whose update fails is left in a state of its own, until an update succeeds. */
  update(before, after, _paths, { world, operationFailure }) {
    const { clock, store } = world;
    if (operationFailure) {
      store.put(JOB, text(before, "name"), { ...before, state: "UPDATE_FAILED" });
      throw operationFailure;
    }
    check(filled(after), world);
    const state = before.state === "PAUSED" ? "PAUSED" : "ENABLED";
    return { ...scheduled(filled(after), clock.now()), state, userUpdateTime: timestamp(clock.now()) };
  },
};
