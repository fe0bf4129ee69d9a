import type { Place } from "../../operator/provider/cloud.ts";
import { ifThere } from "./errors.ts";
import { restCaller, unreadable } from "./rest.ts";

/** The fields of a replication job that we read and write: google/storagetransfer/v1/transfer_types.proto, in JSON. */
export interface TransferJob {
  /** `transferJobs/N`, which Google picks: a replication job can't be given a name. */
  readonly name?: string;
  readonly projectId?: string;
  readonly description?: string;
  readonly status?: "ENABLED" | "DISABLED" | "DELETED";
  readonly replicationSpec?: {
    readonly gcsDataSource?: { readonly bucketName?: string };
    readonly gcsDataSink?: { readonly bucketName?: string };
    readonly objectConditions?: {
      readonly includePrefixes?: readonly string[];
      readonly excludePrefixes?: readonly string[];
    };
    readonly transferOptions?: {
      readonly overwriteWhen?: string;
      readonly metadataOptions?: Readonly<Record<string, string>>;
    };
  };
}

/** The calls of Storage Transfer Service that we make. Every one throws ProviderError. */
export interface Transfer {
  /** E-mail of the account that copies for the project. Made when it is first asked for. */
  agent(signal: AbortSignal): Promise<string>;
  /** Replication jobs from, or to, a bucket; not those that were deleted. */
  jobs(
    of: { readonly source: string } | { readonly sink: string },
    signal: AbortSignal,
  ): Promise<readonly TransferJob[]>;
  create(job: TransferJob, signal: AbortSignal): Promise<TransferJob>;
  enable(name: string, signal: AbortSignal): Promise<void>;
  /** Deleting what is absent succeeds. */
  delete(name: string, signal: AbortSignal): Promise<void>;
}

const API = "Storage Transfer Service";

export function createTransfer(place: Pick<Place, "endpoints" | "credentials" | "account">): Transfer {
  const call = restCaller(place, "storagetransfer", API);
  const projectId = place.account;

  async function read<T extends object>(reply: Promise<unknown>, isIt: (found: T) => boolean): Promise<T> {
    const found = (await reply) as T | null;
    if (typeof found === "object" && found !== null && isIt(found)) return found;
    throw unreadable(API);
  }

  return {
    async agent(signal) {
      const reply = call("GET", `googleServiceAccounts/${projectId}`, signal);
      const found = await read<{ accountEmail?: string }>(reply, ({ accountEmail }) => Boolean(accountEmail));
      return found.accountEmail ?? "";
    },
    async jobs(of, signal) {
      const filter = JSON.stringify({
        projectId,
        jobStatuses: ["ENABLED", "DISABLED"],
        dataBackend: "QUERY_REPLICATION_CONFIGS",
        ...("source" in of ? { sourceBucket: of.source } : { sinkBucket: of.sink }),
      });
      const all: TransferJob[] = [];
      let pageToken: string | undefined;
      do {
        const params = { filter, pageSize: "256", ...(pageToken && { pageToken }) };
        const page = await read<{ transferJobs?: readonly TransferJob[]; nextPageToken?: string }>(
          call("GET", "transferJobs", signal, { params }),
          () => true,
        );
        all.push(...(page.transferJobs ?? []));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return all;
    },
    create: (job, signal) =>
      read<TransferJob>(call("POST", "transferJobs", signal, { body: job }), ({ name }) => Boolean(name)),
    async enable(name, signal) {
      const body = { projectId, transferJob: { status: "ENABLED" }, updateTransferJobFieldMask: "status" };
      await call("PATCH", name, signal, { body });
    },
    async delete(name, signal) {
      await ifThere(call("DELETE", name, signal, { params: { projectId } }));
    },
  };
}
