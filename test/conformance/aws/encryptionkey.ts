import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  NotFoundException,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
} from "@aws-sdk/client-kms";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import type { Ciphers } from "../keys.ts";
import { carries } from "../marks.ts";
import type { AwsUnderTest } from "./cloud.ts";

/** The field of Want that each operation of an update is about. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  EnableKeyRotation: ["rotationDays"],
  DisableKeyRotation: ["rotationDays"],
  EnableKey: ["state"],
  DisableKey: ["state"],
  CancelKeyDeletion: ["state"],
  CreateAlias: ["state"],
  PutKeyPolicy: ["access"],
  TagResource: ["tags"],
  UntagResource: ["tags"],
};

const alias = ({ name }: Subject) => `alias/${name}`;

/** EncryptionKey on AWS, by the official SDK. */
export function encryptionKeyOnAws({ eyes: { kms } }: AwsUnderTest): KindOnCloud {
  const describe = async (KeyId: string) => {
    try {
      return (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    } catch (error) {
      if (error instanceof NotFoundException) return undefined;
      throw error;
    }
  };
  /** By its alias, and where that is away by the id that status has. */
  const find = async (subject: Subject) => {
    const id = subject.object.status?.externalId;
    return (await describe(alias(subject))) ?? (id === undefined ? undefined : describe(id));
  };
  const idOf = async (subject: Subject) => (await find(subject))?.KeyId;
  const tagsOf = async (KeyId: string | undefined) => {
    const reply = await kms.send(new ListResourceTagsCommand({ KeyId }));
    return Object.fromEntries((reply.Tags ?? []).map(({ TagKey = "", TagValue = "" }) => [TagKey, TagValue]));
  };
  const tag = async (subject: Subject, TagKey: string, TagValue: string) => {
    await kms.send(new TagResourceCommand({ KeyId: await idOf(subject), Tags: [{ TagKey, TagValue }] }));
  };
  const removeAlias = async (subject: Subject) => {
    await kms.send(new DeleteAliasCommand({ AliasName: alias(subject) }));
  };
  const remove = async (subject: Subject) => {
    const key = await find(subject);
    if (key && key.KeyState !== "PendingDeletion")
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId: key.KeyId, PendingWindowInDays: 7 }));
  };

  return {
    makes: ["CreateKey", "CreateAlias", "EnableKeyRotation"],
    unmakes: ["ScheduleKeyDeletion"],
    touches: ({ operation }) => FIELDS[operation] ?? [],
    async list({ object }) {
      const found: { id: string }[] = [];
      for (const { KeyId = "", KeyArn = "" } of (await kms.send(new ListKeysCommand({ Limit: 1000 }))).Keys ?? []) {
        if (!carries(ownerOf(await tagsOf(KeyId)), object)) continue;
        const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
        if (KeyMetadata?.KeyState !== "PendingDeletion") found.push({ id: KeyArn });
      }
      return found;
    },
    async snapshot(subject) {
      const key = await find(subject);
      if (!key || key.KeyState === "PendingDeletion") return undefined;
      const { KeyId } = key;
      const { $metadata: _a, ...rotation } = await kms.send(new GetKeyRotationStatusCommand({ KeyId }));
      const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }));
      return { key, rotation, policy: JSON.parse(Policy ?? "{}"), tags: await tagsOf(KeyId) };
    },
    tamper: {
      rotationDays: async (subject) => {
        await kms.send(new EnableKeyRotationCommand({ KeyId: await idOf(subject), RotationPeriodInDays: 100 }));
      },
      state: async (subject) => {
        await kms.send(new DisableKeyCommand({ KeyId: await idOf(subject) }));
      },
      access: async (subject) => {
        const KeyId = await idOf(subject);
        const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }));
        const { Statement, ...rest } = JSON.parse(Policy ?? "{}") as { Statement: { Sid: string }[] };
        const less = { ...rest, Statement: Statement.filter(({ Sid }) => Sid !== "OnyxServices") };
        await kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: "default", Policy: JSON.stringify(less) }));
      },
      deletionWindowDays: (subject) => tag(subject, "onyx-deletion-window", "7"),
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign(subject) {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Tags: [{ TagKey: "theirs", TagValue: "x" }] }));
      await kms.send(new CreateAliasCommand({ AliasName: alias(subject), TargetKeyId: KeyMetadata?.KeyId }));
    },
    remove,
    removePart: {
      alias: removeAlias,
    },
    restores: {
      operations: ["CancelKeyDeletion", "EnableKey", "TagResource"],
      usable: async (subject) => (await find(subject))?.KeyState === "Enabled",
      forget: removeAlias,
    },
  };
}

/** What a service does with a key on AWS. */
export function ciphersOnAws({ eyes: { kms } }: AwsUnderTest): Ciphers {
  return {
    async encrypt(KeyId, Plaintext) {
      return (await kms.send(new EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob ?? new Uint8Array();
    },
    async decrypt(KeyId, CiphertextBlob) {
      return (await kms.send(new DecryptCommand({ KeyId, CiphertextBlob }))).Plaintext ?? new Uint8Array();
    },
    async scheduleDeletion(KeyId) {
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    },
    async takeBack(KeyId) {
      await kms.send(new CancelKeyDeletionCommand({ KeyId }));
    },
  };
}
