/** What is special to buckets on Google Cloud; what all clouds share is in operator/provider/conformance. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BucketWant } from "../../controllers/leaf/wants.ts";
import type { Copied } from "../../operator/provider/copying.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { KEY_USER_ROLE } from "./key-agents.ts";
import type { Binding } from "./policy.ts";
import { createStorage, type Storage } from "./storage.ts";
import { bucketWant, fitted } from "./testing/bucket.ts";
import { type Adapter, at, call, owned, PROJECT, present, providerOf, REGION, startAdapter } from "./testing/cloud.ts";

let adapter: Adapter;
let storage: Storage;
beforeAll(async () => {
  adapter = await startAdapter();
  storage = createStorage(adapter.place);
});
afterAll(() => adapter.close());
beforeEach(() => adapter.prepare());

const signal = AbortSignal.timeout(60_000);
const DAY = 86_400_000;
const bucket = () => providerOf(adapter.connection, "Bucket");
const by = (name: string) => call("Bucket", name);
const look = (name: string) => bucket().observe(at(name), by(name));
const seen = async (name: string) => present(await look(name));
const faults = () => adapter.cloud.control.faults;

const wanted = (name: string, change?: Partial<BucketWant>): BucketWant => fitted(bucket(), bucketWant(name, change));

async function made(name: string, change: Partial<BucketWant> = {}) {
  const want = wanted(name, change);
  await bucket().create(name, want, by(name));
  adapter.writes();
  return want;
}

const rest = async (method: string, path: string, body?: string) => {
  const response = await fetch(`${adapter.cloud.rest}${path}`, {
    method,
    ...(body === undefined ? {} : { body, headers: { "content-type": "text/plain" } }),
  });
  expect(response.status, path).toBeLessThan(300);
  return response;
};
const write = (name: string, object: string, text: string) =>
  rest("POST", `/upload/storage/v1/b/${name}/o?uploadType=media&name=${encodeURIComponent(object)}`, text);
const read = async (name: string, object: string) =>
  (await rest("GET", `/storage/v1/b/${name}/o/${encodeURIComponent(object)}?alt=media`)).text();

describe("create", () => {
  test("makes it in one call with everything explicit, and nothing when it is looked at again", async () => {
    expect(await look("files")).toEqual({ exists: false });
    const want = wanted("files", { versioning: true, softDeleteDays: 7, storageClass: "Auto" });
    const created = await bucket().create("files", want, by("files"));
    const outputs = {
      BUCKET_ID: "projects/_/buckets/files",
      BUCKET: "files",
      BUCKET_URL: "gs://files",
      REGION,
    };
    expect(created).toEqual({ id: outputs.BUCKET_ID, outputs });
    expect(adapter.writes()).toEqual(["CreateBucket"]);
    const found = await seen("files");
    expect(found).toMatchObject({ id: outputs.BUCKET_ID, phase: "ready", owner: owned("Bucket", "files"), outputs });
    expect(diff(want, found.actual)).toEqual([]);
    expect(adapter.writes()).toEqual([]);
  });

  test("whose reply was lost is found by its marks", async () => {
    faults().add({ method: "CreateBucket", dropReply: true, times: 1 });
    await expect(bucket().create("files", wanted("files"), by("files"))).rejects.toMatchObject({ fault: "transient" });
    adapter.writes();
    expect(await bucket().create("files", wanted("files"), by("files"))).toEqual({ id: "projects/_/buckets/files" });
    expect(adapter.writes()).toEqual([]);
  });

  test.each(["hidden", "readable"] as const)(
    "of a name that another project has (%s) is refused in words",
    async (how) => {
      adapter.cloud.control.settings.foreignBuckets = { theirs: how };
      const found = present(await look("theirs"));
      expect(found).toMatchObject({ phase: "ready", message: expect.stringContaining("belongs to another project") });
      expect(found.owner).toBeUndefined();
      await expect(bucket().create("theirs", wanted("theirs"), by("theirs"))).rejects.toMatchObject({
        fault: "conflict",
      });
      await expect(bucket().adopt(found, wanted("theirs"), by("theirs"))).rejects.toMatchObject({ fault: "conflict" });
      expect(adapter.writes()).toEqual([]);
    },
  );
});

describe("a customer's key", () => {
  const key = `projects/${PROJECT}/locations/${REGION}/keyRings/r/cryptoKeys/k`;
  const AGENT = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com";
  beforeEach(async () => {
    const ring = `/v1/projects/${PROJECT}/locations/${REGION}/keyRings`;
    const json = { method: "POST", headers: { "content-type": "application/json" } };
    const keyed = { ...json, body: JSON.stringify({ purpose: "ENCRYPT_DECRYPT" }) };
    for (const [path, init] of [
      [`${ring}?keyRingId=r`, { ...json, body: "{}" }],
      [`${ring}/r/cryptoKeys?cryptoKeyId=k`, keyed],
    ] as const)
      expect((await fetch(`${adapter.cloud.rest}${path}`, init)).status).toBe(200);
    adapter.writes();
  });
  const members = async () => {
    const response = await fetch(`${adapter.cloud.rest}/v1/${key}:getIamPolicy`);
    return ((await response.json()) as { bindings?: { role: string; members: string[] }[] }).bindings ?? [];
  };

  test("is opened to Cloud Storage's agent first, which is made for it, and then used", async () => {
    const want = await made("files", { encryptionKey: key });
    expect(await members()).toEqual([{ role: KEY_USER_ROLE, members: [AGENT] }]);
    expect(diff(want, (await seen("files")).actual)).toEqual([]);
    await write("files", "a", "secret");
    expect(await read("files", "a")).toBe("secret");
  });

  test("that is set later is opened before it is", async () => {
    await made("files");
    const want = wanted("files", { encryptionKey: key });
    await bucket().update(await seen("files"), want, new Set(["encryptionKey"] as const), by("files"));
    expect(adapter.writes()).toEqual(["SetIamPolicy", "UpdateBucket"]);
    await bucket().update(await seen("files"), wanted("files"), new Set(["encryptionKey"] as const), by("files"));
    expect(adapter.writes()).toEqual(["UpdateBucket"]);
    expect((await seen("files")).actual.encryptionKey).toBeNull();
  });

  test("whose policy we may not touch is for its owner to open: Cloud Storage's word counts", async () => {
    faults().add({ method: "GetIamPolicy", error: { code: "PERMISSION_DENIED" } });
    await expect(made("files", { encryptionKey: key })).rejects.toMatchObject({
      fault: "denied",
      message: expect.stringContaining("authorized to use this key"),
    });
    expect(await look("files")).toEqual({ exists: false });
  });
});

describe("who delivers", () => {
  const ROLE = "roles/storage.objectCreator";
  const ACME = { who: "billing@acme.iam.gserviceaccount.com", prefix: "acme/", delivers: true };
  const GLOBEX = { who: "export@globex.iam.gserviceaccount.com", prefix: "", delivers: true };
  const policy = () => storage.read("projects/_/buckets/files", signal);
  const bindings = async () => (await policy()).bindings ?? [];
  const bound = async (role = ROLE) => (await bindings()).filter((one) => one.role === role);
  const write = async (change: (live: readonly Binding[]) => readonly Binding[]) => {
    const live = await policy();
    const version = { version: 3 };
    await storage.write(
      "projects/_/buckets/files",
      { ...live, ...version, bindings: change(live.bindings ?? []) },
      signal,
    );
  };
  async function delivering(...deliverers: BucketWant["deliverers"]) {
    const want = wanted("files", { deliverers });
    await bucket().update(await seen("files"), want, new Set(["deliverers"] as const), by("files"));
    const { actual } = await seen("files");
    expect(diff(want, actual)).toEqual([]);
  }

  test("is nobody and costs no call until somebody is asked for", async () => {
    await made("files");
    expect((await seen("files")).actual.deliverers).toEqual([]);
    expect(adapter.requests("GetIamPolicy")).toEqual([]);
  });

  test("comes with a new bucket, is added, changed and taken away, and then costs no call again", async () => {
    const created = await bucket().create("files", wanted("files", { deliverers: [ACME] }), by("files"));
    expect(created.outputs).toBeUndefined();
    adapter.writes();
    await delivering(ACME);
    expect(adapter.writes()).toEqual(["UpdateBucket", "SetIamPolicy"]);
    for (const wished of [[ACME, GLOBEX], [{ ...ACME, prefix: "other/" }, GLOBEX], [GLOBEX]]) {
      await delivering(...wished);
      expect(adapter.writes()).toEqual(["SetIamPolicy"]);
    }
    expect(await bound()).toMatchObject([{ members: [`serviceAccount:${GLOBEX.who}`] }]);
    await delivering();
    expect(adapter.writes()).toEqual(["SetIamPolicy", "UpdateBucket"]);
    expect(await bound()).toEqual([]);
    adapter.writes();
    await seen("files");
    expect(adapter.requests("GetIamPolicy")).toEqual([]);
  });

  test("is put right when somebody lets more in, takes it out or takes the label off", async () => {
    await made("files");
    await delivering(ACME);
    const bend = (change: Partial<Binding>) =>
      write((live) => live.map((one) => (one.role === ROLE ? { ...one, ...change } : one)));
    const bents = [
      () => bend({ role: "roles/storage.objectAdmin" }),
      () => bend({ members: [`serviceAccount:${ACME.who}`, `serviceAccount:${GLOBEX.who}`] }),
      () => write((live) => live.filter(({ role }) => role !== ROLE)),
      () => storage.patch("files", { labels: { "onyx-deliverers": null } }, signal),
    ];
    for (const bent of bents) {
      await bent();
      expect((await seen("files")).actual.deliverers).not.toEqual([ACME]);
      await delivering(ACME);
      expect(await bound("roles/storage.objectAdmin")).toEqual([]);
    }
  });

  test("leaves no label behind, also when it was cut off before that", async () => {
    await made("files");
    await delivering(ACME);
    faults().add({ method: "UpdateBucket", error: { code: "UNAVAILABLE" }, times: 1 });
    await expect(delivering()).rejects.toMatchObject({ fault: "transient" });
    expect(await bound()).toEqual([]);
    await delivering();
    expect((await storage.bucket("files", signal))?.labels).not.toHaveProperty("onyx-deliverers");
  });

  test("goes alone: others that are bound stay, the same account with the same role too", async () => {
    await made("files");
    const theirs = [
      { role: ROLE, members: [`serviceAccount:${ACME.who}`] },
      { role: "roles/storage.objectViewer", members: [`serviceAccount:${GLOBEX.who}`] },
    ];
    await write((live) => [...live, ...theirs]);
    const before = await bindings();
    await delivering(ACME);
    expect(await bound()).toHaveLength(2);
    await delivering();
    expect(await bindings()).toEqual(before);
  });
});

describe("a locked retention", () => {
  const retention = { days: 1, lock: true };
  const locked = async () => {
    await made("files", { retention });
    await bucket().update(
      await seen("files"),
      wanted("files", { retention }),
      new Set(["retention"] as const),
      by("files"),
    );
  };

  test("is made unlocked, and locked by a call of its own", async () => {
    const created = await bucket().create("files", wanted("files", { retention }), by("files"));
    expect(created.outputs).toBeUndefined();
    expect((await seen("files")).actual.retention).toEqual({ days: 1, lock: false });
    await bucket().update(
      await seen("files"),
      wanted("files", { retention }),
      new Set(["retention"] as const),
      by("files"),
    );
    expect(adapter.writes()).toEqual(["CreateBucket", "LockBucketRetentionPolicy"]);
    expect((await seen("files")).actual.retention).toEqual(retention);
  });

  test("keeps what is written from everybody until it is old enough", async () => {
    await locked();
    await write("files", "receipt", "x");
    const path = `${adapter.cloud.rest}/storage/v1/b/files/o/receipt`;
    expect((await fetch(path, { method: "DELETE" })).status).toBe(403);
    expect(await read("files", "receipt")).toBe("x");
    adapter.cloud.control.advance(DAY + 1000);
    expect((await fetch(path, { method: "DELETE" })).status).toBe(204);
  });

  test("is not locked at other days than asked for, which somebody set in that moment", async () => {
    await made("files", { retention: { days: 1, lock: false } });
    const found = await seen("files");
    await storage.patch("files", { retentionPolicy: { retentionPeriod: String((30 * DAY) / 1000) } }, signal);
    const asked = bucket().update(found, wanted("files", { retention }), new Set(["retention"] as const), by("files"));
    await expect(asked).rejects.toMatchObject({ fault: "transient", step: "lock the retention of files" });
    expect((await seen("files")).actual.retention).toEqual({ days: 30, lock: false });
  });
});

describe("what Google refuses", () => {
  test("a bucket that holds old versions only is not empty: the reason says what to do", async () => {
    await made("files", { versioning: true });
    await write("files", "a", "1");
    await rest("DELETE", "/storage/v1/b/files/o/a");
    await expect(bucket().delete(await seen("files"), at("files"), by("files"))).rejects.toMatchObject({
      fault: "conflict",
      message: expect.stringContaining("old versions"),
    });
    expect((await look("files")).exists).toBe(true);
  });

  test.each([
    ["UNAVAILABLE", "transient"],
    ["RESOURCE_EXHAUSTED", "throttled"],
    ["PERMISSION_DENIED", "denied"],
    ["UNAUTHENTICATED", "denied"],
  ] as const)("%s while looking is %s and never absence", async (code, fault) => {
    await made("files");
    faults().add({ method: "GetBucket", error: { code }, times: 1 });
    await expect(look("files")).rejects.toMatchObject({ fault });
  });
});

describe("restore", () => {
  const restored = async (moment: Date | undefined): Promise<Copied | undefined> =>
    bucket().restoreByCopy?.(await seen("files"), { name: "again", want: wanted("again") }, moment, by("again"), {
      tell: () => undefined,
      pause: async () => undefined,
    });
  const clock = async () => {
    const found = await fetch(`${adapter.cloud.rest}/storage/v1/b/files/o/clock`);
    return new Date(((await found.json()) as { timeCreated: string }).timeCreated);
  };

  test("what only soft delete keeps is named, with the way to have it back; the rest is copied", async () => {
    await made("files", { versioning: true, softDeleteDays: 7 });
    for (const name of ["a", "b", "clock"]) await write("files", name, name);
    const moment = await clock();
    adapter.cloud.control.advance(1000);
    const [one] = (await storage.objects("files", "versions", undefined, signal)).objects;
    await rest("DELETE", `/storage/v1/b/files/o/a?generation=${one?.generation}`);
    expect(await restored(moment)).toMatchObject({
      copied: 2,
      leftOutCount: 1,
      leftOut: [{ name: "a", why: expect.stringContaining(`gs://files/a#${one?.generation}`) }],
    });
    expect(await read("again", "b")).toBe("b");
  });

  test("with soft delete alone there is nothing to copy from: said, with the command that brings it back", async () => {
    await made("files", { softDeleteDays: 7 });
    await expect(restored(new Date())).rejects.toMatchObject({
      fault: "invalid",
      message: expect.stringContaining("gcloud storage restore"),
    });
    expect(await storage.bucket("again", signal)).toBeUndefined();
  });

  test("a large object of another location goes in as many calls as Google asks for", async () => {
    await made("files", { overrides: { location: "EU" } });
    const text = "onyx".repeat(2 ** 19 + 1);
    await write("files", "big", text);
    expect(await restored(undefined)).toMatchObject({ copied: 1, bytes: text.length, leftOutCount: 0 });
    expect(adapter.requests("RewriteObject").length).toBeGreaterThan(2);
    expect(await read("again", "big")).toBe(text);
  });

  test("nobody's rules touch the copy while it is made, and its marks are those of what it is from", async () => {
    await made("files", { versioning: true, retention: { days: 1, lock: false } });
    await restored(undefined);
    const copy = await storage.bucket("again", signal);
    expect(copy).toMatchObject({
      labels: { "onyx-name": "files", "onyx-restored-at": expect.stringMatching(/^\d+$/) },
    });
    expect(copy?.retentionPolicy ?? copy?.lifecycle).toBeUndefined();
    const found = await seen("again");
    await bucket().adopt(found, wanted("again"), by("again"));
    const labels = (await storage.bucket("again", signal))?.labels;
    expect(labels).toMatchObject({ "onyx-name": "again" });
    expect(labels).not.toHaveProperty("onyx-restored-at");
  });

  test("a moment that is long gone is refused before anything is made", async () => {
    const rule = {
      name: "old",
      prefix: "",
      action: "ExpireNoncurrent",
      days: 30,
      to: null,
      versionsKept: null,
    } as const;
    await made("files", { versioning: true, lifecycle: [rule] });
    await expect(restored(new Date(Date.now() - 31 * DAY))).rejects.toMatchObject({ code: "TOO_EARLY" });
    expect(adapter.writes()).toEqual([]);
  });
});
