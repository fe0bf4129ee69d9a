/** Versions of crypto keys: their states, and the material that encrypts. */
import { randomBytes } from "node:crypto";
import { invalid, notFound, precondition } from "../../engine/errors.ts";
import { child, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import { parentName, shortName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call, Handler, World } from "../../engine/world.ts";

export const VERSION = "cloudkms.googleapis.com/CryptoKeyVersion";
const KEY = "cloudkms.googleapis.com/CryptoKey";
/** The bytes that encrypt, by the name of their version. */
const MATERIAL = "onyx/KeyMaterial";

const nextId = (store: World["store"], key: string): string =>
  String(
    1 +
      Math.max(
        0,
        ...store.list(VERSION, `${key}/cryptoKeyVersions/`).map((one) => Number(shortName(text(one, "name")))),
      ),
  );

function facts(key: Message, now: number): Message {
  const { algorithm, protectionLevel } = child(key, "versionTemplate") ?? {};
  return { algorithm, protectionLevel, createTime: timestamp(now), generateTime: timestamp(now) };
}

/** A version that Cloud KMS makes by itself: with the key, or by rotation. */
export function makeVersion(key: Message, { store, clock }: Pick<World, "store" | "clock">): Message {
  const name = `${text(key, "name")}/cryptoKeyVersions/${nextId(store, text(key, "name"))}`;
  const version = { name, state: "ENABLED", ...facts(key, clock.now()) };
  store.put(VERSION, name, version);
  store.put(MATERIAL, name, { bytes: randomBytes(32) });
  return version;
}

export const materialOf = (store: World["store"], version: string): Buffer | undefined =>
  store.get(MATERIAL, version)?.bytes as Buffer | undefined;

export const versions: Semantics = {
  id: (_input, { request, world }) => nextId(world.store, text(request, "parent")),
  create(input, { world: { store, clock } }) {
    const name = text(input, "name");
    const key = store.get(KEY, parentName(name)) ?? {};
    if (input.state !== undefined && input.state !== "ENABLED" && input.state !== "DISABLED")
      throw invalid(`A version can't be made ${text(input, "state")}.`, "crypto_key_version.state");
    store.put(MATERIAL, name, { bytes: randomBytes(32) });
    return { state: "ENABLED", ...input, ...facts(key, clock.now()) };
  },
  update(before, after, paths) {
    const movable = (version: Message) => version.state === "ENABLED" || version.state === "DISABLED";
    if (paths.includes("state") && !movable(after))
      throw invalid("state can be set to ENABLED and DISABLED.", "crypto_key_version.state");
    if (paths.includes("state") && !movable(before)) throw wrongState(before, "ENABLED or DISABLED");
    return after;
  },
};

const wrongState = (version: Message, wanted: string) =>
  precondition(
    `${text(version, "name")} is not in the state ${wanted}: its current state is ${text(version, "state")}.`,
  );

function stored({ request, world: { store } }: Call): Message {
  const name = text(request, "name");
  const version = store.get(VERSION, name);
  if (version === undefined) throw notFound(name);
  return version;
}

const destroy: Handler = (call) => {
  const version = stored(call);
  const { store, clock } = call.world;
  const name = text(version, "name");
  if (version.state !== "ENABLED" && version.state !== "DISABLED") throw wrongState(version, "ENABLED or DISABLED");
  const window = child(store.get(KEY, parentName(name)) ?? {}, "destroyScheduledDuration") ?? {};
  const dying = { ...version, state: "DESTROY_SCHEDULED", destroyTime: timestamp(clock.now() + millisOf(window)) };
  store.put(VERSION, name, dying);
  return dying;
};

const restore: Handler = (call) => {
  const { destroyTime: _when, ...version } = stored(call);
  if (version.state !== "DESTROY_SCHEDULED") throw wrongState(version, "DESTROY_SCHEDULED");
  const restored = { ...version, state: "DISABLED" };
  call.world.store.put(VERSION, text(restored, "name"), restored);
  return restored;
};

const setPrimary: Handler = ({ request, view, world: { store } }) => {
  const key = store.get(KEY, text(request, "name"));
  if (key === undefined) throw notFound(text(request, "name"));
  const name = `${text(request, "name")}/cryptoKeyVersions/${text(request, "cryptoKeyVersionId")}`;
  const version = view.get(VERSION, name);
  if (version === undefined) throw notFound(name);
  if (version.state !== "ENABLED") throw wrongState(version, "ENABLED");
  store.put(KEY, text(key, "name"), { ...key, primary: { name } });
  return { ...key, primary: version };
};

/** What was scheduled long enough ago is destroyed, its material with it. */
export function destroyDue({ store, clock }: World): void {
  for (const version of store.list(VERSION, "")) {
    const at = child(version, "destroyTime");
    if (version.state !== "DESTROY_SCHEDULED" || !at || millisOf(at) > clock.now()) continue;
    const name = text(version, "name");
    store.put(VERSION, name, { ...version, state: "DESTROYED", destroyEventTime: at });
    store.delete(MATERIAL, name);
  }
}

export const versionHandlers = (service: string): Record<string, Handler> => ({
  [`${service}.DestroyCryptoKeyVersion`]: destroy,
  [`${service}.RestoreCryptoKeyVersion`]: restore,
  [`${service}.UpdateCryptoKeyPrimaryVersion`]: setPrimary,
});
