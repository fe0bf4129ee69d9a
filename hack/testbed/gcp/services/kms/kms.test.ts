import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
const location = `${PROJECT}/locations/europe-west1`;
const ring = `${location}/keyRings/ring`;
const name = `${ring}/cryptoKeys/jobs`;
const version = (n: number) => `${name}/cryptoKeyVersions/${String(n)}`;
const DAY = 86_400;

beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(async () => {
  await cloud.gcp.control.reset();
  await cloud.kms.createKeyRing({ parent: location, keyRingId: "ring", keyRing: {} });
});

const make = async (key: object = {}, cryptoKeyId = "jobs") =>
  (
    await cloud.kms.createCryptoKey({ parent: ring, cryptoKeyId, cryptoKey: { purpose: "ENCRYPT_DECRYPT", ...key } })
  )[0];
const statesOf = async () => (await cloud.kms.listCryptoKeyVersions({ parent: name }))[0].map(({ state }) => state);
const inDays = (days: number) => ({ seconds: Math.floor(Date.now() / 1000) + days * DAY });

describe("keys", () => {
  test("come with a first version, which is the primary, and Google's defaults", async () => {
    expect(await make()).toMatchObject({
      name,
      primary: { name: version(1), state: "ENABLED" },
      destroyScheduledDuration: { seconds: String(30 * DAY) },
      versionTemplate: { protectionLevel: "SOFTWARE", algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION" },
    });
  });

  test.each([
    ["no purpose", { purpose: undefined }, /purpose is required/],
    ["a period without a next time", { rotationPeriod: { seconds: DAY } }, /next_rotation_time must be set/],
    ["a period under a day", { rotationPeriod: { seconds: DAY - 1 }, nextRotationTime: inDays(1) }, /rotation_period/],
    ["a next time in the past", { rotationPeriod: { seconds: DAY }, nextRotationTime: inDays(-1) }, /in the future/],
    ["a window of more than 120 days", { destroyScheduledDuration: { seconds: 121 * DAY } }, /destroy_scheduled/],
  ])("with %s are refused", async (_what, key, message) =>
    expect(await refusal(make(key))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    }),
  );

  test("are refused without their ring, twice, and with another window", async () => {
    const parent = `${location}/keyRings/none`;
    const cryptoKey = { purpose: "ENCRYPT_DECRYPT" as const };
    expect(await refusal(cloud.kms.createCryptoKey({ parent, cryptoKeyId: "jobs", cryptoKey }))).toMatchObject({
      code: "NOT_FOUND",
    });
    await make();
    expect(await refusal(make())).toMatchObject({ code: "ALREADY_EXISTS" });
    const window = { name, destroyScheduledDuration: { seconds: 7 * DAY } };
    const updateMask = { paths: ["destroy_scheduled_duration"] };
    expect(await refusal(cloud.kms.updateCryptoKey({ cryptoKey: window, updateMask }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/immutable/),
    });
  });

  test("rotate when their time has come", async () => {
    await make({ rotationPeriod: { seconds: 90 * DAY }, nextRotationTime: inDays(90) });
    cloud.gcp.control.advance(91 * DAY * 1000);
    const [key] = await cloud.kms.getCryptoKey({ name });
    expect(key.primary?.name).toBe(version(2));
    expect(Number(key.nextRotationTime?.seconds)).toBeGreaterThan(inDays(179).seconds);
  });
});

describe("versions", () => {
  test("are destroyed after the window, restored before it as disabled, and never from nothing", async () => {
    await make({ destroyScheduledDuration: { seconds: 7 * DAY } });
    expect(await refusal(cloud.kms.restoreCryptoKeyVersion({ name: version(1) }))).toMatchObject({
      code: "FAILED_PRECONDITION",
    });
    await cloud.kms.destroyCryptoKeyVersion({ name: version(1) });
    expect(await refusal(cloud.kms.destroyCryptoKeyVersion({ name: version(1) }))).toMatchObject({
      code: "FAILED_PRECONDITION",
    });
    const [restored] = await cloud.kms.restoreCryptoKeyVersion({ name: version(1) });
    expect(restored).toMatchObject({ state: "DISABLED", destroyTime: null });
    await cloud.kms.destroyCryptoKeyVersion({ name: version(1) });
    cloud.gcp.control.advance(7 * DAY * 1000);
    expect(await statesOf()).toEqual(["DESTROYED"]);
    expect(await refusal(cloud.kms.restoreCryptoKeyVersion({ name: version(1) }))).toMatchObject({
      code: "FAILED_PRECONDITION",
    });
  });

  test("encrypt while enabled, and read what they encrypted after a rotation", async () => {
    await make();
    const plaintext = Buffer.from("4711");
    const additionalAuthenticatedData = Buffer.from("row 1");
    const [{ ciphertext }] = await cloud.kms.encrypt({ name, plaintext, additionalAuthenticatedData });
    const [second] = await cloud.kms.createCryptoKeyVersion({ parent: name, cryptoKeyVersion: {} });
    await cloud.kms.updateCryptoKeyPrimaryVersion({ name, cryptoKeyVersionId: "2" });
    expect(second.name).toBe(version(2));
    const [read] = await cloud.kms.decrypt({ name, ciphertext: ciphertext ?? null, additionalAuthenticatedData });
    expect(Buffer.from(read.plaintext as Uint8Array).toString()).toBe("4711");
    expect(read.usedPrimary).toBe(false);
    expect(await refusal(cloud.kms.decrypt({ name, ciphertext: ciphertext ?? null }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    const disabled = { name: version(1), state: "DISABLED" as const };
    await cloud.kms.updateCryptoKeyVersion({ cryptoKeyVersion: disabled, updateMask: { paths: ["state"] } });
    expect(
      await refusal(cloud.kms.decrypt({ name, ciphertext: ciphertext ?? null, additionalAuthenticatedData })),
    ).toMatchObject({ code: "FAILED_PRECONDITION", message: expect.stringMatching(/is not enabled/) });
  });
});

test("a topic with a key needs the right of Pub/Sub's agent on it", async () => {
  await make();
  const topic = { name: `${PROJECT}/topics/jobs`, kmsKeyName: name };
  expect(await refusal(cloud.publisher.createTopic(topic))).toMatchObject({
    code: "FAILED_PRECONDITION",
    message: expect.stringMatching(/gcp-sa-pubsub.*lacks/),
  });
  const member = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com";
  const policy = { bindings: [{ role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", members: [member] }] };
  await cloud.kms.setIamPolicy({ resource: name, policy } as never);
  await expect(cloud.publisher.createTopic(topic)).resolves.toBeDefined();
});
