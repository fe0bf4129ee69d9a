import { describe, expect, it as vitestIt } from "vitest";
import { caseWorld, type Tried } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Gap } from "../../operator/provider/conformance/index.ts";
import { encryptedCases } from "./encrypted.ts";

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
  { emulator, gaps }: { readonly emulator: string; readonly gaps: readonly Gap[] },
): void {
  const mine = gaps.filter((one) => one.emulator === emulator && one.kind === KEYS);
  const used = new Set<Gap>();
  const it = (title: string, body: () => Promise<void>) => {
    const gap = mine.find((one) => title.startsWith(one.id));
    if (gap) used.add(gap);
    if (gap) vitestIt.fails(`${title} — gap of ${emulator} (${gap.reason}); if this is red, remove the gap`, body);
    else vitestIt(title, body);
  };

  const inWorld = async (name: string, run: (world: Awaited<ReturnType<typeof caseWorld>>) => Promise<void>) => {
    const world = await caseWorld(tried, all, cloud, name);
    try {
      await run(world);
    } finally {
      await world.close();
    }
  };

  describe(`keys on ${cloud.cloud}`, () => {
    it("K1 two encryptions of one text differ, and both can be read", () =>
      inWorld("k1", async (world) => {
        await world.ready();
        const key = world.host.status.outputs?.KEY_ID ?? "";
        const [one, two] = [await ciphers.encrypt(key, PLAIN), await ciphers.encrypt(key, PLAIN)];
        expect(Buffer.from(one).equals(two)).toBe(false);
        for (const text of [one, two])
          expect(Buffer.from(await ciphers.decrypt(key, text))).toEqual(Buffer.from(PLAIN));
      }));

    it("K1 a damaged text can't be read", () =>
      inWorld("k1d", async (world) => {
        await world.ready();
        const key = world.host.status.outputs?.KEY_ID ?? "";
        const text = await ciphers.encrypt(key, PLAIN);
        const damaged = Uint8Array.from(text, (byte, at) => (at === text.length - 1 ? byte ^ 1 : byte));
        await expect(ciphers.decrypt(key, damaged)).rejects.toThrow();
      }));

    it("K2 of a key that is to be deleted nothing can be read; taken back by us, everything can", () =>
      inWorld("k2", async (world) => {
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
      inWorld("k3", async (world) => {
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

  vitestIt(`every known gap of the ciphers of ${cloud.cloud} names a case`, () => {
    expect(mine.filter((gap) => !used.has(gap))).toEqual([]);
  });
}
