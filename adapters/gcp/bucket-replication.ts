import type { BucketReplication, BucketWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import { ifThere } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import { bucketName, shortName } from "./names.ts";
import { holds, type Membership, withMember, withoutMember } from "./policy.ts";
import { COPIES_LABEL, isOurs, jobOf, readJob, sameJob, sinkOf } from "./replication-shape.ts";
import { ROLES, roleName } from "./roles.ts";
import type { Bucket } from "./storage.ts";
import type { TransferJob } from "./transfer.ts";

/** What nothing asks for: traces of copying without a job. Never wanted, so it is drift. */
const LEFT: BucketReplication = { target: "", prefix: "", copies: false };

/**
 * Copies of what is written to a bucket: a job of Storage Transfer Service, and the rights of its account on both buckets.
 * Jobs can't be named, labelled or changed: the label on the bucket says that there may be one, its description that it is
 * ours, and another one is made before the old one goes, so that nothing is missed between.
 *
 * Label, rights, job are made in this order, and go the other way. A bucket without the label is never looked at further, so
 * who copies nothing needs no Storage Transfer Service.
 */
export function bucketReplication({
  place: { account: project },
  projectNumber,
  storage,
  storagePolicies: policies,
  transfer,
}: Pick<Gcp, "place" | "projectNumber" | "storage" | "storagePolicies" | "transfer">) {
  const membership = (role: keyof typeof ROLES, email: string): Membership => ({
    role: roleName(project, ROLES[role]),
    member: `serviceAccount:${email}`,
  });
  /** The account's fixed form; `transfer.agent` has it made, too. */
  const agentOf = async (signal: AbortSignal) =>
    `project-${await projectNumber(signal)}@storage-transfer-service.iam.gserviceaccount.com`;
  const ours = async (bucket: string, signal: AbortSignal) =>
    (await transfer.jobs({ source: bucket }, signal)).filter((job) => isOurs(job, bucket));

  /** Where we may not look (a bucket of another project), its owner has to see to it. */
  async function may(bucket: string, member: Membership, signal: AbortSignal): Promise<boolean> {
    try {
      const policy = await ifThere(policies.read(bucketName(bucket), signal));
      return policy !== undefined && holds(policy, member);
    } catch (error) {
      if (error instanceof ProviderError && error.fault === "denied") return true;
      throw error;
    }
  }

  const mark = (bucket: string, on: boolean, signal: AbortSignal) =>
    step(`label the bucket ${bucket}`, () =>
      storage.patch(bucket, { labels: { [COPIES_LABEL]: on ? "true" : null } }, signal),
    );

  async function open(bucket: string, target: string, { signal }: Call): Promise<void> {
    const email = await step("ask for the account that copies", () => transfer.agent(signal));
    const rights = [
      [bucket, membership("replicationSource", email)],
      [target, membership("replicationTarget", email)],
    ] as const;
    for (const [name, member] of rights)
      await step(`let Storage Transfer Service use the bucket ${name}`, () =>
        policies.edit(bucketName(name), (policy) => withMember(policy, member), signal),
      );
  }

  /** Takes the right at a target away, unless another job copies to it too. */
  async function close(target: string, but: readonly TransferJob[], { signal }: Call): Promise<void> {
    const others = (await transfer.jobs({ sink: target }, signal)).filter(
      ({ name }) => !but.some((job) => job.name === name),
    );
    if (others.length > 0) return;
    const member = membership("replicationTarget", await agentOf(signal));
    await step(`take Storage Transfer Service off the bucket ${target}`, () =>
      ifThere(policies.edit(bucketName(target), (policy) => withoutMember(policy, member), signal)),
    );
  }

  /** Jobs, and the rights that nobody needs any more. */
  async function drop(jobs: readonly TransferJob[], kept: string | undefined, call: Call): Promise<void> {
    for (const target of new Set(jobs.map(sinkOf))) if (target !== kept) await close(target, jobs, call);
    for (const { name = "" } of jobs) await step(`delete ${name}`, () => transfer.delete(name, call.signal));
  }

  /** A right that was given a moment ago may not be in force yet: then it is tried again soon. */
  const notYet = (error: unknown) => {
    if (error instanceof ProviderError && /insufficient permissions|does not have/.test(error.message))
      throw new ProviderError(
        "transient",
        `Storage Transfer Service may not copy yet: ${error.message} Rights of the project: docs/guides/google-cloud.md`,
        { code: error.code, cause: error },
      );
    throw error;
  };

  return {
    /** What there is of ours. */
    async actual({ name, labels }: Bucket, { signal }: Call): Promise<BucketReplication | null> {
      if (labels?.[COPIES_LABEL] === undefined) return null;
      const jobs = await ours(name, signal);
      const [job] = jobs;
      if (job === undefined) return LEFT;
      const found = readJob(job);
      const email = await agentOf(signal);
      const [reads, writes] = await sideBySide([
        may(name, membership("replicationSource", email), signal),
        may(sinkOf(job), membership("replicationTarget", email), signal),
      ]);
      const same = sameJob(job, jobOf(project, name, found)) && job.status === "ENABLED";
      return { ...found, copies: jobs.length === 1 && same && reads && writes };
    },

    /** Makes it as `want` says, or takes it away where that says nothing. Sends only what differs. */
    async ensure(bucket: string, { replicateTo }: BucketWant, call: Call): Promise<void> {
      if (!replicateTo) return this.remove(bucket, call);
      const { signal } = call;
      const labels = (await storage.bucket(bucket, signal))?.labels;
      if (labels?.[COPIES_LABEL] === undefined) await mark(bucket, true, signal);
      const target = shortName(replicateTo.target);
      await open(bucket, target, call);
      const live = await ours(bucket, signal);
      const wanted = jobOf(project, bucket, replicateTo);
      const found = live.find((job) => sameJob(job, wanted));
      if (!found) await step(`copy to the bucket ${target}`, () => transfer.create(wanted, signal).catch(notYet));
      else if (found.status !== "ENABLED")
        await step(`copy to the bucket ${target} again`, () => transfer.enable(found.name ?? "", signal));
      await drop(
        live.filter((job) => job !== found),
        target,
        call,
      );
    },

    async remove(bucket: string, call: Call): Promise<void> {
      const { signal } = call;
      await drop(await ours(bucket, signal), undefined, call);
      const member = membership("replicationSource", await agentOf(signal));
      await step(`take Storage Transfer Service off the bucket ${bucket}`, () =>
        policies.edit(bucketName(bucket), (policy) => withoutMember(policy, member), signal),
      );
      await mark(bucket, false, signal);
    },
  };
}
