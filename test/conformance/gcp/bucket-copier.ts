import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { bucketOnGcp, unlessAbsent } from "./bucket.ts";
import type { GcpUnderTest } from "./cloud.ts";

interface Job {
  readonly name: string;
  readonly status: string;
  readonly replicationSpec: { readonly gcsDataSink: { readonly bucketName: string } };
}

/** Bucket whose objects are copied, on GCP, by Google's client of Cloud Storage and the API of Storage Transfer Service. */
export function bucketCopierOnGcp(gcp: GcpUnderTest): KindOnCloud {
  const { eyes, byOthers } = gcp;
  const { storage } = eyes;
  const bucket = bucketOnGcp(gcp);
  const projectId = gcp.place.account;
  const call = async (method: string, path: string, body?: object) => {
    const headers = { "content-type": "application/json" };
    const sent = body ? { headers, body: JSON.stringify(body) } : {};
    return (await fetch(`${eyes.gcp.rest}/v1/${path}`, { method, ...sent })).json();
  };
  async function jobs(sourceBucket: string): Promise<readonly Job[]> {
    const asked = { projectId, dataBackend: "QUERY_REPLICATION_CONFIGS", sourceBucket };
    const filter = encodeURIComponent(JSON.stringify({ ...asked, jobStatuses: ["enabled", "disabled"] }));
    const { transferJobs = [] } = (await call("GET", `transferJobs?filter=${filter}`)) as { transferJobs?: Job[] };
    return transferJobs;
  }
  const policy = async (name: string) => (await unlessAbsent(storage.bucket(name).iam.getPolicy()))?.[0].bindings ?? [];
  const close = (name: string) => byOthers(() => storage.bucket(name).iam.setPolicy({ bindings: [] }));
  const each = (change: (job: Job) => Promise<unknown>) => (subject: Subject) =>
    byOthers(async () => {
      for (const job of await jobs(subject.name)) await change(job);
    });
  const remove = ({ name }: Job) => call("DELETE", `${name}?projectId=${projectId}`);
  const state = ({ name }: Job, status: string) =>
    call("PATCH", name, { projectId, transferJob: { status }, updateTransferJobFieldMask: "status" });

  return {
    ...bucket,
    makes: [...bucket.makes, "UpdateBucket", "SetIamPolicy", "SetIamPolicy", "CreateTransferJob"],
    unmakes: ["SetIamPolicy", "DeleteTransferJob", "SetIamPolicy", "UpdateBucket", ...bucket.unmakes],
    touches(write) {
      const { labels } = ((write.request as { body?: object }).body ?? {}) as { labels?: object };
      if (labels && "onyx-copies" in labels) return ["replicateTo"];
      return /TransferJob|IamPolicy/.test(write.operation) ? ["replicateTo"] : bucket.touches(write);
    },
    async traces({ name }) {
      const { labels = {} } = (await storage.bucket(name).getMetadata())[0];
      const rights = (await policy(name)).filter(({ role }) => role.includes("/onyx.replication"));
      return [...(await jobs(name)), ...rights, ...("onyx-copies" in labels ? ["label"] : [])];
    },
    async snapshot(subject) {
      const found = await bucket.snapshot(subject);
      return found && { bucket: found, jobs: await jobs(subject.name), policy: await policy(subject.name) };
    },
    async remove(subject) {
      await each(async (job) => {
        await close(job.replicationSpec.gcsDataSink.bucketName);
        await remove(job);
      })(subject);
      await bucket.remove(subject);
    },
    tamper: {
      ...bucket.tamper,
      versioning: ({ name }) =>
        byOthers(async () => void (await storage.bucket(name).setMetadata({ versioning: { enabled: false } }))),
      "replicateTo: the job taken away": each(remove),
      "replicateTo: a job that is off": each((job) => state(job, "DISABLED")),
      "replicateTo: a second job": each(async (job) => {
        const { name: _name, ...again } = job as Job & Record<string, unknown>;
        const { creationTime: _made, lastModificationTime: _changed, ...input } = again as Record<string, unknown>;
        await call("POST", "transferJobs", input);
      }),
      "replicateTo: it may not read": async ({ name }) => void (await close(name)),
      "replicateTo: it may not write": each((job) => close(job.replicationSpec.gcsDataSink.bucketName)),
    },
  };
}
