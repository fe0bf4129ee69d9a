import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import type { Ciphers } from "../keys.ts";
import { carries } from "../marks.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { maskOf, unlessGone } from "./queue.ts";

/** The field of Want that each path of an update mask is. */
const FIELDS: Readonly<Record<string, string>> = {
  labels: "tags",
  rotation_period: "rotationDays",
  next_rotation_time: "rotationDays",
};

const DAY = 86_400;
const ringIdOf = ({ place }: Pick<GcpUnderTest, "place">) => `onyx-${place.environment}`;

/** The key ring is made with the first key and never goes: made here, so that each case makes the same calls. */
export async function makeKeyRing({ byOthers, place }: GcpUnderTest): Promise<void> {
  const parent = `projects/${place.account}/locations/${place.region}`;
  await byOthers(({ kms }) => kms.createKeyRing({ parent, keyRingId: ringIdOf({ place }), keyRing: {} }));
}

/** EncryptionKey on GCP, by Google's KMS client. */
export function encryptionKeyOnGcp({ eyes: { kms }, byOthers, place, advance }: GcpUnderTest): KindOnCloud {
  const ring = `projects/${place.account}/locations/${place.region}/keyRings/${ringIdOf({ place })}`;
  const nameOf = ({ name }: Subject) => `${ring}/cryptoKeys/${name}`;
  const versionsOf = async (key: string) => (await kms.listCryptoKeyVersions({ parent: key }))[0];
  const isLiving = ({ state }: { state?: unknown }) => state === "ENABLED" || state === "DISABLED";
  const isThere = async (key: string) => (await versionsOf(key)).some(isLiving);
  const find = async (subject: Subject) => {
    const [key] = (await unlessGone(kms.getCryptoKey({ name: nameOf(subject) }))) ?? [];
    return key && (await isThere(nameOf(subject))) ? key : undefined;
  };
  const change = (cryptoKey: object, ...paths: string[]) =>
    byOthers(() => kms.updateCryptoKey({ cryptoKey, updateMask: { paths } }));
  const tag = async (subject: Subject, key: string, value: string) => {
    const found = await find(subject);
    await change({ name: nameOf(subject), labels: { ...found?.labels, [key]: value } }, "labels");
  };

  return {
    makes: ["CreateCryptoKey"],
    unmakes: ["UpdateCryptoKey", "DestroyCryptoKeyVersion"],
    touches: ({ operation, request }) =>
      operation === "UpdateCryptoKey" ? maskOf(request).map((path) => FIELDS[path] ?? path) : ["state"],
    async list({ object }) {
      const [all] = await kms.listCryptoKeys({ parent: ring });
      const ours = all.filter(({ labels }) => carries(ownerOf(labels ?? {}), object)).map(({ name }) => name ?? "");
      const there = await Promise.all(ours.map(isThere));
      return ours.filter((_, at) => there[at]).map((id) => ({ id }));
    },
    async snapshot(subject) {
      const key = await find(subject);
      // A new period moves the next rotation.
      return key && { ...key, nextRotationTime: undefined, versions: await versionsOf(nameOf(subject)) };
    },
    tamper: {
      rotationDays: async (subject) => {
        const nextRotationTime = { seconds: Math.floor(Date.now() / 1000) + 100 * DAY };
        const key = { name: nameOf(subject), rotationPeriod: { seconds: 100 * DAY }, nextRotationTime };
        await change(key, "rotation_period", "next_rotation_time");
      },
      state: async (subject) => {
        const [version] = await versionsOf(nameOf(subject));
        const cryptoKeyVersion = { name: version?.name ?? "", state: "DISABLED" as const };
        await byOthers(() => kms.updateCryptoKeyVersion({ cryptoKeyVersion, updateMask: { paths: ["state"] } }));
      },
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign(subject) {
      await byOthers(() =>
        kms.createCryptoKey({
          parent: ring,
          cryptoKeyId: subject.name,
          cryptoKey: { purpose: "ENCRYPT_DECRYPT", labels: { theirs: "x" } },
        }),
      );
    },
    async remove(subject) {
      if (!(await unlessGone(kms.getCryptoKey({ name: nameOf(subject) })))) return;
      for (const version of (await versionsOf(nameOf(subject))).filter(isLiving))
        await byOthers(() => kms.destroyCryptoKeyVersion({ name: version.name ?? "" }));
    },
    restores: {
      operations: ["RestoreCryptoKeyVersion", "UpdateCryptoKeyVersion", "UpdateCryptoKey"],
      async forget() {
        advance(31 * DAY * 1000);
      },
      usable: async (subject) => (await versionsOf(nameOf(subject))).every(({ state }) => state === "ENABLED"),
    },
  };
}

/** What a service does with a key on GCP. */
export function ciphersOnGcp({ eyes: { kms }, byOthers }: GcpUnderTest): Ciphers {
  const each = async (key: string, run: (name: string) => Promise<unknown>) => {
    for (const { name } of (await kms.listCryptoKeyVersions({ parent: key }))[0]) await byOthers(() => run(name ?? ""));
  };
  const bytes = (value: unknown) => new Uint8Array(value as Uint8Array);
  return {
    encrypt: async (name, plaintext) => bytes((await kms.encrypt({ name, plaintext }))[0].ciphertext),
    decrypt: async (name, ciphertext) => bytes((await kms.decrypt({ name, ciphertext }))[0].plaintext),
    scheduleDeletion: (key) => each(key, (name) => kms.destroyCryptoKeyVersion({ name })),
    takeBack: (key) => each(key, (name) => kms.restoreCryptoKeyVersion({ name })),
  };
}
