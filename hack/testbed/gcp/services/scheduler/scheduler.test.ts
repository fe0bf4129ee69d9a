import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const parent = `${PROJECT}/locations/europe-west1`;
const name = `${parent}/jobs/daily`;
const job = {
  name,
  schedule: "0 6 * * 1-5",
  timeZone: "Europe/Berlin",
  pubsubTarget: { topicName: `${PROJECT}/topics/reports`, data: Buffer.from("{}") },
};
const state = async () => (await cloud.scheduler.getJob({ name }))[0].state;

describe("a job", () => {
  test("has Google's defaults and the time when it runs next", async () => {
    await cloud.scheduler.createJob({ parent, job });
    const [made] = await cloud.scheduler.getJob({ name });
    expect(made).toMatchObject({ ...job, state: "ENABLED", retryConfig: { retryCount: 0, maxDoublings: 5 } });
    const seconds = (time: { seconds?: unknown } | null | undefined) => Number(time?.seconds);
    expect(seconds(made.retryConfig?.minBackoffDuration)).toBe(5);
    expect(seconds(made.retryConfig?.maxBackoffDuration)).toBe(3600);
    const next = new Date(seconds(made.scheduleTime) * 1000);
    expect(next.getTime()).toBeGreaterThan(Date.now());
    expect(
      new Intl.DateTimeFormat("en", { timeZone: "Europe/Berlin", hour: "numeric", hourCycle: "h23" }).format(next),
    ).toBe("06");
    expect(await refusal(cloud.scheduler.createJob({ parent, job }))).toMatchObject({ code: "ALREADY_EXISTS" });
    expect((await cloud.scheduler.listJobs({ parent }))[0].map((one) => one.name)).toEqual([name]);
  });

  test.each([
    ["no target", { pubsubTarget: null }, /target is required/],
    ["no schedule", { schedule: "" }, /Schedule or time zone is invalid/],
    ["six fields", { schedule: "0 0 6 * * 1" }, /Schedule or time zone is invalid/],
    ["a 61st minute", { schedule: "60 * * * *" }, /Schedule or time zone is invalid/],
    ["no such time zone", { timeZone: "Europe/Nowhere" }, /time_zone is invalid/],
    [
      "a topic of another project",
      { pubsubTarget: { ...job.pubsubTarget, topicName: "projects/x/topics/t" } },
      /a topic of the job's project/,
    ],
    ["an empty message", { pubsubTarget: { topicName: job.pubsubTarget.topicName } }, /needs data or an attribute/],
    ["six retries", { retryConfig: { retryCount: 6 } }, /between 0 and 5/],
    ["a long description", { description: "d".repeat(501) }, /at most 500/],
    ["another parent", { name: `${PROJECT}/locations/us-east1/jobs/daily` }, /is not in the parent/],
    ["an id with a dot", { name: `${parent}/jobs/a.b` }, /is no job id/],
    [
      "too much to say",
      { pubsubTarget: { ...job.pubsubTarget, data: Buffer.alloc(1_000_001, "x") } },
      /larger than 1 MB/,
    ],
  ])("with %s is refused", async (_what, change, message) => {
    const refused = await refusal(cloud.scheduler.createJob({ parent, job: { ...job, ...change } }));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("is paused when it is enabled, resumed when it is paused, and stays paused when it is changed", async () => {
    await cloud.scheduler.createJob({ parent, job });
    expect(await refusal(cloud.scheduler.resumeJob({ name }))).toMatchObject({ code: "FAILED_PRECONDITION" });
    await cloud.scheduler.pauseJob({ name });
    expect(await refusal(cloud.scheduler.pauseJob({ name }))).toMatchObject({ code: "FAILED_PRECONDITION" });
    await cloud.scheduler.updateJob({ job: { name, schedule: "5 6 * * *" }, updateMask: { paths: ["schedule"] } });
    expect(await state()).toBe("PAUSED");
    await cloud.scheduler.resumeJob({ name });
    expect(await state()).toBe("ENABLED");
  });

  test("whose update fails is in a state of its own until one succeeds", async () => {
    await cloud.scheduler.createJob({ parent, job });
    const update = () =>
      cloud.scheduler.updateJob({ job: { name, schedule: "5 6 * * *" }, updateMask: { paths: ["schedule"] } });
    cloud.gcp.control.faults.add({ method: "UpdateJob", times: 1, failOperation: { code: "INTERNAL" } });
    expect(await refusal(update())).toMatchObject({ code: "INTERNAL" });
    expect((await cloud.scheduler.getJob({ name }))[0]).toMatchObject({
      state: "UPDATE_FAILED",
      schedule: "0 6 * * 1-5",
    });
    await update();
    expect((await cloud.scheduler.getJob({ name }))[0]).toMatchObject({ state: "ENABLED", schedule: "5 6 * * *" });
  });
});
