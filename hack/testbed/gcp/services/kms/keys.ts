/** What Cloud KMS does with key rings and crypto keys beyond the standard methods: comments of google/cloud/kms/v1. */
import { invalid, unimplemented } from "../../engine/errors.ts";
import { child, duration, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call, World } from "../../engine/world.ts";
import { checkDuration, checkLabels } from "../pubsub/rules.ts";
import { makeVersion, VERSION } from "./versions.ts";

export const KEY_RING = "cloudkms.googleapis.com/KeyRing";
export const CRYPTO_KEY = "cloudkms.googleapis.com/CryptoKey";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
/** CreateKeyRingRequest.key_ring_id and CreateCryptoKeyRequest.crypto_key_id. */
const ID = /^[a-zA-Z0-9_-]{1,63}$/;

function checkId(name: string): void {
  if (!ID.test(shortName(name))) throw invalid(`Invalid id "${shortName(name)}": it must match ${ID.source}.`, "name");
}

function checkRotation(key: Message, { world: { clock } }: Call): void {
  const next = child(key, "nextRotationTime");
  checkDuration(key, "rotationPeriod", DAY, 876_000 * HOUR, "rotation_period");
  if (key.rotationPeriod !== undefined && next === undefined)
    throw invalid("rotation_period is set, so next_rotation_time must be set too.", "next_rotation_time");
  if (next !== undefined && millisOf(next) <= clock.now())
    throw invalid("next_rotation_time must lie in the future.", "next_rotation_time");
}

export const keyRings: Semantics = { checkName: checkId };

export const cryptoKeys: Semantics = {
  // Its comment says so; `protection_level` alone, since the algorithm can change.
  immutable: new Set(["version_template.protection_level"]),
  checkName: checkId,
  create(input, call) {
    if (input.purpose === undefined) throw invalid("crypto_key.purpose is required.", "crypto_key.purpose");
    if (input.purpose !== "ENCRYPT_DECRYPT")
      throw unimplemented(`The test bed's Cloud KMS has no keys for ${text(input, "purpose")}.`);
    checkLabels(input);
    checkRotation(input, call);
    checkDuration(input, "destroyScheduledDuration", DAY, 120 * DAY, "destroy_scheduled_duration");
    const template = child(input, "versionTemplate");
    const key = {
      destroyScheduledDuration: duration((30 * DAY) / 1000),
      ...input,
      versionTemplate: { algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", protectionLevel: "SOFTWARE", ...template },
    };
    if (call.request.skipInitialVersionCreation === true) return key;
    return { ...key, primary: { name: text(makeVersion(key, call.world), "name") } };
  },
  update(before, after, paths, call) {
    checkLabels(after);
    if (paths.some((path) => path.startsWith("version_template")) && !sameProtection(before, after))
      throw invalid("version_template.protection_level is immutable.", "version_template.protection_level");
    checkRotation(after, call);
    return after;
  },
  /** The primary is shown as it is now. */
  read(key, { view }) {
    const { primary, ...rest } = key;
    const version = primary && view.get(VERSION, text(primary as Message, "name"));
    return version ? { ...rest, primary: version } : rest;
  },
  remove() {
    throw unimplemented("The test bed's Cloud KMS deletes no crypto keys: destroy their versions.");
  },
};

const protectionOf = (key: Message) => child(key, "versionTemplate")?.protectionLevel ?? "SOFTWARE";
const sameProtection = (a: Message, b: Message) => protectionOf(a) === protectionOf(b);

/** Makes the versions whose time has come since the clock was moved. */
export function rotateDue({ store, clock }: World): void {
  for (const key of store.list(CRYPTO_KEY, "")) {
    const next = child(key, "nextRotationTime");
    const period = child(key, "rotationPeriod");
    if (!next || !period || millisOf(next) > clock.now()) continue;
    const missed = Math.ceil((clock.now() + 1 - millisOf(next)) / millisOf(period));
    const version = makeVersion(key, { store, clock });
    store.put(CRYPTO_KEY, text(key, "name"), {
      ...key,
      primary: { name: text(version, "name") },
      nextRotationTime: timestamp(millisOf(next) + missed * millisOf(period)),
    });
  }
}
