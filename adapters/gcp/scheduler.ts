import type { protos } from "@google-cloud/scheduler";
import { paged, unary } from "./call.ts";
import type { Clients } from "./clients.ts";
import { ifThere } from "./errors.ts";

export type Job = protos.google.cloud.scheduler.v1.IJob;

/** The calls of Cloud Scheduler that we make. `name` is `projects/P/locations/L/jobs/N`. Every one throws ProviderError. */
export interface Scheduler {
  /** Undefined: it does not exist. */
  job(name: string, signal: AbortSignal): Promise<Job | undefined>;
  /** @param parent `projects/P/locations/L` */
  jobs(parent: string, signal: AbortSignal): Promise<readonly Job[]>;
  create(job: Job, signal: AbortSignal): Promise<Job>;
  /** `mask`: paths as the API names them, such as `retry_config`. */
  update(job: Job, mask: readonly string[], signal: AbortSignal): Promise<Job>;
  /** It stops firing until `resume`; an update doesn't change that. */
  pause(name: string, signal: AbortSignal): Promise<void>;
  resume(name: string, signal: AbortSignal): Promise<void>;
  /** Deleting what is absent succeeds. */
  delete(name: string, signal: AbortSignal): Promise<void>;
}

const API = "Cloud Scheduler";

export function createScheduler(clients: Pick<Clients, "scheduler">): Scheduler {
  return {
    async job(name, signal) {
      const client = await clients.scheduler();
      return ifThere(unary<Job>(API, signal, (options, done) => client.getJob({ name }, options, done)));
    },
    async jobs(parent, signal) {
      const client = await clients.scheduler();
      const request = { parent };
      return paged<typeof request, Job>(API, signal, request, (page, options, done) =>
        client.listJobs(page, options, done as never),
      );
    },
    async create(job, signal) {
      const client = await clients.scheduler();
      const request = { parent: (job.name ?? "").replace(/\/jobs\/[^/]+$/, ""), job };
      return unary<Job>(API, signal, (options, done) => client.createJob(request, options, done));
    },
    async update(job, mask, signal) {
      const client = await clients.scheduler();
      const request = { job, updateMask: { paths: [...mask] } };
      return unary<Job>(API, signal, (options, done) => client.updateJob(request, options, done));
    },
    async pause(name, signal) {
      const client = await clients.scheduler();
      await unary(API, signal, (options, done) => client.pauseJob({ name }, options, done));
    },
    async resume(name, signal) {
      const client = await clients.scheduler();
      await unary(API, signal, (options, done) => client.resumeJob({ name }, options, done));
    },
    async delete(name, signal) {
      const client = await clients.scheduler();
      await ifThere(unary(API, signal, (options, done) => client.deleteJob({ name }, options, done)));
    },
  };
}
