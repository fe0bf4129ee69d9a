import type { SecretOutputs, SecretWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import {
  dueOf,
  overlapOver,
  rotationDue,
  STATE,
  stateText,
  unfitValue,
  type ValueState,
} from "../../operator/provider/kept-value.ts";
import { HOLDER_MARKS, ownerOf } from "../../operator/provider/owner.ts";
import type { Call, Created, Provider } from "../../operator/provider/provider.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import { letServiceUseKey } from "./key-agents.ts";
import { mergeLabels } from "./labels.ts";
import { shortName } from "./names.ts";
import { marksOf, mayTake, without } from "./owner.ts";
import type { Secret, SecretVersion } from "./secret-manager.ts";
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
  secretName,
  secretOutputs,
  toSecret,
  versionsOf,
} from "./secret-shape.ts";

const DAY_SECONDS = 86_400;

/**
 * ManagedSecret as secret of Secret Manager, its versions under the aliases `current` and `previous`.
 *
 * A new value takes three steps: the intent is written down (at first with the secret itself), the version is added, and
 * the alias moves with the record of what it answers. A version that is there after an intent is ours: whatever is cut off,
 * what is current can be read, and no version is made twice.
 */
export function secretProvider(gcp: Gcp): Provider<SecretWant, SecretOutputs> {
  const { place, secretManager, now } = gcp;
  const seconds = () => Math.floor(now() / 1000);
  const nameFor = (id: string) => secretName(place.account, id);

  async function find(name: string, call: Call): Promise<Live | undefined> {
    const found = await secretManager.secret(name, call.signal);
    return found && liveOf(name, found);
  }

  const versionOf = (live: Live, alias: string, call: Call): Promise<SecretVersion | undefined> =>
    live.aliases[alias] === undefined
      ? Promise.resolve(undefined)
      : secretManager.version(`${live.name}/versions/${live.aliases[alias]}`, call.signal);

  async function payloadOf(call: Call): Promise<Uint8Array> {
    if (!call.value) throw new ProviderError("invalid", "No value came with the secret.", { code: "NoValue" });
    const value = await call.value();
    const unfit = unfitValue(value, limits.managedsecret.value.gcp);
    if (unfit) throw new ProviderError("invalid", unfit, { code: "SecretSize" });
    return value;
  }

  async function write(live: Live, fields: Secret, mask: readonly string[], call: Call): Promise<Live> {
    const sent = { name: live.name, etag: live.etag, ...fields };
    return liveOf(live.name, await secretManager.update(sent, mask, call.signal));
  }

  /** The version answers the wish: the alias moves to it, and what was current becomes the previous one. */
  async function putInForce(live: Live, number: number, kept: Kept, want: SecretWant, call: Call): Promise<Live> {
    const { [ADDING]: _done, ...annotations } = live.annotations;
    const before = live.aliases[CURRENT];
    const state = stateText({ ...settings(want), ...kept, version: String(number) });
    const aliases = {
      ...live.aliases,
      ...(before !== undefined && before !== number ? { [PREVIOUS]: before } : {}),
      [CURRENT]: number,
    };
    const fields = { annotations: { ...annotations, [STATE]: state }, versionAliases: aliases };
    return step("put the new version in force", () => write(live, fields, ["annotations", "version_aliases"], call));
  }

  async function add(live: Live, value: Uint8Array, want: SecretWant, call: Call): Promise<Live> {
    const made = await step("add the value", () => secretManager.addVersion(live.name, value, call.signal));
    return putInForce(live, numberOf(made), { value: want.value, since: seconds() }, want, call);
  }

  /** Has the wished value in force, with as few new versions as can be. */
  async function bring(live: Live, want: SecretWant, call: Call): Promise<Live> {
    const { state, adding } = live;
    const current = await versionOf(live, CURRENT, call);
    if (adding) return finishAdding(live, adding, want, call);
    const rotating = inForce(live, current) && rotationDue(live.state as ValueState, now());
    if (!rotating && state && state.version !== null && isSame(state.value, want.value)) {
      const ours = await secretManager.version(`${live.name}/versions/${state.version}`, call.signal);
      if (ours && ours.state !== "DESTROYED") {
        if (ours.state === "DISABLED")
          await step("enable the version in force", () => secretManager.enable(named(live, ours), call.signal));
        if (live.aliases[CURRENT] === Number(state.version)) return live;
        return putInForce(live, Number(state.version), { value: state.value, since: state.since }, want, call);
      }
    }
    const value = await payloadOf(call);
    if (want.value.from === "Secret" && current?.state === "ENABLED") {
      const held = await step("compare it with the value in force", () =>
        secretManager.access(named(live, current), call.signal),
      );
      const kept = { value: want.value, since: state?.since ?? seconds() };
      if (Buffer.compare(held, value) === 0) return putInForce(live, numberOf(current), kept, want, call);
    }
    const highest = Math.max(0, ...(await secretManager.versions(live.name, call.signal)).map(numberOf));
    const annotations = { ...live.annotations, [ADDING]: addingText(want.value, highest) };
    const ready = await step("write down that a version is added", () =>
      write(live, { annotations }, ["annotations"], call),
    );
    return add(ready, value, want, call);
  }

  /** What was begun is brought to its end first: the version that came after the intent, if there is one, is ours. */
  async function finishAdding(
    live: Live,
    adding: NonNullable<Live["adding"]>,
    want: SecretWant,
    call: Call,
  ): Promise<Live> {
    const versions = await secretManager.versions(live.name, call.signal);
    const [made] = versions
      .filter((one) => numberOf(one) > adding.after && one.state === "ENABLED")
      .sort((a, b) => numberOf(a) - numberOf(b));
    if (made) return putInForce(live, numberOf(made), { value: adding.value, since: seconds() }, want, call);
    const value = await payloadOf(call);
    if (isSame(adding.value, want.value)) return add(live, value, want, call);
    const annotations = { ...live.annotations, [ADDING]: addingText(want.value, adding.after) };
    const ready = await step("write down that a version is added", () =>
      write(live, { annotations }, ["annotations"], call),
    );
    return add(ready, value, want, call);
  }

  /** Versions before the previous one, and the previous one once its time is over, can be read no more. */
  async function retire(live: Live, call: Call): Promise<void> {
    const { [PREVIOUS]: previous, [CURRENT]: current } = live.aliases;
    if (previous === undefined || current === undefined || !live.state) return;
    const over = overlapOver(live.state, now());
    for (const version of await secretManager.versions(live.name, call.signal)) {
      const number = numberOf(version);
      if (number === current || version.state !== "ENABLED" || number > previous) continue;
      if (number < previous || over)
        await step("end the overlap", () => secretManager.disable(named(live, version), call.signal));
    }
    if (!over) return;
    const { [PREVIOUS]: _gone, ...aliases } = live.aliases;
    await step("end the overlap", () => write(live, { versionAliases: aliases }, ["version_aliases"], call));
  }

  async function relabel(live: Live, tags: SecretWant["tags"], call: Call): Promise<Live> {
    const labels = mergeLabels(live.labels, tags);
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
    immutable: ["encryptionKey"],
    fit: (want) => fitSecret(place.region, want),

    async observe(at, call) {
      const live = await find(nameFor(at.id ? shortName(at.id) : at.name), call);
      // What is deleted and expires is had back by create.
      if (!live || live.deleted) return { exists: false };
      const current = await versionOf(live, CURRENT, call);
      const due =
        inForce(live, current) && live.state ? dueOf(live.state, live.aliases[PREVIOUS] !== undefined, now()) : [];
      return {
        exists: true,
        id: live.name,
        owner: ownerOf(live.labels),
        phase: "ready",
        actual: actualSecret(live, current, place.region),
        outputs: secretOutputs(live.name, String(live.aliases[CURRENT] ?? "")),
        ...versionsOf(live, current),
        ...(due.length > 0 ? { due } : {}),
      };
    },

    async create(id, want, call) {
      const value = await payloadOf(call);
      const state = stateText({ ...settings(want), version: null, since: seconds() });
      const secret: Secret = {
        ...toSecret(want, place.region),
        labels: mergeLabels({}, want.tags),
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
      const live = await add(liveOf(nameFor(id), made), value, want, call);
      const inForceNow = String(live.aliases[CURRENT]);
      return { id: live.name, outputs: secretOutputs(live.name, inForceNow), versions: { current: inForceNow } };
    },

    async update(seen, want, changed, call) {
      const found = await find(seen.id, call);
      if (!found) throw new ProviderError("transient", `Secret Manager does not show ${seen.id} any more.`);
      let live = changed.has("value") ? await bring(found, want, call) : found;
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
      if (changed.has("value") || changed.has("rotation")) await retire(live, call);
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

    /** A value that is there is kept where spec asks for a generated one: it is in use somewhere. */
    async adopt(seen, want, call) {
      const found = await find(seen.id, call);
      if (!found) throw new ProviderError("transient", `Secret Manager does not show ${seen.id} any more.`);
      let live = found;
      if (want.value.from === "Generated") {
        const versions = (await secretManager.versions(live.name, call.signal)).filter(
          (one) => one.state === "ENABLED",
        );
        const newest = live.aliases[CURRENT] ?? Math.max(0, ...versions.map(numberOf));
        if (newest > 0) live = await putInForce(live, newest, { value: want.value, since: seconds() }, want, call);
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

type Kept = Pick<ValueState, "value" | "since">;
const settings = ({ value, rotation, recoveryDays }: SecretWant) => ({ value, rotation, recoveryDays });
const isSame = (a: SecretWant["value"], b: SecretWant["value"]) => a.from === b.from && a.revision === b.revision;
const named = (live: Live, version: SecretVersion): string => `${live.name}/versions/${numberOf(version)}`;
