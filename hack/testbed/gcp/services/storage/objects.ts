/** Objects of the JSON API: https://cloud.google.com/storage/docs/json_api/v1/objects */
import type { HttpAnswer } from "../../engine/rest.ts";
import type { Store, View } from "../../engine/store.ts";
import type { World } from "../../engine/world.ts";
import { CLASSES, type Stored } from "./bucket-rules.ts";
import { refuseForeign } from "./buckets.ts";
import { crc32c, md5 } from "./checksums.ts";
import { checkKeyUse } from "./keys.ts";
import { bucketName, bucketOf, OBJECT, rfc3339 } from "./names.ts";
import type { Notify } from "./notifications.ts";
import { type Metadata, parseMetadata } from "./object-schema.ts";
import { compare, pageOf } from "./pages.ts";
import { absent, bad, checkNumber, conditionNotMet, notHere, retained } from "./refusals.ts";
import type { Methods, StorageCall } from "./routes.ts";

/** One generation of an object. */
export interface Generation {
  readonly [field: string]: unknown;
  readonly state: "live" | "noncurrent" | "softDeleted";
  readonly content: Buffer;
  /** As the API shows it, without what follows from where it is served. */
  readonly resource: Resource;
}

export interface Resource {
  readonly [field: string]: unknown;
  readonly name: string;
  readonly bucket: string;
  readonly generation: string;
  readonly metageneration: string;
  readonly storageClass: string;
  readonly timeCreated: string;
  readonly timeDeleted?: string;
  readonly hardDeleteTime?: string;
}

export interface Objects {
  /** Stores a new generation. @throws StorageError */
  write(call: StorageCall, name: string, metadata: unknown, content: Buffer, type?: string): Promise<object>;
  /** The generation that a call names, or the live one. @throws StorageError */
  found(call: StorageCall, view: View, permission: string): { readonly bucket: Stored; readonly one: Generation };
  /** A copy of it, under its name. @param when as OverwriteWhen of google/storagetransfer/v1/transfer_types.proto */
  receive(to: Stored, one: Generation, when: string): Promise<void>;
  /** Takes one generation away, as a lifecycle rule does. */
  expire(bucket: Stored, one: Generation): Promise<void>;
  readonly methods: Methods;
}

const keyOf = ({ bucket, name, generation }: Resource): string =>
  `${bucketName(bucket)}/objects/${name}#${generation.padStart(20, "0")}`;

export const put = (store: Store, one: Generation): void => store.put(OBJECT, keyOf(one.resource), one);
export const drop = (store: Store, one: Generation): void => store.delete(OBJECT, keyOf(one.resource));

/** All generations in a bucket, by name in the order of UTF-8 bytes, then by age. */
export const generationsOf = (view: View, bucket: string): readonly Generation[] =>
  (view.list(OBJECT, `${bucketName(bucket)}/objects/`) as readonly Generation[]).toSorted(
    (a, b) =>
      compare(a.resource.name, b.resource.name) || Number(a.resource.generation) - Number(b.resource.generation),
  );

const named = (view: View, bucket: string, name: string): readonly Generation[] =>
  generationsOf(view, bucket).filter(({ resource }) => resource.name === name);

const liveOf = (view: View, bucket: string, name: string): Generation | undefined =>
  named(view, bucket, name).find(({ state }) => state === "live");

function checkObjectName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) throw bad("Required parameter: name");
  if (bytes > 1024) throw bad(`The maximum object length is 1024 characters, but got a name with ${String(bytes)}.`);
  if (/[\r\n]/.test(name) || name === "." || name === ".." || name.startsWith(".well-known/acme-challenge/"))
    throw bad(`Disallowed unicode characters present in object name or name not allowed: '${name}'`);
}

/** What a copy keeps of its original. */
export function keptOf({ resource }: Generation): Metadata {
  const { cacheControl, contentDisposition, contentEncoding, contentLanguage, contentType, customTime, metadata } =
    resource;
  const kept = {
    cacheControl,
    contentDisposition,
    contentEncoding,
    contentLanguage,
    contentType,
    customTime,
    metadata,
  };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) as Metadata;
}

export const shownObject = ({ resource }: Generation, base: string): object => {
  const path = `/storage/v1/b/${resource.bucket}/o/${encodeURIComponent(resource.name)}`;
  return {
    kind: "storage#object",
    id: `${resource.bucket}/${resource.name}/${resource.generation}`,
    selfLink: `${base}${path}`,
    mediaLink: `${base}/download${path}?generation=${resource.generation}&alt=media`,
    etag: Buffer.from(`${resource.generation}/${resource.metageneration}`).toString("base64"),
    ...resource,
  };
};

export function newObjects(world: World, notify: Notify): Objects {
  const { store, clock } = world;
  let lastGeneration = 0;
  const nextGeneration = (): string => {
    lastGeneration = Math.max(lastGeneration + 1, clock.now() * 1000);
    return String(lastGeneration);
  };

  function checkRetention(bucket: Stored, { resource }: Generation): void {
    const period = Number(bucket.retentionPolicy?.retentionPeriod ?? 0) * 1000;
    const until = Date.parse(resource.timeCreated) + period;
    if (period > 0 && clock.now() < until)
      throw retained(
        `Object '${bucket.name}/${resource.name}' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${rfc3339(until)}`,
      );
  }

  /** Soft-deleted, or gone where the bucket keeps nothing. */
  function bury(bucket: Stored, one: Generation): void {
    const held = Number(bucket.softDeletePolicy.retentionDurationSeconds) * 1000;
    if (held === 0) {
      drop(store, one);
      return;
    }
    const times = { softDeleteTime: rfc3339(clock.now()), hardDeleteTime: rfc3339(clock.now() + held) };
    put(store, { ...one, state: "softDeleted", resource: { ...one.resource, ...times } });
  }

  /** What was live makes place: noncurrent where there are versions. @returns the event that this is */
  function supersede(bucket: Stored, one: Generation): "OBJECT_ARCHIVE" | "OBJECT_DELETE" {
    checkRetention(bucket, one);
    if (bucket.versioning?.enabled !== true) {
      bury(bucket, one);
      return "OBJECT_DELETE";
    }
    put(store, { ...one, state: "noncurrent", resource: { ...one.resource, timeDeleted: rfc3339(clock.now()) } });
    return "OBJECT_ARCHIVE";
  }

  function checkNew(call: StorageCall, before: Generation | undefined, bucket: Stored): void {
    const uniform = bucket.iamConfiguration.uniformBucketLevelAccess.enabled;
    if (uniform && call.query.has("predefinedAcl"))
      throw bad("Cannot insert legacy ACL for an object when uniform bucket-level access is enabled.");
    checkNumber(call.query, "Generation", before?.resource.generation ?? "0");
    if (before) checkNumber(call.query, "Metageneration", before.resource.metageneration);
    else if (call.query.has("ifMetagenerationMatch")) throw conditionNotMet();
  }

  function classOf(bucket: Stored, asked: string | undefined): string {
    if (asked !== undefined && !CLASSES.includes(asked)) throw bad(`Invalid argument: storage class ${asked}.`);
    return bucket.autoclass?.enabled ? "STANDARD" : (asked ?? bucket.storageClass);
  }

  function generation(bucket: Stored, name: string, sent: Metadata, content: Buffer, type?: string): Generation {
    const time = rfc3339(clock.now());
    const key = sent.kmsKeyName ?? bucket.encryption?.defaultKmsKeyName;
    checkKeyUse(key, world);
    const { storageClass, crc32c: _crc, md5Hash: _md5, bucket: _bucket, name: _name, ...rest } = sent;
    const resource: Resource = {
      ...rest,
      name,
      bucket: bucket.name,
      generation: nextGeneration(),
      metageneration: "1",
      contentType: sent.contentType ?? type ?? "application/octet-stream",
      storageClass: classOf(bucket, storageClass),
      size: String(content.length),
      md5Hash: md5(content),
      crc32c: crc32c(content),
      timeCreated: time,
      timeFinalized: time,
      timeStorageClassUpdated: time,
      updated: time,
      ...(key === undefined ? {} : { kmsKeyName: `${key}/cryptoKeyVersions/1` }),
    };
    if (sent.crc32c !== undefined && sent.crc32c !== resource.crc32c)
      throw bad(`Provided CRC32C "${sent.crc32c}" doesn't match calculated CRC32C "${String(resource.crc32c)}".`);
    if (sent.md5Hash !== undefined && sent.md5Hash !== resource.md5Hash)
      throw bad(`Provided MD5 hash "${sent.md5Hash}" doesn't match calculated MD5 hash.`);
    return { state: "live", content, resource };
  }

  async function replace(bucket: Stored, before: Generation | undefined, made: Generation, base: string) {
    const event = before && supersede(bucket, before);
    put(store, made);
    const { generation: now } = made.resource;
    if (before && event) await notify(bucket, event, before, base, { overwrittenByGeneration: now });
    const over = before ? { overwroteGeneration: before.resource.generation } : {};
    await notify(bucket, "OBJECT_FINALIZE", made, base, over);
    return shownObject(made, base);
  }

  async function write(call: StorageCall, given: string, metadata: unknown, content: Buffer, type?: string) {
    const sent = parseMetadata(metadata ?? {});
    refuseForeign(call, call.parameters.bucket, "storage.objects.create");
    const bucket = bucketOf(store, call.parameters.bucket);
    const uniform = bucket.iamConfiguration.uniformBucketLevelAccess.enabled;
    if (uniform && sent.acl !== undefined)
      throw bad("Cannot insert legacy ACL for an object when uniform bucket-level access is enabled.");
    const name = given === "" ? (sent.name ?? "") : given;
    checkObjectName(name);
    const before = liveOf(store, bucket.name, name);
    checkNew(call, before, bucket);
    return replace(bucket, before, generation(bucket, name, sent, content, type), call.base);
  }

  async function receive(to: Stored, one: Generation, when: string): Promise<void> {
    const { name, md5Hash } = one.resource;
    const before = liveOf(store, to.name, name);
    if (before && (when === "NEVER" || (when === "DIFFERENT" && before.resource.md5Hash === md5Hash))) return;
    await replace(to, before, generation(to, name, keptOf(one), one.content), "");
  }

  /** The generation that a call names, or the live one. */
  function found(call: StorageCall, view: View, permission: string): { bucket: Stored; one: Generation } {
    const { bucket: id, object } = call.parameters;
    refuseForeign(call, id, permission);
    const bucket = bucketOf(view, id);
    const generation = call.query.get("generation");
    const soft = call.query.get("softDeleted") === "true";
    const one = named(view, id, object).find(({ state, resource }) =>
      generation === null ? state === "live" : resource.generation === generation && (state === "softDeleted") === soft,
    );
    if (one === undefined) throw absent(`No such object: ${id}/${object}`);
    checkNumber(call.query, "Generation", one.resource.generation);
    checkNumber(call.query, "Metageneration", one.resource.metageneration);
    return { bucket, one };
  }

  function get(call: StorageCall): HttpAnswer {
    const { one } = found(call, call.view, "storage.objects.get");
    if (call.query.get("alt") !== "media") return { status: 200, body: shownObject(one, call.base) };
    const { resource, content } = one;
    return {
      status: 200,
      body: content,
      headers: {
        "content-type": String(resource.contentType),
        "x-goog-hash": `crc32c=${String(resource.crc32c)},md5=${String(resource.md5Hash)}`,
        "x-goog-generation": resource.generation,
        "x-goog-metageneration": resource.metageneration,
        "x-goog-storage-class": resource.storageClass,
      },
    };
  }

  async function remove(call: StorageCall) {
    const { bucket, one } = found(call, store, "storage.objects.delete");
    if (call.query.has("generation")) await expire(bucket, one, call.base);
    else await notify(bucket, supersede(bucket, one), one, call.base, {});
    return undefined;
  }

  async function expire(bucket: Stored, one: Generation, base = ""): Promise<void> {
    checkRetention(bucket, one);
    bury(bucket, one);
    await notify(bucket, "OBJECT_DELETE", one, base, {});
  }

  function list(call: StorageCall) {
    const { query, view } = call;
    const { bucket } = call.parameters;
    refuseForeign(call, bucket, "storage.objects.list");
    bucketOf(view, bucket);
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const states =
      query.get("softDeleted") === "true"
        ? ["softDeleted"]
        : query.get("versions") === "true"
          ? ["live", "noncurrent"]
          : ["live"];
    const within = ({ name }: Resource) =>
      name.startsWith(prefix) &&
      compare(name, query.get("startOffset") ?? "") >= 0 &&
      (query.get("endOffset") === null || compare(name, query.get("endOffset") ?? "") < 0);
    const all = generationsOf(view, bucket).filter(({ state, resource }) => states.includes(state) && within(resource));
    /** The folder in which a name lies below the prefix, or undefined. */
    const folder = (name: string): string | undefined => {
      const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
      return end < 0 ? undefined : name.slice(0, end + delimiter.length);
    };
    const keys = [
      ...new Set(all.map(({ resource }) => folder(resource.name) ?? `${resource.name}\n${resource.generation}`)),
    ];
    const page = pageOf(keys.toSorted(compare), (key) => key, query);
    const onPage = new Set(page.items);
    return {
      kind: "storage#objects",
      items: all
        .filter(({ resource }) => onPage.has(`${resource.name}\n${resource.generation}`))
        .map((one) => shownObject(one, call.base)),
      prefixes: page.items.filter((key) => !key.includes("\n")),
      nextPageToken: page.nextPageToken,
    };
  }

  async function restore(call: StorageCall) {
    const { bucket: id, object } = call.parameters;
    const bucket = bucketOf(store, id);
    const asked = call.query.get("generation");
    if (asked === null) throw bad("Required parameter: generation");
    const one = named(store, id, object).find(
      ({ state, resource }) => state === "softDeleted" && resource.generation === asked,
    );
    if (one === undefined) throw absent(`No such object: ${id}/${object}`);
    const before = liveOf(store, id, object);
    checkNew(call, before, bucket);
    const { softDeleteTime: _soft, hardDeleteTime: _hard, timeDeleted: _deleted, ...resource } = one.resource;
    const time = rfc3339(clock.now());
    const again = { ...resource, generation: nextGeneration(), timeCreated: time, updated: time } as Resource;
    return replace(bucket, before, { ...one, state: "live", resource: again }, call.base);
  }

  function openUp(call: StorageCall): never {
    const { bucket } = found(call, store, "storage.objects.setIamPolicy");
    if (bucket.iamConfiguration.uniformBucketLevelAccess.enabled)
      throw bad(
        "Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access",
      );
    throw notHere("The test bed's Cloud Storage keeps no ACLs: use uniform bucket-level access.");
  }

  const one = ["generation", "softDeleted"];
  const match = ["ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch"];
  const at = "/storage/v1/b/{bucket}/o/{object}";
  const listed = [
    "delimiter",
    "endOffset",
    "maxResults",
    "pageToken",
    "prefix",
    "softDeleted",
    "startOffset",
    "versions",
  ];
  const methods: Methods = [
    { name: "ListObjects", at: "GET /storage/v1/b/{bucket}/o", query: listed, plane: "data", run: list },
    { name: "GetObject", at: `GET ${at}`, query: [...one, ...match], plane: "data", answer: get },
    { name: "DeleteObject", at: `DELETE ${at}`, query: [...one, ...match], plane: "data", run: remove },
    { name: "CreateObjectAccessControl", at: `POST ${at}/acl`, query: ["generation"], plane: "data", run: openUp },
    { name: "RestoreObject", at: `POST ${at}/restore`, query: [...one, ...match], plane: "data", run: restore },
  ];
  return { write, receive, found, expire, methods };
}
