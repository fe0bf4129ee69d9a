import { describe, expect } from "vitest";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { encryptedCases } from "./encrypted.ts";
import { type Emulated, gapped, worldsOf } from "./gapped.ts";

/** What programs and people do with a key, by the cloud's own SDK. Keys are named by KEY_ID. */
export interface Ciphers {
  encrypt(key: string, plain: Uint8Array): Promise<Uint8Array>;
  decrypt(key: string, text: Uint8Array): Promise<Uint8Array>;
  /** Behind our back. */
  scheduleDeletion(key: string): Promise<void>;
  takeBack(key: string): Promise<void>;
}

/** The kind that gaps of these cases name; their ids are `K1 a damaged text`, as far as tells them apart. */
export const KEYS = "ciphers of EncryptionKey";

const PLAIN = new TextEncoder().encode("4711 · Übung");

/** What a key means to programs and to what it encrypts, the same on every cloud: conformance cases K1, K2 and beyond. */
export function keyCases(
  cloud: CloudUnderTest,
  ciphers: Ciphers,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
  emulated: Emulated,
): void {
  const { it, everyGapNamesACase } = gapped(KEYS, cloud, emulated);
  const inWorld = worldsOf("k", cloud, tried, all);

  describe(`keys on ${cloud.cloud}`, () => {
    it("K1 two encryptions of one text differ, and both can be read", () =>
      inWorld(async (world) => {
        await world.ready();
        const key = world.host.status.outputs?.KEY_ID ?? "";
        const [one, two] = [await ciphers.encrypt(key, PLAIN), await ciphers.encrypt(key, PLAIN)];
        expect(Buffer.from(one).equals(two)).toBe(false);
        for (const text of [one, two])
          expect(Buffer.from(await ciphers.decrypt(key, text))).toEqual(Buffer.from(PLAIN));
      }));

    it("K1 a damaged text can't be read", () =>
      inWorld(async (world) => {
        await world.ready();
        const key = world.host.status.outputs?.KEY_ID ?? "";
        const text = await ciphers.encrypt(key, PLAIN);
        const damaged = Uint8Array.from(text, (byte, at) => (at === text.length - 1 ? byte ^ 1 : byte));
        await expect(ciphers.decrypt(key, damaged)).rejects.toThrow();
      }));

    it("K2 of a key that is to be deleted nothing can be read; taken back by us, everything can", () =>
      inWorld(async (world) => {
        await world.ready();
        const key = world.host.status.outputs?.KEY_ID ?? "";
        const text = await ciphers.encrypt(key, PLAIN);
        await ciphers.scheduleDeletion(key);
        await expect(ciphers.encrypt(key, PLAIN)).rejects.toThrow();
        await expect(ciphers.decrypt(key, text)).rejects.toThrow();
        await world.host.settle();
        expect(Buffer.from(await ciphers.decrypt(key, text))).toEqual(Buffer.from(PLAIN));
      }));

    it("K2 taken back by hand it is disabled still; we enable it", () =>
      inWorld(async (world) => {
        await world.ready();
        const key = world.host.status.outputs?.KEY_ID ?? "";
        const text = await ciphers.encrypt(key, PLAIN);
        await ciphers.scheduleDeletion(key);
        await ciphers.takeBack(key);
        await expect(ciphers.decrypt(key, text)).rejects.toThrow();
        await world.host.settle();
        expect(Buffer.from(await ciphers.decrypt(key, text))).toEqual(Buffer.from(PLAIN));
      }));
  });
  encryptedCases(cloud, all);

  everyGapNamesACase();
}
