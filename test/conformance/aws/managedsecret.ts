import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { parseState, STATE, stateText, type ValueState } from "../../../operator/provider/kept-value.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { stateTouches } from "../kinds/managedsecret.ts";
import { carries } from "../marks.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";

type Tag = { Key?: string | undefined; Value?: string | undefined };
const record = (tags: readonly Tag[] | undefined) =>
  Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));

/** ManagedSecret on AWS, by the Secrets Manager client. */
export function managedSecretOnAws({ eyes: { secretsManager } }: AwsUnderTest): KindOnCloud {
  const describe = async ({ name }: Subject) => {
    try {
      const { $metadata: _meta, ...found } = await secretsManager.send(new DescribeSecretCommand({ SecretId: name }));
      return found.DeletedDate ? undefined : found;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
  const tag = async ({ name }: Subject, Key: string, Value: string) => {
    await secretsManager.send(new TagResourceCommand({ SecretId: name, Tags: [{ Key, Value }] }));
  };
  const restate = (change: Partial<ValueState>) => async (subject: Subject) => {
    const state = parseState(record((await describe(subject))?.Tags)[STATE]);
    if (state) await tag(subject, STATE, stateText({ ...state, ...change }));
  };

  return {
    makes: ["CreateSecret"],
    unmakes: ["DeleteSecret"],
    touches({ operation, request }) {
      if (operation === "PutSecretValue") return ["value"];
      if (operation === "UntagResource") return ["tags"];
      if (operation !== "TagResource") return [];
      const { [STATE]: state, ...tags } = record((request as { Tags: Tag[] }).Tags);
      return [...stateTouches(state), ...(Object.keys(tags).length > 0 ? ["tags"] : [])];
    },
    async list({ object }) {
      const { SecretList = [] } = await secretsManager.send(new ListSecretsCommand({ MaxResults: 100 }));
      return SecretList.filter(({ Tags }) => carries(ownerOf(record(Tags)), object)).map(({ ARN }) => ({
        id: ARN ?? "",
      }));
    },
    async snapshot(subject) {
      const found = await describe(subject);
      if (!found) return undefined;
      const { Tags, LastChangedDate: _changed, LastAccessedDate: _accessed, ...rest } = found;
      return { ...rest, tags: record(Tags) };
    },
    tamper: {
      value: async ({ name }) => {
        await secretsManager.send(new PutSecretValueCommand({ SecretId: name, SecretString: "somebody's" }));
      },
      rotation: restate({ rotation: { everySeconds: 7200, overlapSeconds: 60 } }),
      recoveryDays: restate({ recoveryDays: 9 }),
      encryptionKey: async ({ name }) => {
        const KmsKeyId = `arn:aws:kms:${REGION}:${ACCOUNT}:key/0b1c2d3e-0000-4000-8000-000000000000`;
        await secretsManager.send(new UpdateSecretCommand({ SecretId: name, KmsKeyId }));
      },
      overrides: async ({ name }) => {
        await secretsManager.send(new UpdateSecretCommand({ SecretId: name, Description: "somebody's" }));
      },
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign({ name }) {
      const Tags = [{ Key: "theirs", Value: "x" }];
      await secretsManager.send(new CreateSecretCommand({ Name: name, SecretString: "theirs", Tags }));
    },
    async remove({ name }) {
      await secretsManager
        .send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }))
        .catch((error: unknown) => {
          if (!(error instanceof ResourceNotFoundException)) throw error;
        });
    },
  };
}
