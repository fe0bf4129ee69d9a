/** An EncryptionKey as Cloud KMS knows it: pure functions between Want, a crypto key and its versions. */
import type { EncryptionKeyOutputs, EncryptionKeyWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { ownerOf } from "../../operator/provider/owner.ts";
import type { Deviation, Fitted, Present } from "../../operator/provider/provider.ts";
import type { CryptoKey, KeyVersion } from "./kms.ts";
import { fitNumber } from "./range.ts";

type Seen = Present<EncryptionKeyWant, EncryptionKeyOutputs>;

const DAY_SECONDS = 86_400;

/** Versions by what can become of them. */
export interface Versions {
  /** Usable, or would be if somebody enabled them. */
  readonly living: readonly KeyVersion[];
  /** On their way out, and can be restored. */
  readonly scheduled: readonly KeyVersion[];
  /** The rest that is not destroyed: being made, imported, failed. */
  readonly others: readonly KeyVersion[];
}

export function sortVersions(versions: readonly KeyVersion[]): Versions {
  const inState = (...states: string[]) => versions.filter(({ state }) => states.includes(String(state)));
  const [living, scheduled, gone] = [
    inState("ENABLED", "DISABLED"),
    inState("DESTROY_SCHEDULED"),
    new Set(inState("ENABLED", "DISABLED", "DESTROY_SCHEDULED", "DESTROYED")),
  ];
  return { living, scheduled, others: versions.filter((one) => !gone.has(one)) };
}

/** Nothing of its key material is left: what it encrypted is lost. */
export const isEmpty = ({ living, scheduled, others }: Versions): boolean =>
  living.length + scheduled.length + others.length === 0;

export const isDisabled = ({ state }: KeyVersion): boolean => state === "DISABLED";

export function seenKey(key: CryptoKey, versions: Versions, region: string): Seen {
  const id = key.name ?? "";
  const labels = { ...key.labels };
  return {
    exists: true,
    id,
    owner: ownerOf(labels),
    ...phaseOf(key, versions),
    actual: {
      state: stateOf(versions),
      rotationDays: daysOf(key.rotationPeriod),
      deletionWindowDays: daysOf(key.destroyScheduledDuration),
      access: [],
      overrides: protectionOverride(key.versionTemplate?.protectionLevel),
      tags: labels,
    },
    outputs: { KEY_ID: id, REGION: region },
  };
}

/** One version that is disabled makes what it encrypted unreadable, so the key counts as disabled. */
function stateOf({ living, scheduled }: Versions): EncryptionKeyWant["state"] {
  if (living.length === 0 && scheduled.length > 0) return "PendingDeletion";
  return living.some(isDisabled) ? "Disabled" : "Enabled";
}

function phaseOf(key: CryptoKey, versions: Versions): Pick<Seen, "phase" | "message" | "restorable"> {
  if (key.purpose !== "ENCRYPT_DECRYPT")
    return { phase: "failed", message: `${key.name} is a key for ${key.purpose}, not for symmetric encryption.` };
  if (versions.living.length > 0) return { phase: "ready" };
  if (versions.scheduled.length > 0)
    return { phase: "deleting", restorable: true, message: "It can be brought back until its deletion window ends." };
  const [first] = versions.others;
  if (/FAILED/.test(String(first?.state)))
    return { phase: "failed", message: `${first?.name} could not be made: Cloud KMS says ${first?.state}.` };
  return { phase: "pending", message: `Cloud KMS says ${first?.state} of ${first?.name}.` };
}

/** Period and next time go together. `days` 0: never. */
export function rotation(days: number, now: number): Pick<CryptoKey, "rotationPeriod" | "nextRotationTime"> {
  if (days === 0) return {};
  const seconds = days * DAY_SECONDS;
  return { rotationPeriod: { seconds }, nextRotationTime: { seconds: Math.floor(now / 1000) + seconds } };
}

export const ROTATION_MASK = ["rotation_period", "next_rotation_time"] as const;

/** The crypto key that a want asks for. */
export const toCryptoKey = (
  want: EncryptionKeyWant,
  labels: Readonly<Record<string, string>>,
  now: number,
): CryptoKey => ({
  purpose: "ENCRYPT_DECRYPT",
  labels: { ...labels },
  ...rotation(want.rotationDays, now),
  destroyScheduledDuration: { seconds: want.deletionWindowDays * DAY_SECONDS },
  versionTemplate: {
    algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION",
    protectionLevel: want.overrides.protectionLevel === "HSM" ? "HSM" : "SOFTWARE",
  },
});

const daysOf = (duration: { readonly seconds?: unknown } | null | undefined): number =>
  Number(duration?.seconds ?? 0) / DAY_SECONDS;

const protectionOverride = (level: unknown): EncryptionKeyWant["overrides"] => {
  if (level === undefined || level === null || level === "SOFTWARE" || level === "Software") return {};
  return level === "PROTECTION_LEVEL_UNSPECIFIED" ? {} : { protectionLevel: String(level) };
};

export function fitKey(want: EncryptionKeyWant): Fitted<EncryptionKeyWant> {
  const rotationDays =
    want.rotationDays === 0
      ? { value: 0, deviations: [] }
      : fitNumber("rotationDays", want.rotationDays, limits.encryptionkey.rotationDays);
  const window = fitNumber("deletionWindowDays", want.deletionWindowDays, limits.encryptionkey.deletionWindowDays);
  const { protectionLevel, ...unknown } = want.overrides;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined)
    throw new ProviderError(
      "invalid",
      `overrides.gcp.${stranger}: there is no such setting; there is protectionLevel`,
      {
        code: "UnknownOverride",
      },
    );
  const used: Deviation[] =
    protectionLevel === undefined
      ? []
      : [
          {
            field: "overrides.gcp.protectionLevel",
            kind: "CloudSpecific",
            message: "AWS keeps key material in hardware security modules always and has no such setting.",
          },
        ];
  return {
    want: {
      ...want,
      rotationDays: rotationDays.value,
      deletionWindowDays: window.value,
      access: [],
      overrides: protectionOverride(protectionLevel),
    },
    deviations: [...rotationDays.deviations, ...window.deviations, ...used],
  };
}
