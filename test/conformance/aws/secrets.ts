import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  ResourceNotFoundException,
} from "@aws-sdk/client-secrets-manager";
import type { SecretValues } from "../secrets.ts";
import type { AwsUnderTest } from "./cloud.ts";

const bytes = ({ SecretString, SecretBinary }: GetSecretValueCommandOutput) =>
  SecretBinary ?? new TextEncoder().encode(SecretString);

/** Secret values on AWS, as programs read them. */
export function secretsOnAws({ eyes: { secretsManager }, proxy }: AwsUnderTest): SecretValues {
  const read = async (SecretId = "", VersionId = "") =>
    bytes(await secretsManager.send(new GetSecretValueCommand({ SecretId, VersionId })));
  return {
    read: ({ SECRET_ID, VERSION }) => read(SECRET_ID, VERSION),
    async previous({ SECRET_ID }) {
      try {
        const request = { SecretId: SECRET_ID, VersionStage: "AWSPREVIOUS" };
        return bytes(await secretsManager.send(new GetSecretValueCommand(request)));
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
    // The emulator forgets versions that lost their labels, so they are counted as they are put.
    async versions({ SECRET_ID }) {
      const put = proxy.calls.filter(({ operation, status }) => operation === "PutSecretValue" && status === 200);
      const requests = put.map(({ body }) => JSON.parse(body) as { SecretId: string; ClientRequestToken: string });
      const ours = requests.filter(({ SecretId }) => SecretId === SECRET_ID);
      return 1 + new Set(ours.map(({ ClientRequestToken }) => ClientRequestToken)).size;
    },
    rotates: ["PutSecretValue", "TagResource"],
    // Without a label AWS calls it deprecated: by its id it can be read until AWS makes room.
    isKept: async ({ SECRET_ID }, version) => (await read(SECRET_ID, version)).byteLength > 0,
    async holdName(Name) {
      await secretsManager.send(new CreateSecretCommand({ Name, SecretString: "theirs" }));
      await secretsManager.send(new DeleteSecretCommand({ SecretId: Name, RecoveryWindowInDays: 7 }));
    },
  };
}
