/** google.storagetransfer.v1: replication jobs, which really copy. */
import { notFound } from "../../engine/errors.ts";
import { child, list, type Message, text, timestamp } from "../../engine/messages.ts";
import { page } from "../../engine/pages.ts";
import type { Call, Handler, World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import type { Stored } from "../storage/bucket-rules.ts";
import { AGENT, BUCKET, bucketName } from "../storage/names.ts";
import type { Generation, Objects } from "../storage/objects.ts";
import { agentOf, checkNew, includes, JOB, lacking, matching, overwrites, sinkOf, sourceOf, updated } from "./jobs.ts";

export interface StorageTransferParts {
  readonly world: World;
  /** Stores a copy in another bucket. */
  receive: Objects["receive"];
}

const SERVICE = "google.storagetransfer.v1.StorageTransferService";

export function storageTransfer({ world, receive }: StorageTransferParts) {
  const { store, clock } = world;
  let made = 0;

  const found = ({ request }: Call, view = store as Call["view"]): Message => {
    const name = text(request, "jobName");
    const job = view.get(JOB, name);
    if (job === undefined || job.projectId !== text(request, "projectId")) throw notFound(name);
    return job;
  };
  const put = (job: Message): Message => {
    const changed = { ...job, lastModificationTime: timestamp(clock.now()) };
    store.put(JOB, text(job, "name"), changed);
    return changed;
  };

  const create: Handler = ({ request }) => {
    const job = child(request, "transferJob") ?? {};
    checkNew(world, job);
    made += 1;
    const name = `transferJobs/${String(Math.floor(clock.now()))}${String(made).padStart(4, "0")}`;
    return put({ ...job, name, creationTime: timestamp(clock.now()) });
  };
  const update: Handler = (call) => {
    const change = child(call.request, "transferJob") ?? {};
    const mask = list<string>(child(call.request, "updateTransferJobFieldMask"), "paths");
    return put(updated(found(call), change, mask.length > 0 ? mask : Object.keys(change)));
  };
  const remove: Handler = (call) => {
    put({ ...found(call), status: "DELETED", deletionTime: timestamp(clock.now()) });
    return {};
  };
  const all: Handler = ({ request, view }) => {
    const jobs = view.list(JOB, "transferJobs/").filter(matching(text(request, "filter")));
    const { items, nextPageToken } = page(jobs, (job) => text(job, "name"), request);
    return { transferJobs: items, nextPageToken };
  };
  const account: Handler = () => {
    const accountEmail = agentOf(world.project.number);
    store.put(AGENT, `serviceAccount:${accountEmail}`, { email: accountEmail });
    return { accountEmail, subjectId: "100000000000000000001" };
  };

  const module: ServiceModule = {
    services: [SERVICE],
    unary: {
      [`${SERVICE}.GetGoogleServiceAccount`]: account,
      [`${SERVICE}.CreateTransferJob`]: create,
      [`${SERVICE}.UpdateTransferJob`]: update,
      [`${SERVICE}.GetTransferJob`]: (call) => found(call, call.view),
      [`${SERVICE}.ListTransferJobs`]: all,
      [`${SERVICE}.DeleteTransferJob`]: remove,
    },
  };
  return {
    module,
    /** Copies what was written, where a job says so and its account may. What can't be copied is only logged at Google. */
    async finalized(bucket: Stored, one: Generation): Promise<void> {
      for (const job of store.list(JOB, "transferJobs/")) {
        if (job.status !== "ENABLED" || sourceOf(job) !== bucket.name || !includes(job, one.resource.name)) continue;
        if (lacking(world, job) !== undefined) continue;
        const to = store.get(BUCKET, bucketName(sinkOf(job))) as Stored;
        await receive(to, one, overwrites(job)).catch(() => undefined);
      }
    },
  };
}
