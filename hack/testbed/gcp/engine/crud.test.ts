import { beforeEach, describe, expect, test } from "vitest";
import { ancestorsOf } from "./ancestors.ts";
import { newCrud } from "./crud.ts";
import { loadDefinitions } from "./definitions.ts";
import { CloudError } from "./errors.ts";
import type { Message } from "./messages.ts";
import { newOperations } from "./operations.ts";
import { newStore } from "./store.ts";
import { validator } from "./validate.ts";
import type { World } from "./world.ts";

/** Services that nobody wrote a line for: what they do here comes from their definitions alone. */
const definitions = loadDefinitions(["google/cloud/kms/v1/service.proto", "google/cloud/workflows/v1/workflows.proto"]);
const KMS = "google.cloud.kms.v1.KeyManagementService";
const WORKFLOWS = "google.cloud.workflows.v1.Workflows";
const location = "projects/demo/locations/europe-west1";

let now: number;
let world: World;
beforeEach(() => {
  now = 1_700_000_000_000;
  const store = newStore();
  world = {
    definitions,
    validator: validator(definitions),
    store,
    clock: { now: () => now, advance: () => undefined, reset: () => undefined },
    operations: newOperations(store),
    settings: { operationMillis: 1000, databaseNameMillis: 0, foreignBuckets: {} },
    project: { id: "demo", number: "1" },
  };
});

function call(fullName: string, request: Message): Message {
  const method = definitions.methods.get(fullName);
  if (method === undefined) throw new Error(`${fullName} is not defined`);
  const handler = newCrud(world, {}, ancestorsOf(definitions))(method);
  if (handler === undefined) throw new Error(`${fullName} is no standard method`);
  world.operations.settle();
  return handler({ world, method, request, view: world.store, operationFailure: undefined }) as Message;
}

function refusal(fullName: string, request: Message): string {
  try {
    call(fullName, request);
  } catch (error) {
    if (error instanceof CloudError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("the call was not refused");
}

describe("a service of key rings and keys", () => {
  const ring = `${location}/keyRings/ring`;
  const createRing = (keyRingId = "ring") => call(`${KMS}.CreateKeyRing`, { parent: location, keyRingId, keyRing: {} });
  const createKey = (key: Message) =>
    call(`${KMS}.CreateCryptoKey`, {
      parent: ring,
      cryptoKeyId: "key",
      cryptoKey: { purpose: "ENCRYPT_DECRYPT", ...key },
    });

  test("creates below a parent, which must be there, and once", () => {
    expect(refusal(`${KMS}.CreateCryptoKey`, { parent: ring, cryptoKeyId: "key", cryptoKey: {} })).toMatch(
      /^NOT_FOUND.*ring/,
    );
    expect(createRing()).toMatchObject({ name: ring, createTime: { seconds: "1700000000" } });
    expect(refusal(`${KMS}.CreateKeyRing`, { parent: location, keyRingId: "ring" })).toMatch(/^ALREADY_EXISTS/);
    expect(createKey({ labels: { a: "1" } })).toMatchObject({ name: `${ring}/cryptoKeys/key`, labels: { a: "1" } });
    expect(refusal(`${KMS}.CreateKeyRing`, { parent: location, keyRingId: "a/b" })).toMatch(
      /^INVALID_ARGUMENT.*not a valid name/,
    );
    const elsewhere = { parent: "projects/other/locations/x", keyRingId: "ring" };
    expect(refusal(`${KMS}.CreateKeyRing`, elsewhere)).toMatch(/^NOT_FOUND.*project=other/);
  });

  test("ignores what is output only, keeps what is immutable, and changes what is masked", () => {
    createRing();
    createKey({ createTime: { seconds: "1" }, importOnly: true, labels: { a: "1" } });
    const name = `${ring}/cryptoKeys/key`;
    const update = (cryptoKey: Message, ...paths: string[]): [string, Message] => [
      `${KMS}.UpdateCryptoKey`,
      { cryptoKey: { name, ...cryptoKey }, updateMask: { paths } },
    ];
    expect(call(`${KMS}.GetCryptoKey`, { name })).toMatchObject({ createTime: { seconds: "1700000000" } });
    expect(refusal(...update({ purpose: "MAC" }, "purpose"))).toMatch(/^INVALID_ARGUMENT.*immutable/);
    expect(refusal(...update({}, "colour"))).toMatch(/^INVALID_ARGUMENT.*no field "colour"/);
    const changed = call(...update({ labels: { b: "2" }, importOnly: false }, "labels"));
    expect(changed).toMatchObject({ labels: { b: "2" }, importOnly: true });
    expect(
      call(...update({ purpose: "ENCRYPT_DECRYPT", createTime: { seconds: "9" } }, "purpose", "create_time")),
    ).toMatchObject({
      createTime: { seconds: "1700000000" },
    });
    const one = call(...update({ labels: { b: "3", c: "4" } }, "labels.b"));
    expect(one.labels).toEqual({ b: "3" });
  });

  test("lists one location, or all", () => {
    createRing();
    const other = "projects/demo/locations/us-east1";
    call(`${KMS}.CreateKeyRing`, { parent: other, keyRingId: "ring" });
    const names = (parent: string) =>
      (call(`${KMS}.ListKeyRings`, { parent }).keyRings as Message[]).map((keyRing) => keyRing.name);
    expect(names(other)).toEqual([`${other}/keyRings/ring`]);
    expect(names("projects/demo/locations/-")).toEqual([ring, `${other}/keyRings/ring`]);
    expect(refusal(`${KMS}.ListKeyRings`, { parent: location, filter: "x" })).toMatch(/^UNIMPLEMENTED/);
  });
});

describe("a service of long-running operations", () => {
  const name = `${location}/workflows/flow`;
  const create = () =>
    call(`${WORKFLOWS}.CreateWorkflow`, {
      parent: location,
      workflowId: "flow",
      workflow: { sourceContents: "main:" },
    });

  test("shows a workflow once its operation is through, and lets none begin meanwhile", () => {
    const operation = create();
    expect(operation).toMatchObject({ name: expect.stringContaining(`${location}/operations/`) });
    expect(operation.done).toBeUndefined();
    expect(refusal(`${WORKFLOWS}.GetWorkflow`, { name })).toMatch(/^NOT_FOUND/);
    expect(refusal(`${WORKFLOWS}.CreateWorkflow`, { parent: location, workflowId: "flow" })).toMatch(/^ALREADY_EXISTS/);
    now += 1000;
    expect(call(`${WORKFLOWS}.GetWorkflow`, { name })).toMatchObject({ name, sourceContents: "main:" });
    call(`${WORKFLOWS}.DeleteWorkflow`, { name });
    expect(refusal(`${WORKFLOWS}.DeleteWorkflow`, { name })).toMatch(/^FAILED_PRECONDITION.*\/operations\//);
    now += 1000;
    expect(refusal(`${WORKFLOWS}.GetWorkflow`, { name })).toMatch(/^NOT_FOUND/);
  });
});

test("requests are checked by what their definition says, however deep", () => {
  const { check } = world.validator;
  const type = definitions.type("google.cloud.kms.v1.CreateCryptoKeyRequest");
  expect(() => check(type, {})).toThrow(/"parent" is required.*"crypto_key_id" is required.*"crypto_key" is required/);
  const request = { parent: "projects/p/keyRings/r", cryptoKeyId: "k", cryptoKey: {} };
  expect(() => check(type, request)).toThrow(/not a valid resource name: expected .*keyRings\/\{key_ring\}/);
  const raw = definitions.type("google.cloud.kms.v1.RawEncryptRequest");
  expect(() => check(raw, { name: "anything", plaintext: Buffer.from("x") })).not.toThrow();
});
