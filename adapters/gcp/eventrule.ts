import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { ownerOf } from "../../operator/provider/owner.ts";
import { marksIn, withoutHolder } from "../../operator/provider/owner-text.ts";
import type { Call, Present, Provider } from "../../operator/provider/provider.ts";
import { eitherRule } from "../rule-either.ts";
import { enrollmentProvider } from "./enrollment.ts";
import { isAlreadyExists } from "./errors.ts";
import { actualRule, brokenBy, described, fitEventRule, maskOf, outputsOf, stateOf, toJob } from "./eventrule-shape.ts";
import type { Gcp } from "./gcp.ts";
import { jobName, shortName } from "./names.ts";
import { mayTake } from "./owner.ts";
import type { Job } from "./scheduler.ts";
import { asStarter } from "./workflow-start.ts";

type Seen = Present<EventRuleWant, EventRuleOutputs>;

/** EventRule on Google Cloud: a job of Cloud Scheduler, or an enrollment and its pipeline. */
export const eventRuleProvider = (
  gcp: Pick<Gcp, "place" | "scheduler" | "eventarc" | "pubsubPolicies" | "projectNumber" | "now">,
): Provider<EventRuleWant, EventRuleOutputs> =>
  eitherRule(jobProvider(gcp), enrollmentProvider(gcp), (id) => id.includes("/enrollments/"));

/**
 * A rule by times is a job that publishes to a Pub/Sub topic, as Cloud Scheduler's own service agent, which may do so in the
 * whole project; or that starts a workflow, as the account of the project that is there for this. So nothing has to be granted.
 * A job takes no labels: our marks stand at the end of its description.
 */
function jobProvider(gcp: Pick<Gcp, "place" | "scheduler">): Provider<EventRuleWant, EventRuleOutputs> {
  const { place, scheduler } = gcp;
  const idOf = (name: string) => jobName(place.account, place.region, name);

  /** A job is made running and paused by another call; one that was cut off in between is paused by `update`. */
  async function pauseOrResume(job: Job, suspended: boolean, call: Call): Promise<void> {
    const name = job.name ?? "";
    const state = stateOf(job);
    if (suspended && state !== "PAUSED") await step(`pause the job ${name}`, () => scheduler.pause(name, call.signal));
    if (!suspended && state === "PAUSED")
      await step(`resume the job ${name}`, () => scheduler.resume(name, call.signal));
  }

  /** Undefined: there is one of that name. */
  async function makeJob(id: string, want: EventRuleWant, call: Call): Promise<Job | undefined> {
    const job = toJob(id, want, "");
    try {
      return await asStarter(place.account, () => scheduler.create(job, call.signal));
    } catch (error) {
      if (isAlreadyExists(error)) return undefined;
      throw error;
    }
  }

  /** What a create found in its place must be ours: then a crash left it there. */
  async function ownJob(id: string, call: Call): Promise<Job> {
    const job = await scheduler.job(id, call.signal);
    if (!job) throw new ProviderError("transient", `${id} exists and can't be seen yet.`, { code: "ALREADY_EXISTS" });
    if (mayTake(ownerOf(marksIn(job.description ?? "")), call.owner)) return job;
    throw new ProviderError("conflict", `${id} exists and does not carry our marks. It was left alone.`, {
      code: "ALREADY_EXISTS",
    });
  }

  async function mark(seen: Seen, marks: (job: Job) => EventRuleWant["tags"], call: Call): Promise<void> {
    const job = await scheduler.job(seen.id, call.signal);
    if (!job) return;
    const description = described(job, marks(job));
    await scheduler.update({ name: seen.id, description }, ["description"], call.signal);
  }

  return {
    service: "cloudscheduler",
    ids: "derived",
    immutable: [],
    fit: (want) => fitEventRule(place.account, want),
    foresee: (name) => outputsOf(idOf(name), place.region),

    async observe(at, call) {
      const id = at.id ?? idOf(at.name);
      const job = await scheduler.job(id, call.signal);
      if (!job) return { exists: false };
      const broken = brokenBy(job);
      return {
        exists: true,
        id,
        owner: ownerOf(marksIn(job.description ?? "")),
        phase: broken ? "failed" : "ready",
        ...(broken !== undefined && { message: broken }),
        actual: actualRule(job),
        outputs: outputsOf(id, place.region),
      };
    },

    async list({ signal }) {
      const jobs = await scheduler.jobs(idOf("").replace(/\/jobs\/$/, ""), signal);
      return jobs.map(({ name }) => ({ name: shortName(name ?? ""), id: name ?? "" }));
    },

    async create(name, want, call) {
      const id = idOf(name);
      const made = await step(`create the job ${id}`, () => makeJob(id, want, call));
      const job = made ?? (await ownJob(id, call));
      await pauseOrResume(job, want.suspended, call);
      return { id, ...(made && { outputs: outputsOf(id, place.region) }) };
    },

    async update(seen, want, changed, call) {
      const job = await scheduler.job(seen.id, call.signal);
      if (!job) return;
      const mask = maskOf(job, want, changed);
      const next = toJob(seen.id, want, job.description ?? "");
      if (mask.length > 0)
        await step(`update the job ${seen.id}`, () =>
          asStarter(place.account, () => scheduler.update(next, mask, call.signal)),
        );
      if (changed.has("suspended")) await pauseOrResume(job, want.suspended, call);
    },

    delete: (seen, _at, call) => scheduler.delete(seen.id, call.signal),
    adopt: (seen, want, call) => mark(seen, () => want.tags, call),
    release: (seen, call) => mark(seen, (job) => withoutHolder(marksIn(job.description ?? "")), call),
  };
}
