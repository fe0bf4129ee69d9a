/** What Secret Manager does with secrets beyond the standard methods: comments of google/cloud/secretmanager/v1/*.proto. */
import { isDeepStrictEqual } from "node:util";
import { invalid } from "../../engine/errors.ts";
import { child, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call, World } from "../../engine/world.ts";
import { checkDuration, checkLabels } from "../pubsub/rules.ts";

export const SECRET = "secretmanager.googleapis.com/Secret";
export const VERSION = "secretmanager.googleapis.com/SecretVersion";

const ID = /^[A-Za-z0-9_-]{1,255}$/;
const ALIAS = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
const ALIASES = 50;
const ANNOTATION = /^[a-z0-9A-Z]([-_.a-z0-9A-Z]{0,61}[a-z0-9A-Z])?$/;
const ANNOTATION_BYTES = 16 * 1024;
const DAY = 24 * 60 * 60 * 1000;

const record = (message: Message, field: string) => (message[field] ?? {}) as Readonly<Record<string, string>>;

/** Google answers with the project's number, whatever the request named it by. */
export const answered = (name: string, { project }: World): string =>
  name.replace(`projects/${project.id}/`, `projects/${project.number}/`);

function checkAnnotations(secret: Message): void {
  const annotations = Object.entries(record(secret, "annotations"));
  for (const [key] of annotations)
    if (!ANNOTATION.test(key)) throw invalid(`Annotation key "${key}" is not valid.`, "secret.annotations");
  const bytes = annotations.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes >= ANNOTATION_BYTES)
    throw invalid(`Annotations have ${String(bytes)} bytes: less than 16 KiB are allowed.`, "secret.annotations");
}

function checkAliases(secret: Message, { world: { store } }: Call): void {
  const aliases = Object.entries(record(secret, "versionAliases"));
  if (aliases.length > ALIASES) throw invalid("At most 50 aliases are allowed.", "secret.version_aliases");
  for (const [alias, number] of aliases) {
    if (!ALIAS.test(alias) || alias === "latest" || alias === "NEW")
      throw invalid(`"${alias}" can't be an alias.`, "secret.version_aliases");
    if (!store.get(VERSION, `${text(secret, "name")}/versions/${number}`))
      throw invalid(`Alias "${alias}" names version ${number}, which does not exist.`, "secret.version_aliases");
  }
}

function check(secret: Message, call: Call): void {
  checkLabels(secret);
  checkAnnotations(secret);
  checkAliases(secret, call);
  checkDuration(secret, "versionDestroyTtl", DAY, 1000 * DAY, "secret.version_destroy_ttl");
}

/** When it goes by itself, from either of the two ways to say it. */
function withExpiry(secret: Message, { world: { clock } }: Call): Message {
  const { ttl, ...rest } = secret as Message & { ttl?: Message };
  const at = ttl ? clock.now() + millisOf(ttl) : undefined;
  const expireTime = at === undefined ? child(secret, "expireTime") : timestamp(at);
  if (expireTime && millisOf(expireTime) <= clock.now())
    throw invalid("expire_time must be in the future.", "secret.expire_time");
  return { ...rest, ...(expireTime ? { expireTime } : {}) };
}

/** Where copies are, without the keys that they are encrypted with: those can change, for versions that are added later. */
function placesOf(secret: Message): unknown {
  const { automatic, userManaged } = child(secret, "replication") ?? {};
  const replicas = (userManaged as { replicas?: { location?: string }[] } | undefined)?.replicas ?? [];
  return { automatic: automatic !== undefined, locations: replicas.map(({ location }) => location) };
}

export const secrets: Semantics = {
  staleEtag: "FAILED_PRECONDITION",
  mutable: new Set(["replication"]),
  checkName(name) {
    if (!ID.test(shortName(name)))
      throw invalid(`Invalid secret_id "${shortName(name)}": letters, digits, - and _, at most 255.`, "secret_id");
  },
  create(secret, call) {
    const replication = child(secret, "replication") ?? {};
    if (!replication.automatic && !replication.userManaged)
      throw invalid("secret.replication is required.", "secret.replication");
    check(secret, call);
    return withExpiry(secret, call);
  },
  update(before, after, paths, call) {
    check(after, call);
    if (!isDeepStrictEqual(placesOf(before), placesOf(after)))
      throw invalid("The replication policy can't be changed after the secret was created.", "secret.replication");
    const touched = paths.includes("ttl") || paths.includes("expire_time");
    if (touched) return withExpiry(after, call);
    return before.expireTime ? { ...after, expireTime: before.expireTime } : after;
  },
  read: (secret, { world }) => ({ ...secret, name: answered(text(secret, "name"), world) }),
};

/** Secrets that expired are gone, with their versions. */
export function expire({ store, clock }: World): void {
  for (const secret of store.list(SECRET, "")) {
    const at = child(secret, "expireTime");
    const name = text(secret, "name");
    if (!at || millisOf(at) > clock.now()) continue;
    store.delete(SECRET, name);
    store.deleteBelow(name, "");
  }
}
