import { status } from "@grpc/grpc-js";
import type { SecretValues } from "../secrets.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** Secret values on GCP, as programs read them. */
export function secretsOnGcp({ eyes: { secretManager } }: GcpUnderTest): SecretValues {
  const access = async (name: string) => {
    const [{ payload }] = await secretManager.accessSecretVersion({ name });
    return payload?.data as Uint8Array;
  };
  return {
    read: ({ SECRET_ID, VERSION }) => access(`${SECRET_ID}/versions/${VERSION}`),
    async previous({ SECRET_ID }) {
      try {
        return await access(`${SECRET_ID}/versions/previous`);
      } catch (error) {
        if ((error as { code?: number }).code === status.NOT_FOUND) return undefined;
        throw error;
      }
    },
    versions: async ({ SECRET_ID = "" }) => (await secretManager.listSecretVersions({ parent: SECRET_ID }))[0].length,
    rotates: ["UpdateSecret", "AddSecretVersion", "UpdateSecret"],
    async isKept({ SECRET_ID }, version) {
      const [found] = await secretManager.getSecretVersion({ name: `${SECRET_ID}/versions/${version}` });
      return found.state === "DISABLED";
    },
  };
}
