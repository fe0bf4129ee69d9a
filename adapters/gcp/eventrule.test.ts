import { describe, expect, it } from "vitest";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import { actualRule, fitEventRule, maskOf, toJob } from "./eventrule-shape.ts";
import { starterOf } from "./workflow-start.ts";

const JOB = "projects/p/locations/europe-west1/jobs/daily";
const marks = ownerTags({ environment: "e", cluster: "c", namespace: "n", kind: "EventRule", name: "daily", uid: "u" });
const WORKFLOW = "projects/p/locations/europe-west1/workflows/daily";
const STARTER = "onyx-workflow-starter@p.iam.gserviceaccount.com";
const starting = {
  target: { id: WORKFLOW, via: [] },
  targetIs: { kind: "Workflow", ordered: false, encryptionKey: null },
} as const;
const MASK_OF_START = [
  "description",
  "http_target.headers",
  "http_target.http_method",
  "http_target.oauth_token",
  "http_target.uri",
];
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
    expect(actualRule({ ...job, pubsubTarget: null, httpTarget: {} }).target?.id).toBe(
      "no Pub/Sub topic and no workflow",
    );
  });

  it("that starts a workflow calls Workflows, as the account that is there for it", () => {
    const { want } = fitted(starting);
    expect(want.target).toEqual({ id: WORKFLOW, via: [`starts as ${STARTER}`] });
    const job = toJob(JOB, want, "");
    expect(job.pubsubTarget).toBeUndefined();
    expect(job.httpTarget).toEqual({
      uri: `https://workflowexecutions.googleapis.com/v1/${WORKFLOW}/executions`,
      httpMethod: "POST",
      headers: { "Content-Type": "application/json" },
      body: Buffer.from('{"argument":"{\\"report\\":\\"täglich\\"}"}'),
      oauthToken: { serviceAccountEmail: STARTER, scope: "https://www.googleapis.com/auth/cloud-platform" },
    });
  });

  it.each([
    ["nothing of note", {}, {}],
    ["Google's own header", { headers: { "content-type": "application/json", "User-Agent": "x" }, httpMethod: 1 }, {}],
    ["another account", { oauthToken: { serviceAccountEmail: "theirs" } }, { via: ["starts as theirs"] }],
    ["no account", { oauthToken: null }, { via: ["starts as nobody"] }],
    ["another method", { httpMethod: "PUT" }, { via: ["by PUT", `starts as ${STARTER}`] }],
    ["no type", { headers: {} }, { via: ["as data of no type", `starts as ${STARTER}`] }],
    [
      "another scope",
      { oauthToken: { serviceAccountEmail: STARTER, scope: "s" } },
      { via: ["in the scope s", `starts as ${STARTER}`] },
    ],
    [
      "more in the body",
      { body: Buffer.from('{"argument":"1","x":2}') },
      { input: 'not an argument alone: {"argument":"1","x":2}' },
    ],
    ["a body that is no JSON", { body: Buffer.from("{") }, { input: "not an argument alone: {" }],
    ["another address", { uri: "https://example.com" }, { id: "no Pub/Sub topic and no workflow", via: [] }],
  ] as const)("that starts a workflow with %s reads back as what it is", (_what, change, seen) => {
    const { want } = fitted(starting);
    const job = toJob(JOB, want, "");
    const { target, input } = actualRule({ ...job, httpTarget: { ...job.httpTarget, ...change } as object });
    const { input: body = input, ...differs } = { ...seen } as { input?: string };
    expect({ target, input }).toEqual({ target: { ...want.target, ...differs }, input: body });
  });

  it.each([
    ["its input", {}, starting, ["input"], ["http_target.body"]],
    ["who starts it", {}, starting, ["target", "tags"], MASK_OF_START],
    ["a workflow instead of a topic", "topic", starting, ["target"], ["http_target"]],
    ["a topic instead of a workflow", {}, {}, ["target", "suspended"], ["pubsub_target"]],
    ["another topic", "topic", {}, ["target"], ["pubsub_target.topic_name"]],
  ] as const)("is changed in %s by naming just that", (_what, live, over, changed, mask) => {
    const job = toJob(JOB, fitted(live === "topic" ? {} : starting).want, "");
    expect(maskOf(job, fitted(over).want, new Set(changed))).toEqual(mask);
  });

  it("of a domain's project starts as an account of that project", () =>
    expect(starterOf("example.com:p")).toBe("onyx-workflow-starter@p.example.com.iam.gserviceaccount.com"));

  it.each([
    [{ ...starting, target: { id: "arn:aws:states:eu-west-1:1:stateMachine:x", via: [] } }, /no id of a workflow/],
    [{ ...starting, input: JSON.stringify("é".repeat(16_400)) }, /input: it has 32802 bytes, and 32768 are taken/],
    [{ target: { id: "projects/other/subscriptions/jobs", via: [] } }, /in another project/],
    [{ target: { id: "jobs", via: [] } }, /"jobs" is no id of a topic/],
    [{ overrides: { attemptDeadline: "30s" } }, /overrides\.gcp\.attemptDeadline: there is no such setting/],
    [{ input: "{" }, /input: it is no JSON/],
    [{ schedule: { cron: "61 * * * *", timezone: "UTC" } }, /schedule\.cron: .*five fields/],
  ])("%j is refused before any call", (over, message) => expect(() => fitted(over)).toThrow(message));
});
