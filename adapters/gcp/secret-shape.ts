import type { SecretOutputs, SecretWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds, durationText } from "../../crds/duration.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { EXTERNAL, parseState, STATE, type ValueState } from "../../operator/provider/kept-value.ts";
import type { Deviation, Fitted } from "../../operator/provider/provider.ts";
import type { Secret, SecretVersion } from "./secret-manager.ts";

export const CURRENT = "current";
export const PREVIOUS = "previous";
/** Annotation: after the highest version that was there, one is being added for this wish. */
export const ADDING = "onyx-adding";
/** Annotation: it was deleted; until it expires it can be had back. */
export const DELETED = "onyx-deleted";

/** A secret as Secret Manager tells it. */
export interface Live {
  readonly name: string;
  readonly etag: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, number>>;
  /** What we wrote beside the value; undefined: it isn't ours. */
  readonly state: ValueState | undefined;
  readonly adding: { readonly value: SecretWant["value"]; readonly after: number } | undefined;
  readonly deleted: boolean;
  readonly locations: readonly string[];
  readonly encryptionKey: string | null;
  readonly destroyTtl: number | undefined;
}

/** @param name the full name with the project's id: Google answers with its number */
export function liveOf(name: string, secret: Secret): Live {
  const annotations = secret.annotations ?? {};
  const replicas = secret.replication?.userManaged?.replicas ?? [];
  const aliases = Object.entries(secret.versionAliases ?? {}).map(([alias, number]) => [alias, Number(number)]);
  const ttl = secret.versionDestroyTtl?.seconds;
  return {
    name,
    etag: secret.etag ?? "",
    labels: secret.labels ?? {},
    annotations,
    aliases: Object.fromEntries(aliases),
    state: parseState(annotations[STATE]),
    adding: parseAdding(annotations[ADDING]),
    deleted: annotations[DELETED] !== undefined,
    locations: replicas.map(({ location }) => location ?? "").sort(),
    encryptionKey: replicas[0]?.customerManagedEncryption?.kmsKeyName || null,
    destroyTtl: ttl === undefined || ttl === null ? undefined : Number(ttl),
  };
}

export const addingText = ({ from, revision }: SecretWant["value"], after: number): string =>
  `${from} ${revision} ${after}`;

function parseAdding(text: string | undefined): Live["adding"] {
  const [from, revision, after] = (text ?? "").split(" ");
  if ((from !== "Secret" && from !== "Generated") || !revision || !/^\d+$/.test(after ?? "")) return undefined;
  return { value: { from, revision }, after: Number(after) };
}

/** What we recorded is in force: the alias says so, and the version can be read. */
export const inForce = ({ state, aliases }: Live, current: SecretVersion | undefined): boolean =>
  state !== undefined &&
  state.version !== null &&
  state.version === String(aliases[CURRENT]) &&
  current?.state === "ENABLED";

/** As `Present.versions`: none while what is current can't be read. */
export function versionsOf({ aliases }: Live, current: SecretVersion | undefined) {
  if (current?.state !== "ENABLED") return {};
  const previous = aliases[CURRENT] === numberOf(current) ? aliases[PREVIOUS] : undefined;
  return {
    versions: { current: String(numberOf(current)), ...(previous === undefined ? {} : { previous: String(previous) }) },
  };
}

export function actualSecret(live: Live, current: SecretVersion | undefined, region: string): Partial<SecretWant> {
  const { state } = live;
  return {
    value: wishInForce(live, current),
    ...(state ? { rotation: state.rotation, recoveryDays: state.recoveryDays } : {}),
    encryptionKey: live.encryptionKey,
    overrides: {
      ...(live.locations.length === 1 && live.locations[0] === region ? {} : { locations: live.locations }),
      ...(live.destroyTtl === undefined ? {} : { versionDestroyTtl: durationText(live.destroyTtl) }),
    },
    tags: live.labels,
  };
}

function wishInForce(live: Live, current: SecretVersion | undefined): SecretWant["value"] {
  const { state } = live;
  if (isExternal(live) && (state || current)) return EXTERNAL;
  if (state && inForce(live, current)) return state.value;
  return { from: "Other", revision: `${live.aliases[CURRENT] ?? "no version"} ${current?.state ?? "absent"}` };
}

/** Somebody else puts values there, and knows nothing of our aliases: what is in force is the newest that can be read. */
export const isExternal = ({ state, adding }: Live): boolean => state?.value.from === "External" || (!state && !adding);

export const secretName = (project: string, id: string): string => `projects/${project}/secrets/${id}`;
export const secretOutputs = (name: string, version: string): SecretOutputs => ({ SECRET_ID: name, VERSION: version });

/** `projects/P/secrets/S/versions/3` → 3. */
export const numberOf = ({ name }: SecretVersion): number => Number(/\/versions\/(\d+)$/.exec(name ?? "")?.[1] ?? 0);

/** What a create sends beside labels and annotations. */
export function toSecret(want: SecretWant, region: string): Secret {
  const locations = (want.overrides.locations as readonly string[] | undefined) ?? [region];
  return { ...replicated(locations, want.encryptionKey), ...destroyTtl(want) };
}

/** Versions that are added from now on are encrypted with the key; null: with Google's own. */
export function replicated(locations: readonly string[], kmsKeyName: string | null): Pick<Secret, "replication"> {
  const key = kmsKeyName === null ? {} : { customerManagedEncryption: { kmsKeyName } };
  return { replication: { userManaged: { replicas: locations.map((location) => ({ location, ...key })) } } };
}

export const destroyTtl = ({ overrides: { versionDestroyTtl } }: SecretWant): Pick<Secret, "versionDestroyTtl"> =>
  typeof versionDestroyTtl === "string" ? { versionDestroyTtl: { seconds: durationSeconds(versionDestroyTtl) } } : {};

const KNOWN = ["locations", "versionDestroyTtl"];

export function fitSecret(region: string, want: SecretWant): Fitted<SecretWant> {
  const used = Object.keys(want.overrides).filter((field) => want.overrides[field] !== undefined);
  const unknown = used.find((field) => !KNOWN.includes(field));
  if (unknown !== undefined)
    throw new ProviderError(
      "invalid",
      `overrides.gcp.${unknown}: there is no such setting; there are ${KNOWN.join(", ")}`,
      {
        code: "UnknownOverride",
      },
    );
  const locations = [...((want.overrides.locations as readonly string[] | undefined) ?? [])].sort();
  const ttl = want.overrides.versionDestroyTtl;
  const overrides = {
    ...(locations.length === 0 || (locations.length === 1 && locations[0] === region) ? {} : { locations }),
    ...(typeof ttl === "string" ? { versionDestroyTtl: durationText(durationSeconds(ttl)) } : {}),
  };
  const deviations = used.map(
    (field): Deviation => ({
      field: `overrides.gcp.${field}`,
      kind: "CloudSpecific",
      message: "AWS has no such setting.",
    }),
  );
  return { want: { ...want, overrides }, deviations };
}
