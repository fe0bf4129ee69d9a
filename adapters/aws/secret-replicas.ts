import {
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  type ReplicationStatusType,
} from "@aws-sdk/client-secrets-manager";
import { step } from "../../operator/provider/fault.ts";
import type { Call, Neutral } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor } from "./errors.ts";

/** A copy of a secret in another region. */
export interface Replica {
  readonly region: string;
  /** ARN of the key there; absent: the key of AWS itself. */
  readonly key?: string;
  /** What AWS says of one that is no copy yet. Never wanted, so it is sent again. */
  readonly failed?: string;
}

/** The key of AWS itself, which is told when nothing was asked. */
const DEFAULT_KEY = "alias/aws/secretsmanager";

/** The replicas of an override, in their one form: sorted, without empty fields. */
export function replicasOf(given: Neutral): readonly Replica[] {
  const list = (Array.isArray(given) ? given : []) as readonly Replica[];
  return list
    .map(({ region, key }) => ({ region, ...(key !== undefined && { key }) }))
    .sort((a, b) => (a.region < b.region ? -1 : 1));
}

/** The replicas that AWS tells of. One that is still being made counts as made. */
export function liveReplicas(told: readonly ReplicationStatusType[] | undefined): readonly Replica[] {
  return (told ?? [])
    .map(({ Region = "", KmsKeyId, Status, StatusMessage }) => ({
      region: Region,
      ...(KmsKeyId && !KmsKeyId.endsWith(DEFAULT_KEY) && { key: KmsKeyId }),
      ...(Status === "Failed" && { failed: StatusMessage || "no reason told" }),
    }))
    .sort((a, b) => (a.region < b.region ? -1 : 1));
}

/** The calls about copies of a secret in other regions. Each throws ProviderError. */
export function secretReplicas({ secretsManager: client }: Pick<Aws, "secretsManager">) {
  const options = (call: Call) => ({ abortSignal: call.signal });

  async function add(SecretId: string, replicas: readonly Replica[], call: Call): Promise<void> {
    if (replicas.length === 0) return;
    const AddReplicaRegions = replicas.map(({ region, key }) => ({ Region: region, ...(key && { KmsKeyId: key }) }));
    await step(`copy it to ${replicas.map(({ region }) => region).join(", ")}`, () =>
      ask(
        "Secrets Manager ReplicateSecretToRegions",
        client.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions }), options(call)),
      ),
    );
  }

  async function remove(SecretId: string, regions: readonly string[], call: Call): Promise<void> {
    if (regions.length === 0) return;
    await step(`remove its copies in ${regions.join(", ")}`, () =>
      askFor(
        "Secrets Manager RemoveRegionsFromReplication",
        client.send(
          new RemoveRegionsFromReplicationCommand({ SecretId, RemoveReplicaRegions: [...regions] }),
          options(call),
        ),
      ),
    );
  }

  return {
    add,
    remove,
    /** From what is there to what is wanted; a copy under another key is made anew. */
    async bring(SecretId: string, live: readonly Replica[], wanted: readonly Replica[], call: Call): Promise<void> {
      const stays = ({ region, key }: Replica) => wanted.some((one) => one.region === region && one.key === key);
      const gone = live.filter((one) => !stays(one)).map(({ region }) => region);
      const made = wanted.filter(
        ({ region, key }) => !live.some((one) => one.region === region && one.key === key && !one.failed),
      );
      await remove(SecretId, gone, call);
      await add(SecretId, made, call);
    },
  };
}
