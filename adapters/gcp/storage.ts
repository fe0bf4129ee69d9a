import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { baseUrl } from "./endpoints.ts";
import { ifThere } from "./errors.ts";
import { shortName } from "./names.ts";
import type { Policy, PolicyPort } from "./policy.ts";
import { restTransport } from "./rest.ts";
import { storageFailure, storageRefusal } from "./storage-errors.ts";

/** A rule of `lifecycle`: cloud.google.com/storage/docs/json_api/v1/buckets#lifecycle. */
export interface LifecycleRule {
  readonly action: { readonly type: string; readonly storageClass?: string };
  readonly condition: {
    readonly age?: number;
    readonly daysSinceNoncurrentTime?: number;
    readonly numNewerVersions?: number;
    readonly isLive?: boolean;
    readonly matchesPrefix?: readonly string[];
    readonly [other: string]: unknown;
  };
}

export interface CorsRule {
  readonly origin?: readonly string[];
  readonly method?: readonly string[];
  readonly responseHeader?: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** The fields of a bucket that we read and write; numbers of 64 bits are text. */
export interface BucketFields {
  readonly labels?: Readonly<Record<string, string>>;
  readonly location?: string;
  readonly storageClass?: string;
  readonly versioning?: { readonly enabled?: boolean };
  readonly lifecycle?: { readonly rule?: readonly LifecycleRule[] };
  readonly softDeletePolicy?: { readonly retentionDurationSeconds?: string };
  readonly retentionPolicy?: { readonly retentionPeriod?: string; readonly isLocked?: boolean };
  readonly autoclass?: { readonly enabled?: boolean; readonly terminalStorageClass?: string };
  readonly cors?: readonly CorsRule[];
  readonly encryption?: { readonly defaultKmsKeyName?: string };
  readonly iamConfiguration?: {
    readonly uniformBucketLevelAccess?: { readonly enabled?: boolean };
    readonly publicAccessPrevention?: string;
  };
}

/** What Cloud Storage tells a topic: cloud.google.com/storage/docs/json_api/v1/notifications. It can't be changed. */
export interface NotificationConfig {
  /** `//pubsub.googleapis.com/projects/P/topics/T`. */
  readonly topic: string;
  readonly payload_format: string;
  /** Absent: all. */
  readonly event_types?: readonly string[];
  readonly object_name_prefix?: string;
  readonly custom_attributes?: Readonly<Record<string, string>>;
}

export interface StoredNotification extends NotificationConfig {
  readonly id: string;
}

export interface Bucket extends BucketFields {
  readonly name: string;
  readonly projectNumber: string;
  readonly metageneration: string;
}

/** One generation of an object, as far as we look. */
export interface StorageObject {
  readonly name: string;
  readonly generation: string;
  readonly size: string;
  readonly timeCreated: string;
  /** Since then it is not live any more: overwritten, or deleted. */
  readonly timeDeleted?: string;
  readonly softDeleteTime?: string;
}

/** What a PATCH takes: null takes a field, or a label, away. */
export type BucketPatch = { readonly [K in Exclude<keyof BucketFields, "labels">]?: BucketFields[K] | null } & {
  readonly labels?: Readonly<Record<string, string | null>>;
};

/** The calls of Cloud Storage that we make. Every one throws ProviderError; the policies are those of `projects/_/buckets/N`. */
export interface Storage extends PolicyPort {
  /** Undefined: it does not exist, in any project. */
  bucket(name: string, signal: AbortSignal): Promise<Bucket | undefined>;
  /** True when our project has a bucket of that name: also where we may not look at the bucket itself. */
  isOurs(name: string, signal: AbortSignal): Promise<boolean>;
  /** E-mail of the account in whose name Cloud Storage uses keys and tells of changes. Made when it is first asked for. */
  serviceAgent(signal: AbortSignal): Promise<string>;
  /** Names of our project's buckets, wherever they are. */
  names(signal: AbortSignal): Promise<readonly string[]>;
  create(name: string, fields: BucketFields, signal: AbortSignal): Promise<Bucket>;
  patch(name: string, fields: BucketPatch, signal: AbortSignal): Promise<Bucket>;
  /** For ever. @param metageneration of the bucket that was looked at: another one is not locked */
  lockRetention(name: string, metageneration: string, signal: AbortSignal): Promise<void>;
  /**
   * Generations of objects, by name in the order of UTF-8 bytes: those that are live, and those that were. `softDeleted`:
   * instead those that only soft delete keeps.
   */
  objects(name: string, kept: "versions" | "softDeleted", page: string | undefined, signal: AbortSignal): Promise<Page>;
  /** Copies one generation to another bucket under its name, unless there is one. */
  rewrite(from: string, object: StorageObject, to: string, signal: AbortSignal): Promise<void>;
  /** Deleting what is absent succeeds. */
  delete(name: string, signal: AbortSignal): Promise<void>;
  /** All that the bucket tells, whoever asked for it. */
  notifications(name: string, signal: AbortSignal): Promise<readonly StoredNotification[]>;
  notify(name: string, config: NotificationConfig, signal: AbortSignal): Promise<void>;
  /** What is absent is a success. */
  stopNotifying(name: string, id: string, signal: AbortSignal): Promise<void>;
}

export interface Page {
  readonly objects: readonly StorageObject[];
  /** Undefined: it was the last. */
  readonly next: string | undefined;
}

/**
 * Cloud Storage by its JSON API. The calls of Google's own client (@google-cloud/storage 8.4) take no signal, so one that
 * hangs could neither be ended at the attempt's deadline nor when this process has lost its lease; it also retries by
 * itself. So its transport is used, google-auth-library, which knows both.
 */
export function createStorage(place: Pick<Place, "account" | "endpoints" | "credentials">): Storage {
  const base = `${baseUrl(place, "storage", "https://storage.googleapis.com")}/storage/v1`;
  const project = place.account;
  const call = restTransport(place, base, { unanswered: storageFailure, refused: storageRefusal });

  /** @throws ProviderError transient, when the answer is none: a proxy's page, or nothing */
  async function json<T>(kind: string, reply: Promise<unknown>): Promise<T> {
    const found = await reply;
    if (typeof found === "object" && found !== null && (found as { kind?: unknown }).kind === kind) return found as T;
    throw new ProviderError("transient", "Cloud Storage gave an answer that can't be read.", { code: "UNREADABLE" });
  }

  const at = (name: string) => `/b/${encodeURIComponent(name)}`;
  const bucket = (reply: Promise<unknown>) => json<Bucket>("storage#bucket", reply);

  return {
    bucket: (name, signal) => ifThere(bucket(call("GET", at(name), signal))),
    async isOurs(name, signal) {
      const params = { project, prefix: name, maxResults: "1" };
      const reply = call("GET", "/b", signal, { params });
      const found = await json<{ items?: readonly Bucket[] }>("storage#buckets", reply);
      return found.items?.[0]?.name === name;
    },
    async serviceAgent(signal) {
      const reply = call("GET", `/projects/${project}/serviceAccount`, signal);
      return (await json<{ email_address: string }>("storage#serviceAccount", reply)).email_address;
    },
    async names(signal) {
      const names: string[] = [];
      let pageToken: string | undefined;
      do {
        const params = { project, ...(pageToken && { pageToken }) };
        const reply = call("GET", "/b", signal, { params });
        const page = await json<{ items?: readonly Bucket[]; nextPageToken?: string }>("storage#buckets", reply);
        names.push(...(page.items ?? []).map(({ name }) => name));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return names;
    },
    create: (name, fields, signal) =>
      bucket(call("POST", "/b", signal, { params: { project }, body: { name, ...fields } })),
    patch: (name, fields, signal) => bucket(call("PATCH", at(name), signal, { body: fields })),
    async lockRetention(name, metageneration, signal) {
      const params = { ifMetagenerationMatch: metageneration };
      await bucket(call("POST", `${at(name)}/lockRetentionPolicy`, signal, { params }));
    },
    async objects(name, kept, pageToken, signal) {
      const params = {
        [kept]: "true",
        fields: "kind,nextPageToken,items(name,generation,size,timeCreated,timeDeleted,softDeleteTime)",
        ...(pageToken && { pageToken }),
      };
      const reply = call("GET", `${at(name)}/o`, signal, { params });
      const page = await json<{ items?: readonly StorageObject[]; nextPageToken?: string }>("storage#objects", reply);
      return { objects: page.items ?? [], next: page.nextPageToken };
    },
    async rewrite(from, { name, generation }, to, signal) {
      const object = encodeURIComponent(name);
      const path = `${at(from)}/o/${object}/rewriteTo${at(to)}/o/${object}`;
      let rewriteToken: string | undefined;
      do {
        const params = { sourceGeneration: generation, ifGenerationMatch: "0", ...(rewriteToken && { rewriteToken }) };
        const reply = call("POST", path, signal, { params });
        const state = await json<{ done: boolean; rewriteToken?: string }>("storage#rewriteResponse", reply);
        rewriteToken = state.done ? undefined : state.rewriteToken;
      } while (rewriteToken !== undefined);
    },
    async delete(name, signal) {
      await ifThere(call("DELETE", at(name), signal));
    },
    async notifications(name, signal) {
      const reply = call("GET", `${at(name)}/notificationConfigs`, signal);
      return (await json<{ items?: readonly StoredNotification[] }>("storage#notifications", reply)).items ?? [];
    },
    async notify(name, config, signal) {
      await json("storage#notification", call("POST", `${at(name)}/notificationConfigs`, signal, { body: config }));
    },
    async stopNotifying(name, id, signal) {
      await ifThere(call("DELETE", `${at(name)}/notificationConfigs/${encodeURIComponent(id)}`, signal));
    },
    read(resource, signal) {
      const params = { optionsRequestedPolicyVersion: "3" };
      return json<Policy>("storage#policy", call("GET", `${at(shortName(resource))}/iam`, signal, { params }));
    },
    write: (resource, policy, signal) =>
      json<Policy>("storage#policy", call("PUT", `${at(shortName(resource))}/iam`, signal, { body: policy })),
  };
}
