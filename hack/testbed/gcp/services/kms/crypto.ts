/** Encrypt and Decrypt, with AES-256-GCM as Cloud KMS does: a text tells its version and nothing else. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { invalid, notFound, precondition } from "../../engine/errors.ts";
import { child, type Message, text } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { Call, Handler, World } from "../../engine/world.ts";
import { materialOf, VERSION } from "./versions.ts";

const KEY = "cloudkms.googleapis.com/CryptoKey";
/** EncryptRequest.plaintext: at most 64 KiB. */
const LONGEST = 65_536;
const IV = 12;
const TAG = 16;
const HEAD = 4 + IV + TAG;

const bytes = (request: Message, field: string): Buffer => Buffer.from((request[field] as Uint8Array) ?? []);

/** The material of a version that may be used now. */
function usable({ store }: World, version: string): Buffer {
  const found = store.get(VERSION, version);
  if (found === undefined) throw notFound(version);
  const material = materialOf(store, version);
  if (found.state !== "ENABLED" || material === undefined)
    throw precondition(`${version} is not enabled, current state is: ${text(found, "state")}.`);
  return material;
}

/** The version that encrypts: the one that is named, or the key's primary. */
function primaryOf({ request, world: { store } }: Call): string {
  const name = text(request, "name");
  if (name.includes("/cryptoKeyVersions/")) return name;
  const key = store.get(KEY, name);
  if (key === undefined) throw notFound(name);
  const primary = text(child(key, "primary"), "name");
  if (primary === "") throw precondition(`${name} has no primary version.`);
  return primary;
}

const encrypt: Handler = (call) => {
  const plain = bytes(call.request, "plaintext");
  if (plain.length > LONGEST)
    throw invalid(`plaintext has ${String(plain.length)} bytes: at most ${String(LONGEST)} fit.`, "plaintext");
  const version = primaryOf(call);
  const iv = randomBytes(IV);
  const cipher = createCipheriv("aes-256-gcm", usable(call.world, version), iv);
  cipher.setAAD(bytes(call.request, "additionalAuthenticatedData"));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(Number(shortName(version)));
  return {
    name: version,
    ciphertext: Buffer.concat([head, iv, cipher.getAuthTag(), body]),
    protectionLevel: call.world.store.get(VERSION, version)?.protectionLevel,
  };
};

const decrypt: Handler = (call) => {
  const key = text(call.request, "name");
  if (call.world.store.get(KEY, key) === undefined) throw notFound(key);
  const sent = bytes(call.request, "ciphertext");
  const refused = () => invalid(`Decryption failed: verify that "name" refers to the correct CryptoKey.`, "ciphertext");
  if (sent.length < HEAD) throw refused();
  const version = `${key}/cryptoKeyVersions/${String(sent.readUInt32BE())}`;
  if (call.world.store.get(VERSION, version) === undefined) throw refused();
  const decipher = createDecipheriv("aes-256-gcm", usable(call.world, version), sent.subarray(4, 4 + IV));
  decipher.setAAD(bytes(call.request, "additionalAuthenticatedData"));
  decipher.setAuthTag(sent.subarray(4 + IV, HEAD));
  try {
    const plaintext = Buffer.concat([decipher.update(sent.subarray(HEAD)), decipher.final()]);
    return { plaintext, usedPrimary: version === primaryOf(call) };
  } catch {
    throw refused();
  }
};

export const cryptoHandlers = (service: string): Record<string, Handler> => ({
  [`${service}.Encrypt`]: encrypt,
  [`${service}.Decrypt`]: decrypt,
});
