import { DescribeSecretCommand, GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { afterAll, describe, expect, it } from "vitest";
import type { SecretWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { awsClients } from "./clients.ts";
import { secretProvider } from "./secret.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call as anyCall, owner, place, REGION } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const west = awsClients(place(emulator.endpoint, { region: "us-west-2" }));
const provider = secretProvider(aws);
afterAll(async () => {
  aws.close();
  west.close();
  await emulator.stop();
});

const marks = owner("token", { kind: "ManagedSecret" });
const call = anyCall("token", { owner: marks, value: () => Promise.resolve(new TextEncoder().encode("s3cret")) });
const at = (name: string) => ({ name, footprint: [] });
const wanted = (overrides: SecretWant["overrides"]) =>
  provider.fit?.({
    value: { from: "Generated", revision: "32-Alphanumeric-1" },
    rotation: null,
    recoveryDays: 0,
    encryptionKey: null,
    overrides,
    tags: ownerTags(marks),
  }).want ?? expect.fail("no fit");
async function seen(name: string) {
  const found = await provider.observe(at(name), call);
  if (!found.exists) expect.fail("it is not there");
  return found;
}
async function settle(name: string, want: SecretWant): Promise<readonly string[]> {
  const now = await seen(name);
  const changed = diff(want, now.actual).map(({ field }) => field);
  await provider.update(now, want, new Set(changed) as ReadonlySet<keyof SecretWant & string>, call);
  expect(diff(want, (await seen(name)).actual)).toEqual([]);
  return changed;
}
const inTheWest = (SecretId: string) => west.secretsManager.send(new GetSecretValueCommand({ SecretId }));
const regions = async (SecretId: string) =>
  ((await aws.secretsManager.send(new DescribeSecretCommand({ SecretId }))).ReplicationStatus ?? []).map(
    ({ Region }) => Region,
  );

describe("copies of a secret in other regions", () => {
  const key = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/0b1c2d3e-0000-4000-8000-000000000000`;

  it("are there from the first moment, and more come", async () => {
    const name = "copied";
    const want = wanted({ replicas: [{ region: "us-west-2" }, { region: "eu-west-1", key }] });
    await provider.create(name, want, call);
    expect(diff(want, (await seen(name)).actual)).toEqual([]);
    expect((await inTheWest(name)).SecretString).toBe("s3cret");

    const more = wanted({
      description: "a token",
      replicas: [{ region: "us-west-2" }, { region: "eu-west-1", key }, { region: "eu-central-1" }],
    });
    expect(await settle(name, more)).toEqual(["overrides"]);
    expect((await regions(name)).toSorted()).toEqual(["eu-central-1", "eu-west-1", "us-west-2"]);
  });

  it("come to a secret that stands already", async () => {
    const name = "alone";
    await provider.create(name, wanted({}), call);
    expect(await settle(name, wanted({ replicas: [{ region: "us-west-2" }] }))).toEqual(["overrides"]);
    expect((await inTheWest(name)).SecretString).toBe("s3cret");
  });

  it("in its own region can't be", () => {
    expect(() => wanted({ replicas: [{ region: REGION }] })).toThrow(/region of the secret itself/);
  });
});
