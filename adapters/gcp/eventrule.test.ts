import { describe, expect, it } from "vitest";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import { actualRule, fitEventRule, toJob } from "./eventrule-shape.ts";

const JOB = "projects/p/locations/europe-west1/jobs/daily";
const marks = ownerTags({ environment: "e", cluster: "c", namespace: "n", kind: "EventRule", name: "daily", uid: "u" });
const fitted = (over: Partial<EventRuleWant> = {}) =>
  fitEventRule("p", {
    schedule: { cron: "0 6 * * 1-5", timezone: "Europe/Berlin" },
    pattern: null,
    target: { id: "projects/p/subscriptions/jobs", via: [] },
    targetIs: { kind: "Queue", ordered: false, encryptionKey: null },
    input: '{"report":"täglich"}',
    suspended: false,
    overrides: {},
    tags: { ...marks, team: "shop", old: null },
    ...over,
  });

describe("an EventRule as a job", () => {
  it("says everything, so that nothing is left to Google's defaults", () => {
    expect(toJob(JOB, fitted().want, "")).toEqual({
      name: JOB,
      description: expect.stringMatching(/^\[onyx onyx-environment=e .*\]$/),
      schedule: "0 6 * * 1-5",
      timeZone: "Europe/Berlin",
      pubsubTarget: { topicName: "projects/p/topics/jobs", data: Buffer.from('{"report":"täglich"}') },
      retryConfig: {
        retryCount: 5,
        maxRetryDuration: { seconds: 0 },
        minBackoffDuration: { seconds: 5 },
        maxBackoffDuration: { seconds: 3600 },
        maxDoublings: 5,
      },
    });
  });

  it.each([
    [{}],
    [{ overrides: { retryCount: 0, minBackoff: "10s", maxBackoff: "10m", maxDoublings: 0, maxRetryDuration: "1h" } }],
    [{ overrides: { retryCount: 5, maxBackoff: "60m" } }],
    [{ input: "null" }],
  ])("reads back as it was written: %j", (over) => {
    const { want } = fitted(over);
    const { targetIs: _is, ...rest } = want;
    expect(actualRule({ ...toJob(JOB, want, ""), state: "ENABLED" })).toEqual(rest);
    expect(actualRule({ ...toJob(JOB, want, "theirs"), state: 2 }).suspended).toBe(true);
  });

  it("publishes to the topic of a Queue, or to a Topic", () => {
    const topicOf = (id: string) => toJob(JOB, fitted({ target: { id, via: [] } }).want, "").pubsubTarget?.topicName;
    expect(topicOf("projects/p/subscriptions/jobs")).toBe("projects/p/topics/jobs");
    expect(topicOf("projects/p/topics/news-topic")).toBe("projects/p/topics/news-topic");
  });

  it("whose update failed tells no schedule, so that it is sent again", () => {
    expect(actualRule({ ...toJob(JOB, fitted().want, ""), state: "UPDATE_FAILED" }).schedule).toBeNull();
  });

  it("shows attributes and targets of others as drift", () => {
    const job = toJob(JOB, fitted().want, "");
    const attributes = { theirs: "x" };
    expect(actualRule({ ...job, pubsubTarget: { ...job.pubsubTarget, attributes } }).overrides).toEqual({ attributes });
    expect(actualRule({ ...job, pubsubTarget: null, httpTarget: {} }).target?.id).toBe("no Pub/Sub topic");
  });

  it.each([
    [{ target: { id: "projects/other/subscriptions/jobs", via: [] } }, /in another project/],
    [{ target: { id: "jobs", via: [] } }, /"jobs" is no id of a topic/],
    [{ overrides: { attemptDeadline: "30s" } }, /overrides\.gcp\.attemptDeadline: there is no such setting/],
    [{ input: "{" }, /input: it is no JSON/],
    [{ schedule: { cron: "61 * * * *", timezone: "UTC" } }, /schedule\.cron: .*five fields/],
  ])("%j is refused before any call", (over, message) => expect(() => fitted(over)).toThrow(message));
});
