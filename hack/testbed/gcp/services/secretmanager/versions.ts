/** Versions of secrets and their payloads: comments of google/cloud/secretmanager/v1/*.proto. */
import { checkEtag } from "../../engine/crud.ts";
import { invalid, notFound, precondition, unimplemented } from "../../engine/errors.ts";
import { child, list as listOf, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import { page } from "../../engine/pages.ts";
import type { Call, Handler } from "../../engine/world.ts";
import { checkKeyUse } from "../kms/use.ts";
import { answered, SECRET, VERSION } from "./secrets.ts";

/** The type under which payloads are stored, by the name of their version. */
const PAYLOAD = "google.cloud.secretmanager.v1.SecretPayload";
const SERVICE = "google.cloud.secretmanager.v1.SecretManagerService";
const MAXIMUM = 64 * 1024;

type State = "ENABLED" | "DISABLED" | "DESTROYED";

const numberOf = (name: string): number => Number(name.slice(name.lastIndexOf("/") + 1));
const shown = (version: Message, { world }: Call): Message => ({
  ...version,
  name: answered(text(version, "name"), world),
});

/** Newest first, as Google lists them. */
const versionsOf = (secret: string, { view }: Call): readonly Message[] =>
  [...view.list(VERSION, `${secret}/versions/`)].sort((a, b) => numberOf(text(b, "name")) - numberOf(text(a, "name")));

function requireSecret(name: string, { view }: Call): Message {
  const secret = view.get(SECRET, name);
  if (!secret) throw notFound(name);
  return secret;
}

/** The version that a number, an alias or `latest` names. */
function find(call: Call, aliases: boolean): Message {
  const asked = text(call.request, "name");
  const [, secretName = "", id = ""] = /^(.*\/secrets\/[^/]+)\/versions\/([^/]+)$/.exec(asked) ?? [];
  const secret = requireSecret(secretName, call);
  if (/^\d+$/.test(id) || !aliases) {
    const version = call.view.get(VERSION, asked);
    if (!version) throw notFound(asked);
    return version;
  }
  const number = (secret.versionAliases as Record<string, string> | undefined)?.[id];
  const version =
    id === "latest"
      ? versionsOf(secretName, call)[0]
      : number === undefined
        ? undefined
        : call.view.get(VERSION, `${secretName}/versions/${number}`);
  if (!version) throw notFound(asked);
  return version;
}

/** The keys that a secret's values are encrypted with: one a place. */
const keysOf = (replication: Message): readonly string[] =>
  [child(replication, "automatic") ?? {}, ...listOf<Message>(child(replication, "userManaged") ?? {}, "replicas")].map(
    (place) => text(child(place, "customerManagedEncryption") ?? {}, "kmsKeyName"),
  );

const add: Handler = (call) => {
  const { store, clock } = call.world;
  const parent = text(call.request, "parent");
  requireSecret(parent, { ...call, view: store });
  const payload = child(call.request, "payload") ?? {};
  if (payload.dataCrc32c !== undefined) throw unimplemented("The test bed's Secret Manager checks no checksums.");
  const data = payload.data as Uint8Array | undefined;
  if (!data || data.length === 0) throw invalid("Secret Payload cannot be empty.", "payload");
  if (data.length > MAXIMUM)
    throw invalid(`The payload has ${String(data.length)} bytes: at most ${String(MAXIMUM)} are allowed.`, "payload");
  const [newest] = versionsOf(parent, { ...call, view: store });
  const name = `${parent}/versions/${String(newest ? numberOf(text(newest, "name")) + 1 : 1)}`;
  const replication = child(requireSecret(parent, { ...call, view: store }), "replication") ?? {};
  for (const key of keysOf(replication)) checkKeyUse(key, "gcp-sa-secretmanager", call);
  const version = {
    name,
    createTime: timestamp(clock.now()),
    state: "ENABLED",
    etag: `etag-${String(store.nextRevision())}`,
    replicationStatus: replication.automatic ? { automatic: {} } : { userManaged: {} },
  };
  store.put(VERSION, name, version);
  store.put(PAYLOAD, name, { data });
  return shown(version, call);
};

const access: Handler = (call) => {
  const version = find(call, true);
  const name = text(version, "name");
  if (version.state !== "ENABLED") throw precondition(`Secret Version [${name}] is in ${String(version.state)} state.`);
  return { name: answered(name, call.world), payload: call.view.get(PAYLOAD, name) ?? {} };
};

const turn =
  (state: State): Handler =>
  (call) => {
    const { store, clock } = call.world;
    const version = find({ ...call, view: store }, false);
    const name = text(version, "name");
    checkEtag(call.request.etag, version.etag, name, "FAILED_PRECONDITION");
    if (version.state === "DESTROYED" && state !== "DESTROYED")
      throw precondition(`Secret Version [${name}] is in DESTROYED state.`);
    const ttl = child(
      requireSecret(name.replace(/\/versions\/.*$/, ""), { ...call, view: store }),
      "versionDestroyTtl",
    );
    const { scheduledDestroyTime: _off, ...kept } = version;
    const etag = `etag-${String(store.nextRevision())}`;
    const after: Message =
      state !== "DESTROYED"
        ? { ...kept, state, etag }
        : ttl
          ? { ...kept, state: "DISABLED", etag, scheduledDestroyTime: timestamp(clock.now() + millisOf(ttl)) }
          : { ...kept, state, etag, destroyTime: timestamp(clock.now()) };
    store.put(VERSION, name, after);
    if (after.state === "DESTROYED") store.delete(PAYLOAD, name);
    return shown(after, call);
  };

const list: Handler = (call) => {
  if (text(call.request, "filter") !== "") throw unimplemented("ListSecretVersions takes no filter in the test bed.");
  const parent = text(call.request, "parent");
  requireSecret(parent, call);
  const all = versionsOf(parent, call);
  const order = (version: Message) => String(1e9 - numberOf(text(version, "name"))).padStart(10, "0");
  const { items, nextPageToken } = page(all, order, call.request);
  return { versions: items.map((version) => shown(version, call)), nextPageToken, totalSize: all.length };
};

export const versionHandlers: Readonly<Record<string, Handler>> = {
  [`${SERVICE}.AddSecretVersion`]: add,
  [`${SERVICE}.AccessSecretVersion`]: access,
  [`${SERVICE}.GetSecretVersion`]: (call) => shown(find(call, true), call),
  [`${SERVICE}.ListSecretVersions`]: list,
  [`${SERVICE}.EnableSecretVersion`]: turn("ENABLED"),
  [`${SERVICE}.DisableSecretVersion`]: turn("DISABLED"),
  [`${SERVICE}.DestroySecretVersion`]: turn("DESTROYED"),
};
