import type { KeyMetadata } from "@aws-sdk/client-kms";
import type { EncryptionKeyOutputs, EncryptionKeyWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import {
  type At,
  type Call,
  createIntent,
  type Fitted,
  type Present,
  type Provider,
} from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { required } from "./errors.ts";
import { keyPolicy, keyStatements, ourLines, withOurs } from "./key-policy.ts";
import { keyTags, kmsCalls } from "./kms.ts";
import { checkOverrides } from "./overrides.ts";
import { linesOf } from "./policy.ts";
import { fitNumber } from "./range.ts";
import { tagChanges, tagsToCreate } from "./tags.ts";

interface Seen extends Present<EncryptionKeyWant, EncryptionKeyOutputs> {
  /** The name under which it was looked for: an update that has to name it gets no other word of it. */
  readonly name: string;
}

/** KMS asks for the window when a key is deleted; it stands on the key, so that deletion needs nothing but the cloud. */
const WINDOW = "onyx-deletion-window";
/** "In some cases it can take several minutes": AWS KMS Developer Guide, eventual consistency, 2026-11. */
const SETTLING_MS = 5 * 60_000;
const aliasOf = (name: string): string => `alias/${name}`;

/**
 * EncryptionKey as symmetric KMS key with an alias, by which it is found. KMS picks the id and takes no token: what a
 * create that was cut off left behind carries our tags from its first moment, and is looked for among the keys without
 * alias as long as status holds the intent. The alias stays on a key that is scheduled for deletion (KMS takes both away
 * together), so that the same object made again finds it and brings it back.
 */
export function encryptionKeyProvider(aws: Aws): Provider<EncryptionKeyWant, EncryptionKeyOutputs> {
  const kms = kmsCalls(aws);
  const statements = keyStatements(aws);

  const outputsOf = (arn: string): EncryptionKeyOutputs => ({
    KEY_ID: arn,
    REGION: parseArn(arn)?.region ?? aws.place.region,
  });

  /** The key of this object, and whether its alias leads to it. */
  async function find(at: At, call: Call): Promise<{ key: KeyMetadata; named: boolean } | undefined> {
    const [known, behindAlias] = await sideBySide([
      at.id === undefined ? undefined : kms.describe(at.id, call.signal),
      kms.describe(aliasOf(at.name), call.signal),
    ]);
    if (known) return { key: known, named: behindAlias?.Arn === known.Arn };
    if (at.id !== undefined) return undefined;
    const lost = at.footprint.includes(createIntent(at.name)) ? await findUnnamed(behindAlias, call) : undefined;
    if (lost) return { key: lost, named: false };
    return behindAlias && { key: behindAlias, named: true };
  }

  /** What a create that was cut off before the alias left behind. */
  async function findUnnamed(behindAlias: KeyMetadata | undefined, call: Call): Promise<KeyMetadata | undefined> {
    const isOurs = async (id: string) => {
      const owner = ownerOf(await kms.tags(id, call.signal));
      return owner !== undefined && sameObject(owner, call.owner);
    };
    if (behindAlias?.Arn && (await isOurs(behindAlias.Arn))) return undefined;
    for (const id of await kms.unnamed(call.signal)) {
      if (!(await isOurs(id))) continue;
      const found = await kms.describe(id, call.signal);
      if (found && !isDying(found)) return found;
    }
    return undefined;
  }

  async function look({ key, named }: { key: KeyMetadata; named: boolean }, name: string, call: Call): Promise<Seen> {
    const id = required("KMS DescribeKey", "Arn", key.Arn);
    const enabled = key.KeyState === "Enabled";
    const [{ [WINDOW]: window, ...tags }, policy, rotation] = await sideBySide([
      kms.tags(id, call.signal),
      kms.policy(id, call.signal),
      enabled ? kms.rotation(id, call.signal) : undefined,
    ]);
    const owner = ownerOf(tags);
    return {
      exists: true,
      id,
      name,
      owner,
      ...phaseOf(key),
      actual: {
        state: named || isDying(key) ? stateOf(key) : "Unnamed",
        // A key that nobody holds has none yet.
        ...(window === undefined && owner === undefined ? {} : { deletionWindowDays: Number(window ?? 0) }),
        access: ourLines(policy),
        overrides: multiRegionOverride(key.MultiRegion),
        tags,
        // KMS turns rotation on only while a key is enabled, and says that it is off while it is to be deleted.
        ...(rotation === undefined ? {} : { rotationDays: rotation ?? 0 }),
      },
      outputs: outputsOf(id),
    };
  }

  /** Whose key the alias leads to: none, ours (its ARN), or somebody else's (an error). */
  async function takenBy(alias: string, call: Call): Promise<string | undefined> {
    const arn = (await kms.describe(alias, call.signal))?.Arn;
    if (arn === undefined) return undefined;
    const owner = ownerOf(await kms.tags(arn, call.signal));
    if (owner && sameObject(owner, call.owner)) return arn;
    throw new ProviderError("conflict", `KMS ${alias} leads to ${arn}, which does not carry our marks`, {
      code: "AlreadyExistsException",
    });
  }

  const setAlias = (name: string, id: string, call: Call) =>
    step("name it", () => kms.alias(aliasOf(name), id, call.signal));

  /**
   * Names a key that is about to be deleted: without it the same object made again would not find the key that it may still
   * bring back. A name that leads to somebody else's key by now stays where it is, and ours goes all the same; so it does
   * where we may not name it, or an object whose create failed for that would be there for good.
   */
  async function nameOnceMore(name: string, id: string, call: Call): Promise<void> {
    if ((await kms.describe(aliasOf(name), call.signal)) !== undefined) return;
    try {
      await setAlias(name, id, call);
    } catch (error) {
      if (!(error instanceof ProviderError && error.fault === "denied")) throw error;
    }
  }

  /** Brings the key into a state in which it can be changed: not dying, found by its alias, enabled where it should be. */
  async function wake(seen: Seen, want: EncryptionKeyWant, call: Call): Promise<void> {
    const { state } = seen.actual;
    if (state === "PendingDeletion")
      await step("take back its deletion", () => kms.cancelDeletion(seen.id, call.signal));
    if (state === "Unnamed") await setAlias(seen.name, seen.id, call);
    if (want.state !== "Enabled" || state === "Enabled") return;
    const now = state === "Unnamed" ? (await kms.describe(seen.id, call.signal))?.KeyState : "Disabled";
    if (now === "Disabled") await step("enable it", () => kms.enable(seen.id, call.signal));
  }

  async function updateTags(seen: Seen, want: EncryptionKeyWant, call: Call): Promise<void> {
    const { set, remove } = tagChanges(seen.actual.tags, want.tags, call.owner);
    const window = seen.actual.deletionWindowDays === want.deletionWindowDays ? {} : windowTag(want);
    const tags = { ...set, ...window };
    if (Object.keys(tags).length > 0) await step("set tags", () => kms.tag(seen.id, tags, call.signal));
    if (remove.length > 0) await step("remove tags", () => kms.untag(seen.id, remove, call.signal));
  }

  return {
    ids: "assigned",
    recordsIntent: true,
    settlingMs: SETTLING_MS,
    service: "kms",
    immutable: ["overrides"],
    fit: (want) => fitKey(want, linesOf({ Version: "2012-10-17", Statement: statements })),

    async observe(at, call) {
      const found = await find(at, call);
      return found ? look(found, at.name, call) : { exists: false };
    },

    async list({ signal }) {
      return (await kms.aliases(signal)).map(({ name, id }) => ({ name, id: aws.arn("kms", `key/${id}`) }));
    },

    async create(name, want, call) {
      const standing = await takenBy(aliasOf(name), call);
      if (standing !== undefined) return { id: standing };
      const id = await kms.create(
        {
          Description: `EncryptionKey ${call.owner.namespace}/${call.owner.name} of environment ${call.owner.environment}`,
          KeySpec: "SYMMETRIC_DEFAULT",
          KeyUsage: "ENCRYPT_DECRYPT",
          MultiRegion: want.overrides.multiRegion === true,
          // Without one KMS writes its own, which leaves it to the account's IAM policies.
          ...(want.access.length > 0 ? { Policy: keyPolicy(statements) } : {}),
          Tags: keyTags({ ...tagsToCreate(want.tags, call.owner), ...windowTag(want) }),
        },
        call.signal,
      );
      await setAlias(name, id, call);
      if (want.rotationDays > 0)
        await step("turn on its rotation", () => kms.rotate(id, want.rotationDays, call.signal));
      if (want.state === "Disabled") await step("disable it", () => kms.disable(id, call.signal));
      return { id, outputs: outputsOf(id) };
    },

    async update(seen, want, changed, call) {
      if (changed.has("state")) await wake(seen as Seen, want, call);
      if (changed.has("access"))
        await step("set its policy", async () => {
          const ours = want.access.length > 0 ? statements : [];
          await kms.setPolicy(seen.id, withOurs(await kms.policy(seen.id, call.signal), ours), call.signal);
        });
      if (changed.has("rotationDays"))
        await step("set its rotation", () =>
          want.rotationDays > 0
            ? kms.rotate(seen.id, want.rotationDays, call.signal)
            : kms.rotateNever(seen.id, call.signal),
        );
      if (changed.has("tags") || changed.has("deletionWindowDays")) await updateTags(seen as Seen, want, call);
      if (changed.has("state") && want.state === "Disabled" && seen.actual.state !== "PendingDeletion")
        await step("disable it", () => kms.disable(seen.id, call.signal));
    },

    async delete(seen, at, call) {
      if (seen.actual.state === "Unnamed") await nameOnceMore(at.name, seen.id, call);
      const days = seen.actual.deletionWindowDays || limits.encryptionkey.deletionWindowDays.aws.max;
      await kms.scheduleDeletion(seen.id, days, call.signal);
    },

    async adopt(seen, want, call) {
      // KMS takes no tags on a key that is to be deleted.
      if (seen.phase === "deleting")
        await step("take back its deletion", () => kms.cancelDeletion(seen.id, call.signal));
      const tags = { ...ownerTags(call.owner), ...windowTag(want) };
      await step("set tags", () => kms.tag(seen.id, tags, call.signal));
    },

    release: (seen, call) => kms.untag(seen.id, [...HOLDER_MARKS], call.signal),
  };
}

const windowTag = (want: EncryptionKeyWant) => ({ [WINDOW]: String(want.deletionWindowDays) });

const isDying = ({ KeyState }: KeyMetadata): boolean =>
  KeyState === "PendingDeletion" || KeyState === "PendingReplicaDeletion";

function stateOf(key: KeyMetadata): EncryptionKeyWant["state"] {
  if (isDying(key)) return "PendingDeletion";
  return key.KeyState === "Disabled" ? "Disabled" : "Enabled";
}

function phaseOf(key: KeyMetadata): Pick<Seen, "phase" | "message" | "restorable"> {
  if (isDying(key))
    return { phase: "deleting", restorable: true, message: "It can be brought back until its deletion window ends." };
  if (key.KeySpec !== undefined && key.KeySpec !== "SYMMETRIC_DEFAULT")
    return { phase: "failed", message: `${key.Arn} is a key of the kind ${key.KeySpec}, not a symmetric one.` };
  if (key.KeyState === "Enabled" || key.KeyState === "Disabled") return { phase: "ready" };
  if (key.KeyState === "Unavailable")
    return { phase: "failed", message: `KMS can't reach the key store of ${key.Arn}.` };
  return { phase: "pending", message: `KMS says ${key.KeyState} of it.` };
}

const multiRegionOverride = (multiRegion: unknown): EncryptionKeyWant["overrides"] =>
  multiRegion === true ? { multiRegion: true } : {};

function fitKey(want: EncryptionKeyWant, access: readonly string[]): Fitted<EncryptionKeyWant> {
  const { rotationDays, deletionWindowDays, overrides } = want;
  const rotation = fitRotation(rotationDays);
  const window = fitNumber("deletionWindowDays", deletionWindowDays, limits.encryptionkey.deletionWindowDays);
  const used = checkOverrides(overrides, ["multiRegion", "keyPolicy"]);
  return {
    want: {
      ...want,
      rotationDays: rotation.value,
      deletionWindowDays: window.value,
      access: overrides.keyPolicy === "Unmanaged" ? [] : access,
      overrides: multiRegionOverride(overrides.multiRegion),
    },
    deviations: [...rotation.deviations, ...window.deviations, ...used],
  };
}

const fitRotation = (days: number) =>
  days === 0 ? { value: 0, deviations: [] } : fitNumber("rotationDays", days, limits.encryptionkey.rotationDays);
