/** Buckets of the JSON API: https://cloud.google.com/storage/docs/json_api/v1/buckets */
import { POLICY } from "../../engine/policies.ts";
import type { World } from "../../engine/world.ts";
import { checkBucket, checkChange, checkName, locationType, type Stored } from "./bucket-rules.ts";
import { type BucketInput, mergePatch, parseBucket, WRITABLE } from "./bucket-schema.ts";
import { checkKeyUse } from "./keys.ts";
import { BUCKET, bucketName, bucketOf, OBJECT, rfc3339, SOFT_BUCKET } from "./names.ts";
import { pageOf } from "./pages.ts";
import { absent, bad, checkNumber, conditionNotMet, conflict, forbidden } from "./refusals.ts";
import type { Methods, StorageCall } from "./routes.ts";

const DAY = 24 * 60 * 60 * 1000;
/** Google's own default, which is billed. */
const SOFT_DELETE = "604800";
/** Uniform access can be turned off again for so long. */
const UNIFORM_LOCK = 90 * DAY;
const OTHER_PROJECT = "999999999999";

/** What Google fills in and keeps, beside what was sent. */
function filled(input: BucketInput, before: Stored | undefined, now: number): Omit<Stored, "metageneration"> {
  const time = rfc3339(now);
  const access = input.iamConfiguration;
  const enabled = access?.uniformBucketLevelAccess?.enabled ?? access?.bucketPolicyOnly?.enabled ?? false;
  const lockedTime = before?.iamConfiguration.uniformBucketLevelAccess.lockedTime ?? rfc3339(now + UNIFORM_LOCK);
  const uniform = enabled ? { enabled, lockedTime } : { enabled };
  const soft = input.softDeletePolicy?.retentionDurationSeconds ?? SOFT_DELETE;
  const sameSoft = before?.softDeletePolicy.retentionDurationSeconds === soft;
  const location = (input.location ?? "US").toUpperCase();
  const { autoclass, retentionPolicy, labels, ...rest } = input;
  return {
    ...rest,
    kind: "storage#bucket",
    id: input.name,
    location,
    locationType: locationType(location),
    storageClass: input.storageClass ?? "STANDARD",
    generation: before?.generation ?? String(now * 1000),
    timeCreated: before?.timeCreated ?? time,
    updated: time,
    iamConfiguration: {
      bucketPolicyOnly: uniform,
      uniformBucketLevelAccess: uniform,
      publicAccessPrevention: access?.publicAccessPrevention ?? "inherited",
    },
    softDeletePolicy: {
      retentionDurationSeconds: soft,
      effectiveTime: sameSoft && before ? before.softDeletePolicy.effectiveTime : time,
    },
    rpo: input.rpo ?? null,
    ...(labels && Object.keys(labels).length > 0 ? { labels } : {}),
    ...(retentionPolicy
      ? {
          retentionPolicy: {
            retentionPeriod: retentionPolicy.retentionPeriod ?? "0",
            effectiveTime: before?.retentionPolicy?.effectiveTime ?? time,
            ...(before?.retentionPolicy?.isLocked ? { isLocked: true } : {}),
          },
        }
      : {}),
    ...(autoclass ? { autoclass: autoclassOf(autoclass, before?.autoclass, time) } : {}),
  };
}

function autoclassOf(
  sent: NonNullable<BucketInput["autoclass"]>,
  before: Stored["autoclass"],
  time: string,
): NonNullable<Stored["autoclass"]> {
  const enabled = sent.enabled ?? false;
  const toggleTime = before?.enabled === enabled ? before.toggleTime : time;
  if (!enabled) return { enabled, toggleTime };
  const terminalStorageClass = sent.terminalStorageClass ?? "NEARLINE";
  const same = before?.terminalStorageClass === terminalStorageClass;
  const terminalStorageClassUpdateTime = (same ? before?.terminalStorageClassUpdateTime : undefined) ?? time;
  return { enabled, toggleTime, terminalStorageClass, terminalStorageClassUpdateTime };
}

/** Without what is null, and with what follows from the place where it is served. */
export function shown({ world, base }: Pick<StorageCall, "world" | "base">, bucket: object): Record<string, unknown> {
  const { name, metageneration } = bucket as Stored;
  const fields = Object.entries(bucket).filter(([, value]) => value !== null);
  return {
    projectNumber: world.project.number,
    selfLink: `${base}/storage/v1/b/${name}`,
    etag: Buffer.from(metageneration).toString("base64"),
    ...Object.fromEntries(fields),
  };
}

function put({ store }: World, bucket: Stored): Stored {
  store.put(BUCKET, bucketName(bucket.name), bucket);
  return bucket;
}

/** Whatever changes a bucket, its notifications too, counts its metageneration up. */
export function touch(world: World, bucket: Stored): void {
  const metageneration = String(Number(bucket.metageneration) + 1);
  put(world, { ...bucket, metageneration, updated: rfc3339(world.clock.now()) });
}

function create(call: StorageCall) {
  const { world, query, body } = call;
  const project = query.get("project");
  if (project === null) throw bad("Required parameter: project");
  if (project !== world.project.id && project !== world.project.number)
    throw forbidden(`The caller does not have storage.buckets.create access to the Google Cloud project ${project}.`);
  const input = parseBucket(body);
  checkName(input.name);
  checkBucket(input);
  checkKeyUse(input.encryption?.defaultKmsKeyName, world);
  refuseAcl(call, input);
  if (world.store.get(BUCKET, bucketName(input.name)) !== undefined)
    throw conflict("Your previous request to create the named bucket succeeded and you already own it.");
  if (world.settings.foreignBuckets[input.name] !== undefined)
    throw conflict(
      "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
    );
  const bucket = { ...filled(input, undefined, world.clock.now()), metageneration: "1" } as Stored;
  const { id } = world.project;
  const owners = [`projectEditor:${id}`, `projectOwner:${id}`];
  world.store.put(POLICY, bucketName(bucket.name), {
    version: 1,
    bindings: [
      { role: "roles/storage.legacyBucketOwner", members: owners },
      { role: "roles/storage.legacyBucketReader", members: [`projectViewer:${id}`] },
    ],
    etag: Buffer.from(`p${String(world.store.nextRevision()).padStart(7, "0")}`),
  });
  return shown(call, put(world, bucket));
}

function refuseAcl({ query }: StorageCall, input: BucketInput): void {
  const uniform = input.iamConfiguration?.uniformBucketLevelAccess?.enabled ?? false;
  if (uniform && (query.has("predefinedAcl") || query.has("predefinedDefaultObjectAcl")))
    throw bad("Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled.");
  if (input.iamConfiguration?.publicAccessPrevention === "enforced" && /^public/.test(query.get("predefinedAcl") ?? ""))
    throw conditionNotMet("The bucket would be public, and public access prevention is enforced.");
}

/** A bucket of somebody else's project. */
export function refuseForeign({ world }: StorageCall, bucket: string, permission: string): void {
  if (world.store.get(BUCKET, bucketName(bucket)) !== undefined) return;
  if (world.settings.foreignBuckets[bucket] === undefined) return;
  throw forbidden(
    `The caller does not have ${permission} access to the Google Cloud Storage bucket. Permission '${permission}' denied on resource (or it may not exist).`,
  );
}

function get(call: StorageCall) {
  const { world, view, query } = call;
  const { bucket } = call.parameters;
  if (query.get("softDeleted") === "true") return shown(call, softDeleted(call, bucket));
  if (view.get(BUCKET, bucketName(bucket)) === undefined && world.settings.foreignBuckets[bucket] === "readable") {
    const theirs = { ...filled({ name: bucket }, undefined, world.clock.now()), metageneration: "1" };
    return { ...shown(call, theirs), projectNumber: OTHER_PROJECT };
  }
  refuseForeign(call, bucket, "storage.buckets.get");
  const found = bucketOf(view, bucket);
  checkNumber(query, "Metageneration", found.metageneration);
  return shown(call, found);
}

function softDeleted({ view, query }: StorageCall, bucket: string): Stored {
  const generation = query.get("generation");
  if (generation === null) throw bad("Required parameter: generation");
  const found = view.get(SOFT_BUCKET, `${bucketName(bucket)}#${generation}`) as Stored | undefined;
  if (found === undefined) throw absent("The specified soft-deleted bucket does not exist.");
  return found;
}

function list(call: StorageCall) {
  const { view, query, world } = call;
  const project = query.get("project");
  if (project !== world.project.id && project !== world.project.number)
    throw forbidden(
      `The caller does not have storage.buckets.list access to the Google Cloud project ${project ?? ""}.`,
    );
  const type = query.get("softDeleted") === "true" ? SOFT_BUCKET : BUCKET;
  const all = view.list(type, bucketName(query.get("prefix") ?? "")) as readonly Stored[];
  const { items, nextPageToken } = pageOf(all, ({ name, generation }) => `${name}#${generation}`, query);
  return { kind: "storage#buckets", items: items.map((one) => shown(call, one)), nextPageToken };
}

/** @param body the whole bucket as it shall be */
function change(call: StorageCall, before: Stored, body: unknown) {
  const { world } = call;
  const now = world.clock.now();
  const input = parseBucket(body);
  if (input.name !== before.name) throw bad("The name of a bucket can't be changed.");
  checkBucket(input);
  checkChange(before, input, now);
  const key = input.encryption?.defaultKmsKeyName;
  if (key !== before.encryption?.defaultKmsKeyName) checkKeyUse(key, world);
  refuseAcl(call, input);
  const metageneration = String(Number(before.metageneration) + 1);
  const after = { ...filled(input, before, now), metageneration } as Stored;
  return shown(call, put(world, after));
}

const writableOf = (bucket: Stored) =>
  Object.fromEntries(WRITABLE.filter((key) => bucket[key] != null).map((key) => [key, bucket[key]]));

function toChange(call: StorageCall): Stored {
  const { bucket } = call.parameters;
  refuseForeign(call, bucket, "storage.buckets.update");
  const before = bucketOf(call.world.store, bucket);
  checkNumber(call.query, "Metageneration", before.metageneration);
  return before;
}

function patch(call: StorageCall) {
  const before = toChange(call);
  const sent = (call.body ?? {}) as { iamConfiguration?: Record<string, unknown> };
  const { iamConfiguration, ...rest } = writableOf(before) as { iamConfiguration: Record<string, unknown> };
  const { bucketPolicyOnly: _twin, ...access } = iamConfiguration;
  const named = sent.iamConfiguration?.bucketPolicyOnly;
  const base = {
    ...rest,
    iamConfiguration: named === undefined ? access : { ...access, uniformBucketLevelAccess: named },
  };
  return change(call, before, mergePatch(base, sent));
}

const update = (call: StorageCall) => {
  const before = toChange(call);
  const sent = (call.body ?? {}) as object;
  return change(call, before, { name: before.name, location: before.location, ...sent });
};

function remove(call: StorageCall) {
  const { world, query } = call;
  const { store, clock } = world;
  const { bucket } = call.parameters;
  refuseForeign(call, bucket, "storage.buckets.delete");
  const found = bucketOf(store, bucket);
  checkNumber(query, "Metageneration", found.metageneration);
  const name = bucketName(bucket);
  const kept = store.list(OBJECT, `${name}/objects/`).filter(({ state }) => state !== "softDeleted");
  if (kept.length > 0) throw conflict("The bucket you tried to delete is not empty.");
  store.delete(BUCKET, name);
  store.delete(POLICY, name);
  store.deleteBelow(name, "");
  const held = Number(found.softDeletePolicy.retentionDurationSeconds) * 1000;
  if (held > 0)
    store.put(SOFT_BUCKET, `${name}#${found.generation}`, {
      ...found,
      softDeleteTime: rfc3339(clock.now()),
      hardDeleteTime: rfc3339(clock.now() + held),
    });
  return undefined;
}

function restore(call: StorageCall) {
  const { world } = call;
  const { bucket } = call.parameters;
  const { softDeleteTime: _soft, hardDeleteTime: _hard, ...found } = softDeleted(call, bucket);
  if (world.store.get(BUCKET, bucketName(bucket)) !== undefined)
    throw conflict("A live bucket with the same name already exists.");
  world.store.delete(SOFT_BUCKET, `${bucketName(bucket)}#${String(found.generation)}`);
  return shown(call, put(world, found as Stored));
}

function lock(call: StorageCall) {
  const before = toChange(call);
  if (!call.query.has("ifMetagenerationMatch")) throw bad("Required parameter: ifMetagenerationMatch");
  if (before.retentionPolicy === undefined)
    throw bad(`The bucket '${before.name}' does not have a retention policy to lock.`);
  const metageneration = String(Number(before.metageneration) + 1);
  const retentionPolicy = { ...before.retentionPolicy, isLocked: true };
  return shown(call, put(call.world, { ...before, retentionPolicy, metageneration }));
}

/** Forgets soft-deleted buckets whose time is over. */
export function forgetBuckets({ store, clock }: World): void {
  for (const name of store.names(SOFT_BUCKET)) {
    const { hardDeleteTime } = store.get(SOFT_BUCKET, name) as { hardDeleteTime?: string };
    if (Date.parse(hardDeleteTime ?? "") <= clock.now()) store.delete(SOFT_BUCKET, name);
  }
}

const MATCH = ["ifMetagenerationMatch", "ifMetagenerationNotMatch"];
const ACLS = ["predefinedAcl", "predefinedDefaultObjectAcl"];

export const bucketMethods: Methods = [
  { name: "CreateBucket", at: "POST /storage/v1/b", query: ["project", "enableObjectRetention", ...ACLS], run: create },
  {
    name: "ListBuckets",
    at: "GET /storage/v1/b",
    query: ["project", "prefix", "softDeleted", "maxResults", "pageToken"],
    run: list,
  },
  { name: "GetBucket", at: "GET /storage/v1/b/{bucket}", query: ["generation", "softDeleted", ...MATCH], run: get },
  { name: "UpdateBucket", at: "PATCH /storage/v1/b/{bucket}", query: [...MATCH, ...ACLS], run: patch },
  { name: "UpdateBucket", at: "PUT /storage/v1/b/{bucket}", query: [...MATCH, ...ACLS], run: update },
  { name: "DeleteBucket", at: "DELETE /storage/v1/b/{bucket}", query: MATCH, run: remove },
  { name: "RestoreBucket", at: "POST /storage/v1/b/{bucket}/restore", query: ["generation"], run: restore },
  {
    name: "LockBucketRetentionPolicy",
    at: "POST /storage/v1/b/{bucket}/lockRetentionPolicy",
    query: MATCH,
    run: lock,
  },
];
