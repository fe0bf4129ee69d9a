import type { protos } from "@google-cloud/scheduler";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { marksIn } from "../../../operator/provider/owner-text.ts";
import { carries } from "../marks.ts";
import { type GcpUnderTest, REGION } from "./cloud.ts";
import { maskOf, unlessGone } from "./queue.ts";

type Job = protos.google.cloud.scheduler.v1.IJob;

/** The field of Want that each path of an update mask is. */
const FIELDS: Readonly<Record<string, string>> = {
  description: "tags",
  schedule: "schedule",
  time_zone: "schedule",
  pubsub_target: "target",
  http_target: "target",
  "pubsub_target.topic_name": "target",
  "pubsub_target.data": "input",
  "pubsub_target.attributes": "input",
  retry_config: "overrides",
};

/** EventRule on GCP, by Google's Cloud Scheduler client. */
export function eventRuleOnGcp({ eyes: { scheduler }, byOthers, place }: GcpUnderTest): KindOnCloud {
  const parent = `projects/${place.account}/locations/${REGION}`;
  const nameOf = ({ name }: Subject) => `${parent}/jobs/${name}`;
  const change = (job: Job, paths: string[]) => async (subject: Subject) => {
    await byOthers(() => scheduler.updateJob({ job: { ...job, name: nameOf(subject) }, updateMask: { paths } }));
  };

  return {
    makes: ["CreateJob"],
    unmakes: ["DeleteJob"],
    touches: ({ operation, request }) =>
      operation === "PauseJob" || operation === "ResumeJob"
        ? ["suspended"]
        : maskOf(request).map((path) => FIELDS[path] ?? path),
    async list({ object }) {
      const [jobs] = await scheduler.listJobs({ parent });
      return jobs
        .filter(({ description }) => carries(ownerOf(marksIn(description ?? "")), object))
        .map(({ name }) => ({ id: name ?? "" }));
    },
    async snapshot(subject) {
      const [job] = (await unlessGone(scheduler.getJob({ name: nameOf(subject) }))) ?? [];
      if (!job) return undefined;
      const { scheduleTime: _next, userUpdateTime: _when, ...rest } = job;
      return rest;
    },
    tamper: {
      schedule: change({ schedule: "*/5 * * * *" }, ["schedule"]),
      target: change({ pubsubTarget: { topicName: `projects/${place.account}/topics/theirs` } }, [
        "pubsub_target.topic_name",
      ]),
      input: change({ pubsubTarget: { data: Buffer.from("{}") } }, ["pubsub_target.data"]),
      overrides: change({ retryConfig: { retryCount: 1 } }, ["retry_config.retry_count"]),
      suspended: async (subject) => {
        await byOthers(() => scheduler.pauseJob({ name: nameOf(subject) }));
      },
    },
    async createForeign(subject) {
      const job: Job = {
        name: nameOf(subject),
        description: "theirs",
        schedule: "0 6 * * 1-5",
        timeZone: "Europe/Berlin",
        pubsubTarget: {
          topicName: `projects/${place.account}/topics/theirs`,
          data: Buffer.from('{"report":"daily"}'),
        },
      };
      await byOthers(() => scheduler.createJob({ parent, job }));
    },
    async remove(subject) {
      await byOthers(() => unlessGone(scheduler.deleteJob({ name: nameOf(subject) })));
    },
  };
}
