import type { DescribeSecretResponse } from "@aws-sdk/client-secrets-manager";
import type { SecretOutputs, SecretWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { EXTERNAL, parseState, STATE, unfitValue, type ValueState } from "../../operator/provider/kept-value.ts";
import { shortHash } from "../../operator/provider/owner.ts";
import type { Fitted, Neutral } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { required } from "./errors.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import { liveReplicas, type Replica, replicasOf } from "./secret-replicas.ts";
import { tagsOf } from "./tags.ts";

export const CURRENT = "AWSCURRENT";
export const PREVIOUS = "AWSPREVIOUS";
/** The key of AWS itself, which needs no rights of its own. */
const DEFAULT_KEY = "alias/aws/secretsmanager";

/** A secret as DescribeSecret tells it. */
export interface Live {
  readonly arn: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** What we wrote beside the value; undefined: it isn't ours, or was never finished. */
  readonly state: ValueState | undefined;
  /** Ids of the versions that carry a label. */
  readonly versions: readonly string[];
  readonly current: string | undefined;
  readonly previous: string | undefined;
  /** When it goes for good, in ms since the epoch; undefined: nobody deleted it. */
  readonly goesAt: number | undefined;
  readonly encryptionKey: string | null;
  readonly description: string;
  readonly replicas: readonly Replica[];
}

export function liveOf(aws: Pick<Aws, "arn">, reply: DescribeSecretResponse): Live {
  const operation = "Secrets Manager DescribeSecret";
  const tags = tagsOf((reply.Tags ?? []).map(({ Key = "", Value = "" }) => ({ Key, Value })));
  const stages = Object.entries(reply.VersionIdsToStages ?? {});
  const labelled = (label: string) => stages.find(([, labels]) => labels.includes(label))?.[0];
  return {
    arn: required(operation, "ARN", reply.ARN),
    name: required(operation, "Name", reply.Name),
    tags,
    state: parseState(tags[STATE]),
    versions: stages.map(([id]) => id),
    current: labelled(CURRENT),
    previous: labelled(PREVIOUS),
    goesAt: reply.DeletedDate?.getTime(),
    encryptionKey: !reply.KmsKeyId || reply.KmsKeyId.endsWith(DEFAULT_KEY) ? null : keyArn(aws, reply.KmsKeyId),
    description: reply.Description ?? "",
    replicas: liveReplicas(reply.ReplicationStatus),
  };
}

/**
 * What we recorded is in force. A secret that has had one version only is as it was made, whatever the id of that
 * version: some emulators don't take the id that they are given.
 */
export const inForce = ({ state, current, previous }: Live): boolean =>
  state !== undefined && current !== undefined && (state.version === current || previous === undefined);

export function actualSecret(live: Live): Partial<SecretWant> {
  const { state } = live;
  return {
    value: wishInForce(live),
    ...(state ? { rotation: state.rotation, recoveryDays: state.recoveryDays } : {}),
    encryptionKey: live.encryptionKey,
    overrides: {
      ...(live.description !== "" && { description: live.description }),
      ...(live.replicas.length > 0 && { replicas: live.replicas as unknown as Neutral }),
    },
    tags: live.tags,
  };
}

function wishInForce(live: Live): SecretWant["value"] {
  const { state, current } = live;
  if (state?.value.from === "External" || (!state && current !== undefined)) return EXTERNAL;
  return state && inForce(live) ? state.value : { from: "Other", revision: shortHash(current ?? "no version", 12) };
}

export const secretOutputs = (arn: string, version: string): SecretOutputs => ({ SECRET_ID: arn, VERSION: version });

/** The name in an ARN: AWS appends `-` and six characters, so that a secret made anew has another ARN. */
export const nameOfSecret = (id: string): string =>
  parseArn(id)
    ?.resource.replace(/^secret:/, "")
    .replace(/-[A-Za-z0-9]{6}$/, "") ?? id;

/**
 * The id of the version that answers a wish in the place of another one: the same however often it is sent, so that AWS
 * makes it once. 32 to 64 characters.
 */
export const versionId = (name: string, before: string | undefined, value: SecretWant["value"]): string =>
  `onyx-${shortHash(`${name}/${before ?? ""}/${value.from}/${value.revision}`, 32)}`;

/** Text as a string, which is what most programs look for; anything else byte by byte. @throws ProviderError invalid */
export function payloadOf(value: Uint8Array): { SecretString: string } | { SecretBinary: Uint8Array } {
  const unfit = unfitValue(value, limits.managedsecret.value.aws);
  if (unfit) throw new ProviderError("invalid", unfit, { code: "SecretSize" });
  try {
    return { SecretString: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value) };
  } catch {
    return { SecretBinary: value };
  }
}

/** The bytes of a version's payload. */
export const bytesOf = (reply: {
  SecretString?: string | undefined;
  SecretBinary?: Uint8Array | undefined;
}): Uint8Array => reply.SecretBinary ?? new TextEncoder().encode(reply.SecretString ?? "");

export function fitSecret(aws: Pick<Aws, "arn" | "place">, want: SecretWant): Fitted<SecretWant> {
  const deviations = checkOverrides(want.overrides, ["description", "replicas"]);
  const { description } = want.overrides;
  const replicas = replicasOf(want.overrides.replicas);
  const here = replicas.find(({ region }) => region === aws.place.region);
  if (here)
    throw new ProviderError(
      "invalid",
      `overrides.aws.replicas: ${here.region} is the region of the secret itself: name others`,
      { code: "ReplicaRegion" },
    );
  const overrides = {
    ...(description !== undefined && { description }),
    ...(replicas.length > 0 && { replicas: replicas as unknown as Neutral }),
  };
  return { want: { ...want, encryptionKey: keyArn(aws, want.encryptionKey), overrides }, deviations };
}
