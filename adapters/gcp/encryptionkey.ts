import type { EncryptionKeyOutputs, EncryptionKeyWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, mergeTags, ownerOf, type Tags, tagValue } from "../../operator/provider/owner.ts";
import type { Call, Observation, Present, Provider } from "../../operator/provider/provider.ts";
import {
  fitKey,
  isDisabled,
  isEmpty,
  ROTATION_MASK,
  rotation,
  seenKey,
  sortVersions,
  toCryptoKey,
} from "./encryptionkey-shape.ts";
import { isAlreadyExists, isNotFound } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import type { CryptoKey } from "./kms.ts";
import { keyName, keyRingName, shortName } from "./names.ts";
import { marksOf, mayTake, without } from "./owner.ts";

type Seen = Present<EncryptionKeyWant, EncryptionKeyOutputs>;

/**
 * EncryptionKey as crypto key in the Environment's key ring, which is made with the first key and, as Google has it, never
 * goes. A crypto key has no state of its own: it is as its versions are.
 *
 * To delete it is to turn its rotation off and to destroy its versions after its window: the crypto key itself stays, so
 * that the same object made again restores them (all, and only then enables them: so one that is cut off half-way still
 * shows as disabled). One whose versions are all destroyed is empty: it counts as absent, and gets a new version.
 */
export function encryptionKeyProvider(gcp: Gcp): Provider<EncryptionKeyWant, EncryptionKeyOutputs> {
  const { place, kms, now } = gcp;
  const ring = keyRingName(place.account, place.region, tagValue(`onyx-${place.environment}`));
  const nameOf = (name: string) => keyName(ring, name);

  const versionsOf = async (name: string, call: Call) => sortVersions(await kms.versions(name, call.signal));

  async function observe(name: string, call: Call): Promise<Observation<EncryptionKeyWant, EncryptionKeyOutputs>> {
    const key = await kms.key(name, call.signal);
    if (!key) return { exists: false };
    const versions = await versionsOf(name, call);
    return isEmpty(versions) ? { exists: false } : seenKey(key, versions, place.region);
  }

  async function makeKey(name: string, want: EncryptionKeyWant, call: Call): Promise<CryptoKey> {
    const wanted = toCryptoKey(want, mergeTags({}, want.tags), now());
    const make = () =>
      step(`create the crypto key ${nameOf(name)}`, () => kms.createKey(ring, name, wanted, call.signal));
    try {
      return await make();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const parent = `projects/${place.account}/locations/${place.region}`;
      await step(`create the key ring ${ring}`, () => kms.createRing(parent, shortName(ring), call.signal));
      return make();
    }
  }

  /** What a create found in its place: ours to go on with, and empty where its versions were destroyed. */
  async function takeUp(id: string, want: EncryptionKeyWant, call: Call): Promise<void> {
    const found = await kms.key(id, call.signal);
    if (!found) throw new ProviderError("transient", `${id} exists and can't be seen yet.`, { code: "ALREADY_EXISTS" });
    if (!mayTake(ownerOf(found.labels ?? {}), call.owner))
      throw new ProviderError("conflict", `${id} exists and does not carry our marks. It was left alone.`, {
        code: "ALREADY_EXISTS",
      });
    if (!isEmpty(await versionsOf(id, call))) return;
    const labels = mergeTags(found.labels ?? {}, want.tags);
    const renewed = { name: id, labels, ...rotation(want.rotationDays, now()) };
    await step(`set up ${id} again`, () => kms.updateKey(renewed, ["labels", ...ROTATION_MASK], call.signal));
    const version = await step(`make a version of ${id}`, () => kms.createVersion(id, call.signal));
    await step(`make ${version.name} the primary`, () =>
      kms.setPrimary(id, shortName(version.name ?? ""), call.signal),
    );
  }

  async function setState(seen: Seen, want: EncryptionKeyWant, call: Call): Promise<void> {
    const { living, scheduled } = await versionsOf(seen.id, call);
    const restoring = seen.actual.state === "PendingDeletion" || seen.actual.state === "Disabled" ? scheduled : [];
    for (const { name } of restoring) await step(`restore ${name}`, () => kms.restore(name ?? "", call.signal));
    const disabled = [...living.filter(isDisabled), ...restoring];
    const enabled = living.filter((version) => !isDisabled(version));
    const [changing, to] =
      want.state === "Enabled" ? ([disabled, "ENABLED"] as const) : ([enabled, "DISABLED"] as const);
    for (const { name } of changing) await step(`set ${name} ${to}`, () => kms.setState(name ?? "", to, call.signal));
  }

  /** Labels are replaced as a whole, so they are read fresh and only ours are changed. */
  async function relabelled(id: string, tags: Tags, call: Call): Promise<Record<string, string>> {
    return mergeTags((await kms.key(id, call.signal))?.labels ?? {}, tags);
  }

  async function mark(seen: Seen, tags: Tags, call: Call): Promise<void> {
    const key = { name: seen.id, labels: await relabelled(seen.id, tags, call) };
    await step(`label ${seen.id}`, () => kms.updateKey(key, ["labels"], call.signal));
  }

  const foresee = (name: string): EncryptionKeyOutputs => ({ KEY_ID: nameOf(name), REGION: place.region });

  return {
    service: "cloudkms",
    ids: "derived",
    immutable: ["deletionWindowDays", "overrides"],
    fit: fitKey,
    foresee,
    observe: (at, call) => observe(at.id ?? nameOf(at.name), call),

    async list({ signal }) {
      return (await kms.keys(ring, signal)).map(({ name }) => ({ name: shortName(name ?? ""), id: name ?? "" }));
    },

    async create(name, want, call) {
      const id = nameOf(name);
      try {
        const { primary } = await makeKey(name, want, call);
        if (want.state === "Enabled" && primary?.state === "ENABLED") return { id, outputs: foresee(name) };
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        await takeUp(id, want, call);
      }
      return { id };
    },

    async update(seen, want, changed, call) {
      if (changed.has("state")) await setState(seen, want, call);
      const mask = [...(changed.has("rotationDays") ? ROTATION_MASK : []), ...(changed.has("tags") ? ["labels"] : [])];
      if (mask.length === 0) return;
      const key = {
        name: seen.id,
        ...rotation(want.rotationDays, now()),
        labels: changed.has("tags") ? await relabelled(seen.id, want.tags, call) : {},
      };
      await step(`update ${seen.id}`, () => kms.updateKey(key, mask, call.signal));
    },

    async delete(seen, _at, call) {
      if (seen.actual.rotationDays !== 0)
        await step(`stop the rotation of ${seen.id}`, () =>
          kms.updateKey({ name: seen.id }, [...ROTATION_MASK], call.signal),
        );
      for (const { name } of (await versionsOf(seen.id, call)).living)
        await step(`schedule the destruction of ${name}`, () => kms.destroy(name ?? "", call.signal));
    },

    adopt: (seen, want, call) => mark(seen, marksOf(want.tags), call),
    release: (seen, call) => mark(seen, without(HOLDER_MARKS), call),
  };
}
