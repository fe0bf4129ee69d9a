import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import { afterAll, expect, it } from "vitest";
import type { EncryptionKeyWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import { createIntent } from "../../operator/provider/provider.ts";
import { awsClients } from "./clients.ts";
import { encryptionKeyProvider } from "./encryptionkey.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call, owner, place } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
const provider = encryptionKeyProvider(aws);
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const fresh = (label: string) => `${label}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
const me = (name: string) => call(name, { owner: owner(name, { kind: "EncryptionKey" }) });
const wanted = (name: string, over: Partial<EncryptionKeyWant> = {}): EncryptionKeyWant => {
  const want: EncryptionKeyWant = {
    rotationDays: 365,
    deletionWindowDays: 14,
    state: "Enabled",
    access: [],
    overrides: {},
    tags: ownerTags(me(name).owner),
    ...over,
  };
  return provider.fit?.(want).want ?? want;
};
async function made(name: string, over: Partial<EncryptionKeyWant> = {}) {
  await provider.create(name, wanted(name, over), me(name));
  return seen(name);
}
async function seen(name: string, id?: string, footprint: readonly string[] = []) {
  const found = await provider.observe({ name, id, footprint }, me(name));
  if (!found.exists) expect.fail(`${name} is not there`);
  return found;
}
const removeAlias = (name: string) => aws.kms.send(new DeleteAliasCommand({ AliasName: `alias/${name}` }));
const describe = async (KeyId: string) => (await aws.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;

it("finds what a create left behind without alias by its tags, and only while status holds the intent", async () => {
  const name = fresh("lost");
  await aws.kms.send(new CreateKeyCommand({}));
  const { id } = await made(name);
  await removeAlias(name);
  expect(await provider.observe({ name, footprint: [] }, me(name))).toEqual({ exists: false });
  const found = await seen(name, undefined, [createIntent(name)]);
  expect(found).toMatchObject({ id, actual: { state: "Unnamed" } });
  await provider.update(found, wanted(name), new Set(["state"]), me(name));
  expect(await seen(name)).toMatchObject({ id, actual: { state: "Enabled" } });
});

it("makes no key where its alias leads to somebody else's", async () => {
  const name = fresh("taken");
  const { KeyMetadata } = await aws.kms.send(new CreateKeyCommand({}));
  await aws.kms.send(new CreateAliasCommand({ AliasName: `alias/${name}`, TargetKeyId: KeyMetadata?.KeyId }));
  await expect(provider.create(name, wanted(name), me(name))).rejects.toMatchObject({ fault: "conflict" });
  const lost = await seen(name, undefined, [createIntent(name)]);
  expect(lost).toMatchObject({ id: KeyMetadata?.Arn, owner: undefined });
});

it("keeps the statements of others in the key's policy", async () => {
  const name = fresh("shared");
  const { id } = await made(name);
  const policyOf = async () => {
    const { Policy } = await aws.kms.send(new GetKeyPolicyCommand({ KeyId: id, PolicyName: "default" }));
    return JSON.parse(Policy ?? "{}") as { Version: string; Statement: { Sid: string }[] };
  };
  const theirs = {
    Sid: "TheirAudit",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: "kms:DescribeKey",
    Resource: "*",
  };
  const { Statement } = await policyOf();
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [theirs, Statement[0]] });
  await aws.kms.send(new PutKeyPolicyCommand({ KeyId: id, PolicyName: "default", Policy }));
  const drifted = await seen(name, id);
  expect(drifted.actual.access).not.toEqual(wanted(name).access);
  await provider.update(drifted, wanted(name), new Set(["access"]), me(name));
  expect((await seen(name, id)).actual.access).toEqual(wanted(name).access);
  expect((await policyOf()).Statement.map(({ Sid }) => Sid)).toEqual(["TheirAudit", "OnyxAccount", "OnyxServices"]);
});

it("is deleted after the window that stands on it, and keeps or gets the alias by which it is found again", async () => {
  const name = fresh("gone");
  const { id } = await made(name);
  await removeAlias(name);
  await provider.delete(await seen(name, id), { name, footprint: [] }, me(name));
  const key = await describe(id);
  const days = ((key?.DeletionDate?.getTime() ?? 0) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(14);
  const found = await seen(name);
  expect(found).toMatchObject({ id, phase: "deleting", restorable: true });
  await provider.update(found, wanted(name), new Set(["state"]), me(name));
  expect(await seen(name)).toMatchObject({ phase: "ready", actual: { state: "Enabled" } });
});

it("is deleted where somebody else's alias took its name meanwhile, and leaves that where it is", async () => {
  const name = fresh("raced");
  const { id } = await made(name);
  await removeAlias(name);
  const { KeyMetadata: theirs } = await aws.kms.send(new CreateKeyCommand({}));
  await aws.kms.send(new CreateAliasCommand({ AliasName: `alias/${name}`, TargetKeyId: theirs?.KeyId }));
  await provider.delete(await seen(name, id), { name, footprint: [] }, me(name));
  expect(await describe(id)).toMatchObject({ KeyState: "PendingDeletion" });
  expect(await describe(`alias/${name}`)).toMatchObject({ KeyId: theirs?.KeyId, KeyState: "Enabled" });
});

it("is deleted without a name where nobody may name it", async () => {
  const name = fresh("unnameable");
  const { id } = await made(name);
  await removeAlias(name);
  const mayNotName = awsClients(place(emulator.endpoint));
  mayNotName.kms.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === "CreateAliasCommand")
          throw Object.assign(new Error("User is not authorized to perform this action"), {
            name: "AccessDeniedException",
            $metadata: { httpStatusCode: 400 },
          });
        return next(args);
      },
    { step: "initialize" },
  );
  await encryptionKeyProvider(mayNotName).delete(await seen(name, id), { name, footprint: [] }, me(name));
  mayNotName.close();
  expect(await describe(id)).toMatchObject({ KeyState: "PendingDeletion" });
  expect(await provider.observe({ name, footprint: [] }, me(name))).toEqual({ exists: false });
});

it("makes a key for other regions where that is asked for, and a disabled one", async () => {
  const name = fresh("multi");
  const { id, actual } = await made(name, { overrides: { multiRegion: true }, state: "Disabled" });
  expect(actual).toMatchObject({ overrides: { multiRegion: true }, state: "Disabled" });
  expect(await describe(id)).toMatchObject({ MultiRegion: true, KeyState: "Disabled" });
});

it("keeps out of the policy of a key where spec asks for it, and never empties one", async () => {
  const name = fresh("theirs");
  const policyOf = async (KeyId: string) =>
    JSON.parse((await aws.kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }))).Policy ?? "{}") as {
      Statement: { Sid: string }[];
    };
  const unmanaged = { overrides: { keyPolicy: "Unmanaged" } };
  const { id, actual } = await made(name, unmanaged);
  expect(actual.access).toEqual([]);
  const before = await policyOf(id);
  await provider.update(await seen(name), wanted(name), new Set(["access"]), me(name));
  expect((await seen(name)).actual.access?.length).toBeGreaterThan(0);
  await provider.update(await seen(name), wanted(name, unmanaged), new Set(["access"]), me(name));
  expect(await policyOf(id)).toEqual(before);

  const ours = fresh("ours");
  await made(ours);
  await expect(
    provider.update(await seen(ours), wanted(ours, unmanaged), new Set(["access"]), me(ours)),
  ).rejects.toMatchObject({ fault: "invalid", code: "EmptyKeyPolicy" });
  expect((await seen(ours)).actual.access?.length).toBeGreaterThan(0);
});
