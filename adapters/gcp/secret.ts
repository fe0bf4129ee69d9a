import type { SecretOutputs, SecretWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { dueOf, STATE, stateText } from "../../operator/provider/kept-value.ts";
import { HOLDER_MARKS, mergeTags, ownerOf } from "../../operator/provider/owner.ts";
import type { Call, Created, Provider } from "../../operator/provider/provider.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import { letServiceUseKey } from "./key-agents.ts";
import { shortName } from "./names.ts";
import { marksOf, mayTake, without } from "./owner.ts";
import type { Secret } from "./secret-manager.ts";
import {
  ADDING,
  actualSecret,
  addingText,
  CURRENT,
  DELETED,
  destroyTtl,
  fitSecret,
  inForce,
  type Live,
  liveOf,
  numberOf,
  PREVIOUS,
  replicated,
  secretName,
  secretOutputs,
  toSecret,
  versionsOf,
} from "./secret-shape.ts";
import { named, secretValues, settings } from "./secret-values.ts";

const DAY_SECONDS = 86_400;

/** ManagedSecret as secret of Secret Manager, its versions under the aliases `current` and `previous`. */
export function secretProvider(gcp: Gcp): Provider<SecretWant, SecretOutputs> {
  const { place, secretManager, now } = gcp;
  const seconds = () => Math.floor(now() / 1000);
  const values = secretValues(gcp);
  const { find, versionOf, write } = values;
  const nameFor = (id: string) => secretName(place.account, id);

  /** For versions from now on: those that are there stay as they were encrypted, and readable while their key is. */
  async function rekey(live: Live, key: string | null, call: Call): Promise<Live> {
    await step(`let Secret Manager use the key ${key}`, () => letServiceUseKey(gcp, "secretmanager", key, call.signal));
    return step("set the key for versions to come", () =>
      write(live, replicated(live.locations, key), ["replication"], call),
    );
  }

  async function relabel(live: Live, tags: SecretWant["tags"], call: Call): Promise<Live> {
    const labels = mergeTags(live.labels, tags);
    const keys = new Set([...Object.keys(labels), ...Object.keys(live.labels)]);
    if ([...keys].every((key) => labels[key] === live.labels[key])) return live;
    return step("set labels", () => write(live, { labels }, ["labels"], call));
  }

  /** Deleted less than recoveryDays ago, and ours: its versions can be read again, and it no longer expires. */
  async function restore(live: Live, call: Call): Promise<void> {
    for (const alias of [PREVIOUS, CURRENT]) {
      const version = await versionOf(live, alias, call);
      if (version?.state === "DISABLED")
        await step("enable its versions again", () => secretManager.enable(named(live, version), call.signal));
    }
    const { [DELETED]: _deleted, ...annotations } = live.annotations;
    await step("restore it, since it was deleted less than recoveryDays ago", () =>
      write(live, { annotations }, ["annotations", "expire_time"], call),
    );
  }

  async function takeOver(id: string, refused: unknown, call: Call): Promise<Created<SecretOutputs>> {
    const live = await find(nameFor(id), call);
    if (!live) throw refused;
    const owner = ownerOf(live.labels);
    if (!mayTake(owner, call.owner))
      throw new ProviderError("conflict", `${live.name} exists and does not carry our marks. It was left alone.`, {
        code: "ALREADY_EXISTS",
      });
    if (live.deleted) await restore(live, call);
    return { id: live.name };
  }

  return {
    service: "secretmanager",
    ids: "derived",
    immutable: [],
    fit: (want) => fitSecret(place.region, want),

    async observe(at, call) {
      const live = await find(nameFor(at.id ? shortName(at.id) : at.name), call);
      // What is deleted and expires is had back by create.
      if (!live || live.deleted) return { exists: false };
      const current = await values.currentOf(live, call);
      const { versions } = versionsOf(live, current);
      const due =
        inForce(live, current) && live.state ? dueOf(live.state, live.aliases[PREVIOUS] !== undefined, now()) : [];
      return {
        exists: true,
        id: live.name,
        owner: ownerOf(live.labels),
        phase: "ready",
        actual: actualSecret(live, current, place.region),
        outputs: secretOutputs(live.name, versions?.current ?? ""),
        ...(versions ? { versions } : {}),
        ...(due.length > 0 ? { due } : {}),
      };
    },

    async list({ signal }) {
      const secrets = await secretManager.secrets(place.account, signal);
      return secrets.map(({ name }) => ({ name: shortName(name ?? ""), id: nameFor(shortName(name ?? "")) }));
    },

    async create(id, want, call) {
      const value = await values.payloadOf(call);
      const state = stateText({ ...settings(want), version: null, since: seconds() });
      const secret: Secret = {
        ...toSecret(want, place.region),
        labels: mergeTags({}, want.tags),
        annotations: { [STATE]: state, [ADDING]: addingText(want.value, 0) },
      };
      await step(`let Secret Manager use the key ${want.encryptionKey}`, () =>
        letServiceUseKey(gcp, "secretmanager", want.encryptionKey, call.signal),
      );
      let made: Secret;
      try {
        made = await step(`create the secret ${id}`, () =>
          secretManager.create(place.account, id, secret, call.signal),
        );
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        return takeOver(id, error, call);
      }
      const live = await values.add(liveOf(nameFor(id), made), value, want, call);
      const inForceNow = String(live.aliases[CURRENT]);
      return { id: live.name, outputs: secretOutputs(live.name, inForceNow), versions: { current: inForceNow } };
    },

    async update(seen, want, changed, call) {
      let found = await find(seen.id, call);
      if (!found) throw new ProviderError("transient", `Secret Manager does not show ${seen.id} any more.`);
      if (changed.has("encryptionKey")) found = await rekey(found, want.encryptionKey, call);
      let live = changed.has("value") ? await values.bring(found, want, call) : found;
      const kept = live.state ?? { value: want.value, version: null, since: seconds() };
      const state = stateText({ ...settings(want), value: kept.value, version: kept.version, since: kept.since });
      if (live.annotations[STATE] !== state && (changed.has("rotation") || changed.has("recoveryDays")))
        live = await step("record the settings", () =>
          write(live, { annotations: { ...live.annotations, [STATE]: state } }, ["annotations"], call),
        );
      if (changed.has("overrides"))
        live = await step("set how long destroyed versions are kept", () =>
          write(live, destroyTtl(want), ["version_destroy_ttl"], call),
        );
      if (changed.has("tags")) live = await relabel(live, want.tags, call);
      if (changed.has("value") || changed.has("rotation")) await values.retire(live, call);
    },

    async delete(seen, _at, call) {
      const days = seen.actual.recoveryDays ?? limits.managedsecret.recoveryDays.portable.default;
      if (days === 0) return step(`delete the secret ${seen.id}`, () => secretManager.delete(seen.id, call.signal));
      const live = await find(seen.id, call);
      if (!live || live.deleted) return;
      for (const alias of [CURRENT, PREVIOUS]) {
        const version = await versionOf(live, alias, call);
        if (version?.state === "ENABLED")
          await step("disable its versions", () => secretManager.disable(named(live, version), call.signal));
      }
      const annotations = { ...live.annotations, [DELETED]: String(seconds()) };
      const expireTime = { seconds: seconds() + days * DAY_SECONDS };
      await step(`let it expire after ${days} days`, () =>
        write(live, { annotations, expireTime }, ["annotations", "expire_time"], call),
      );
    },

    /** A value that is there is kept but where it comes from a Secret: it is in use somewhere. */
    async adopt(seen, want, call) {
      const found = await find(seen.id, call);
      if (!found) throw new ProviderError("transient", `Secret Manager does not show ${seen.id} any more.`);
      let live = found;
      if (want.value.from === "External") live = await values.leave(live, want, call);
      if (want.value.from === "Generated") {
        const number = live.aliases[CURRENT] ?? numberOf((await values.newest(live, call)) ?? {});
        if (number > 0)
          live = await values.putInForce(live, number, { value: want.value, since: seconds() }, want, call);
      }
      await relabel(live, marksOf(want.tags), call);
    },

    async release(seen, call) {
      const live = await find(seen.id, call);
      if (live) await relabel(live, without(HOLDER_MARKS), call);
    },

    async reveal(seen, version, call) {
      const name = `${seen.id}/versions/${version}`;
      const found = await secretManager.version(name, call.signal);
      return found?.state === "ENABLED" ? secretManager.access(name, call.signal) : undefined;
    },
  };
}
