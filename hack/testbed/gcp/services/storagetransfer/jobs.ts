/** Replication jobs: comments of google/storagetransfer/v1/*.proto, https://docs.cloud.google.com/storage-transfer/docs/cross-bucket-replication */
import { CloudError, invalid, unimplemented } from "../../engine/errors.ts";
import { child, list, type Message, text } from "../../engine/messages.ts";
import type { World } from "../../engine/world.ts";
import { allows } from "../iam/grants.ts";
import { BUCKET, bucketName } from "../storage/names.ts";

export const JOB = "storagetransfer.googleapis.com/TransferJob";

/** The account that copies. Google makes it when it is first asked for. */
export const agentOf = (projectNumber: string): string =>
  `project-${projectNumber}@storage-transfer-service.iam.gserviceaccount.com`;

const MAXIMUM_DESCRIPTION = 1024;
const MAXIMUM_PREFIXES = 1000;
const STATES = ["ENABLED", "DISABLED", "DELETED"];
/** Fields of a job that an update may name; the specification of a replication is none of them. */
const UPDATABLE = ["description", "notification_config", "logging_config", "status", "transfer_spec"];

const specOf = (job: Message): Message => child(job, "replicationSpec") ?? {};
export const sourceOf = (job: Message): string => text(child(specOf(job), "gcsDataSource"), "bucketName");
export const sinkOf = (job: Message): string => text(child(specOf(job), "gcsDataSink"), "bucketName");

/** Whether the job copies an object of that name. */
export function includes(job: Message, name: string): boolean {
  const conditions = child(specOf(job), "objectConditions");
  const included = list<string>(conditions, "includePrefixes");
  const starts = (prefix: string) => name.startsWith(prefix);
  return (included.length === 0 || included.some(starts)) && !list<string>(conditions, "excludePrefixes").some(starts);
}

export const overwrites = (job: Message): string =>
  text(child(specOf(job), "transferOptions"), "overwriteWhen") || "DIFFERENT";

/** What the agent may not do that a job needs of it, in Google's words; undefined: nothing. */
export function lacking(world: World, job: Message): string | undefined {
  const agent = agentOf(world.project.number);
  const needed = [
    [sourceOf(job), ["storage.buckets.get", "storage.buckets.update", "storage.objects.get"]],
    [sinkOf(job), ["storage.buckets.get", "storage.objects.create", "storage.objects.get"]],
  ] as const;
  for (const [bucket, permissions] of needed) {
    if (world.store.get(BUCKET, bucketName(bucket)) === undefined) return `The bucket ${bucket} does not exist.`;
    for (const permission of permissions)
      if (!allows(world, `serviceAccount:${agent}`, permission, bucketName(bucket)))
        return `Failed to obtain the location of the GCS bucket ${bucket} due to insufficient permissions. Additional details: ${agent} does not have ${permission} access to the Google Cloud Storage bucket.`;
  }
  return undefined;
}

function checkSpec(job: Message): void {
  if (child(job, "transferSpec") || child(job, "schedule") || child(job, "eventStream"))
    throw unimplemented("The test bed's Storage Transfer Service has replication jobs only.");
  const spec = child(job, "replicationSpec");
  if (!spec) throw invalid("A job needs a transfer_spec or a replication_spec.", "transfer_job");
  if (sourceOf(job) === "" || sinkOf(job) === "") throw invalid("Both buckets are required.", "replication_spec");
  if (sourceOf(job) === sinkOf(job)) throw invalid("Source and sink must be different buckets.", "replication_spec");
  const conditions = child(spec, "objectConditions") ?? {};
  for (const field of Object.keys(conditions))
    if (field !== "includePrefixes" && field !== "excludePrefixes")
      throw invalid(`Replication jobs take no ${field}: only prefixes.`, "replication_spec.object_conditions");
  for (const field of ["includePrefixes", "excludePrefixes"]) {
    const prefixes = list<string>(conditions, field);
    if (prefixes.length > MAXIMUM_PREFIXES) throw invalid(`At most ${String(MAXIMUM_PREFIXES)} prefixes.`, field);
    for (const prefix of prefixes)
      if (prefix === "" || prefix.startsWith("/") || Buffer.byteLength(prefix) > 1024)
        throw invalid("A prefix has 1 to 1024 bytes and no leading slash.", field);
  }
  const options = child(spec, "transferOptions") ?? {};
  if (options.deleteObjectsUniqueInSink || options.deleteObjectsFromSourceAfterTransfer)
    throw invalid("Replication jobs take no delete options.", "replication_spec.transfer_options");
}

/** @throws CloudError */
export function checkNew(world: World, job: Message): void {
  if (text(job, "name") !== "") throw invalid("Custom names are not supported for replication jobs.", "name");
  if (text(job, "projectId") !== world.project.id)
    throw new CloudError("PERMISSION_DENIED", `No access to the project ${text(job, "projectId")}.`);
  if (!["ENABLED", "DISABLED"].includes(text(job, "status"))) throw invalid("status must be specified.", "status");
  if (Buffer.byteLength(text(job, "description")) > MAXIMUM_DESCRIPTION)
    throw invalid(`description has at most ${String(MAXIMUM_DESCRIPTION)} bytes.`, "description");
  checkSpec(job);
  const lacks = lacking(world, job);
  if (lacks !== undefined) throw new CloudError("FAILED_PRECONDITION", lacks);
}

/** The job with the masked fields of another. @throws CloudError */
export function updated(job: Message, change: Message, paths: readonly string[]): Message {
  for (const path of paths)
    if (!UPDATABLE.includes(path))
      throw invalid(`The field ${path} can't be updated.`, "update_transfer_job_field_mask");
  if (paths.includes("status") && !STATES.includes(text(change, "status"))) throw invalid("No such status.", "status");
  const camel = (path: string) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return { ...job, ...Object.fromEntries(paths.map((path) => [camel(path), change[camel(path)]])) };
}

/** What a list asks for, as JSON text. */
interface Filter {
  readonly projectId?: string;
  readonly jobNames?: readonly string[];
  readonly jobStatuses?: readonly string[];
  readonly dataBackend?: string;
  readonly sourceBucket?: string;
  readonly sinkBucket?: string;
}

/** @throws CloudError */
export function matching(filter: string): (job: Message) => boolean {
  let asked: Filter;
  try {
    asked = JSON.parse(filter) as Filter;
  } catch {
    throw invalid("The filter is no JSON.", "filter");
  }
  const { projectId, jobNames, jobStatuses, dataBackend, sourceBucket, sinkBucket } = asked;
  if (projectId === undefined) throw invalid("projectId is required in the filter.", "filter");
  // Without that, Google lists the other jobs: there are none here.
  if (dataBackend !== "QUERY_REPLICATION_CONFIGS") return () => false;
  const statuses = jobStatuses?.map((one) => one.toUpperCase());
  return (job) =>
    job.projectId === projectId &&
    (jobNames === undefined || jobNames.includes(text(job, "name"))) &&
    (statuses === undefined || statuses.includes(text(job, "status"))) &&
    (sourceBucket === undefined || sourceOf(job) === sourceBucket) &&
    (sinkBucket === undefined || sinkOf(job) === sinkBucket);
}
