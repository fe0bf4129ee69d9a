/** What is special to keys on Google Cloud; what all clouds share is in operator/provider/conformance. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { EncryptionKeyWant } from "../../controllers/leaf/wants.ts";
import { createClients } from "./clients.ts";
import { KEY_USER_ROLE, letServiceUseKey } from "./key-agents.ts";
import { createKms } from "./kms.ts";
import { createPolicyEditor } from "./policy.ts";
import { createStorage } from "./storage.ts";
import { type Adapter, at, call, marks, PROJECT, present, providerOf, REGION, startAdapter } from "./testing/cloud.ts";

let adapter: Adapter;
let kms: ReturnType<typeof createKms>;
beforeAll(async () => {
  adapter = await startAdapter();
  kms = createKms(createClients(adapter.place));
});
afterAll(() => adapter.close());
beforeEach(() => adapter.prepare());

const signal = AbortSignal.timeout(60_000);
const DAY = 86_400_000;
const ring = `projects/${PROJECT}/locations/${REGION}/keyRings/onyx-dev`;
const id = (name: string) => `${ring}/cryptoKeys/${name}`;
const keys = () => providerOf(adapter.connection, "EncryptionKey");
const wanted = (name: string, change: Partial<EncryptionKeyWant> = {}): EncryptionKeyWant => ({
  rotationDays: 90,
  deletionWindowDays: 7,
  state: "Enabled",
  access: [],
  overrides: {},
  tags: marks("EncryptionKey", name),
  ...change,
});
const seen = async (name: string) => present(await keys().observe(at(name), call("EncryptionKey", name)));
const statesOf = async (name: string) => (await kms.versions(id(name), signal)).map(({ state }) => state);
const make = (name: string, want = wanted(name)) => keys().create(name, want, call("EncryptionKey", name));
const remove = async (name: string) => keys().delete(await seen(name), at(name), call("EncryptionKey", name));

test("the first key makes the ring, the next ones use it", async () => {
  expect(await make("one")).toEqual({ id: id("one"), outputs: { KEY_ID: id("one"), REGION } });
  expect(adapter.writes()).toEqual(["CreateKeyRing", "CreateCryptoKey"]);
  await make("two");
  expect(adapter.writes()).toEqual(["CreateCryptoKey"]);
  expect(await kms.key(id("two"), signal)).toMatchObject({
    rotationPeriod: { seconds: String(90 * 86_400) },
    destroyScheduledDuration: { seconds: String(7 * 86_400) },
    versionTemplate: { protectionLevel: "SOFTWARE", algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION" },
  });
});

test("a key in a hardware security module", async () => {
  const want = keys().fit?.(wanted("hsm", { overrides: { protectionLevel: "HSM" } })).want ?? wanted("hsm");
  await make("hsm", want);
  expect((await seen("hsm")).actual.overrides).toEqual({ protectionLevel: "HSM" });
});

test("once its window has passed it is absent, and the same key gets a new version", async () => {
  await make("jobs");
  await remove("jobs");
  expect(await seen("jobs")).toMatchObject({ phase: "deleting", restorable: true, actual: { rotationDays: 0 } });
  adapter.cloud.control.advance(7 * DAY + 1000);
  expect(await keys().observe(at("jobs"), call("EncryptionKey", "jobs"))).toEqual({ exists: false });
  adapter.writes();
  await make("jobs");
  expect(adapter.writes()).toEqual(["UpdateCryptoKey", "CreateCryptoKeyVersion", "UpdateCryptoKeyPrimaryVersion"]);
  expect(await seen("jobs")).toMatchObject({ phase: "ready", actual: { state: "Enabled", rotationDays: 90 } });
  expect(await statesOf("jobs")).toEqual(["DESTROYED", "ENABLED"]);
});

test("what rotation made is deleted and restored with the first version, also by a restore that was cut off", async () => {
  await make("jobs");
  adapter.cloud.control.advance(91 * DAY);
  expect(await statesOf("jobs")).toEqual(["ENABLED", "ENABLED"]);
  await remove("jobs");
  expect(await statesOf("jobs")).toEqual(["DESTROY_SCHEDULED", "DESTROY_SCHEDULED"]);
  adapter.cloud.control.faults.add({ method: "RestoreCryptoKeyVersion", skip: 1, error: { code: "UNAVAILABLE" } });
  // The cloud's clock is ahead of ours: a longer period puts the next rotation after its now.
  const want = wanted("jobs", { rotationDays: 365 });
  const restore = async () =>
    keys().update(await seen("jobs"), want, new Set(["state", "rotationDays"]), call("EncryptionKey", "jobs"));
  await expect(restore()).rejects.toMatchObject({ fault: "transient" });
  adapter.cloud.control.faults.clear();
  expect((await seen("jobs")).actual.state).toBe("Disabled");
  await restore();
  expect(await statesOf("jobs")).toEqual(["ENABLED", "ENABLED"]);
});

test("an old version that somebody destroys is left so", async () => {
  await make("jobs");
  adapter.cloud.control.advance(91 * DAY);
  await kms.destroy(`${id("jobs")}/cryptoKeyVersions/1`, signal);
  expect((await seen("jobs")).actual.state).toBe("Enabled");
});

test("a service is let use a key once, and others keep their rights on it", async () => {
  await make("jobs");
  const kmsPolicies = createPolicyEditor(kms);
  const theirs = { role: "roles/viewer", member: "user:ada@example.com" };
  await kmsPolicies.edit(id("jobs"), () => ({ bindings: [{ role: theirs.role, members: [theirs.member] }] }), signal);
  adapter.writes();
  const gcp = { kmsPolicies, projectNumber: async () => "123456789012", storage: createStorage(adapter.place) };
  for (let n = 0; n < 2; n++) await letServiceUseKey(gcp, "pubsub", id("jobs"), signal);
  await letServiceUseKey(gcp, "pubsub", null, signal);
  expect(adapter.writes()).toEqual(["SetIamPolicy"]);
  await letServiceUseKey(gcp, "storage", id("jobs"), signal);
  expect((await kms.read(id("jobs"), signal)).bindings).toMatchObject([
    {
      role: KEY_USER_ROLE,
      members: ["gcp-sa-pubsub", "gs-project-accounts"].map(
        (agent) => `serviceAccount:service-123456789012@${agent}.iam.gserviceaccount.com`,
      ),
    },
    { role: theirs.role, members: [theirs.member] },
  ]);
});

test("a key whose policy we may not touch is for its owner to open: the service's own word counts", async () => {
  await make("jobs");
  adapter.cloud.control.faults.add({ method: "GetIamPolicy", error: { code: "PERMISSION_DENIED" } });
  const gcp = {
    kmsPolicies: createPolicyEditor(kms),
    projectNumber: async () => "123456789012",
    storage: createStorage(adapter.place),
  };
  await expect(letServiceUseKey(gcp, "pubsub", id("jobs"), signal)).resolves.toBeUndefined();
});
