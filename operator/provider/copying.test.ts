import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byBytes, copyAll, type Item, momentBegun, restoreMark } from "./copying.ts";
import { ProviderError } from "./fault.ts";

async function* list<T>(all: readonly T[]): AsyncGenerator<T> {
  for (const one of all) yield one;
}
const item = (name: string): Item => ({ name, bytes: 10 });
const sorted = (names: Iterable<string>) => [...new Set(names)].sort(byBytes);

/** A bucket that takes copies, slowly. */
function bucket(
  wanted: readonly string[],
  there: readonly string[],
  answer: (name: string) => Promise<string | undefined>,
) {
  const held = [...there];
  let [now, most] = [0, 0];
  const pauses: number[] = [];
  const job = {
    wanted: list(sorted(wanted).map(item)),
    there: list(sorted(there)),
    async copy({ name }: Item) {
      most = Math.max(most, ++now);
      try {
        const why = await answer(name);
        await new Promise((resolve) => setImmediate(resolve));
        if (why === undefined) held.push(name);
        return why;
      } finally {
        now -= 1;
      }
    },
    atOnce: 4,
    tell: () => undefined,
    pause: async (ms: number) => void pauses.push(ms),
  };
  return { job, held, pauses, most: () => most, now: () => now };
}

describe("copyAll", () => {
  it("copies just what is missing, whatever the names, and no more at a time than it may", async () => {
    const names = fc.uniqueArray(fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(names, names, async (wanted, there) => {
        const { job, held, most } = bucket(wanted, there, async () => undefined);
        const done = await copyAll(job);
        const missing = wanted.filter((name) => !there.includes(name));
        expect(sorted(held)).toEqual(sorted([...wanted, ...there]));
        expect(held).toHaveLength(there.length + missing.length);
        expect(done).toEqual({
          copied: missing.length,
          there: wanted.length - missing.length,
          bytes: missing.length * 10,
          leftOut: [],
          leftOutCount: 0,
        });
        expect(most()).toBeLessThanOrEqual(4);
      }),
    );
  });

  it("leaves out what can't be copied, says so, and copies the rest", async () => {
    const { job, held } = bucket(["a", "b", "c"], [], async (name) => (name === "b" ? "it is archived" : undefined));
    const done = await copyAll(job);
    expect(done).toMatchObject({ copied: 2, leftOut: [{ name: "b", why: "it is archived" }], leftOutCount: 1 });
    expect(sorted(held)).toEqual(["a", "c"]);
  });

  it("names the first of many that it left out, and counts them all", async () => {
    const many = Array.from({ length: 120 }, (_, n) => `n${n}`);
    const done = await copyAll(bucket(many, [], async () => "gone").job);
    expect(done.leftOutCount).toBe(120);
    expect(done.leftOut).toHaveLength(50);
  });

  it("tries again what a busy cloud refused, after as long as it says", async () => {
    let left = 3;
    const { job, held, pauses } = bucket(["a"], [], async () => {
      if (left-- > 0)
        throw new ProviderError("throttled", "slow down", {
          code: "SlowDown",
          ...(left === 0 ? { retryAfterMs: 7000 } : {}),
        });
      return undefined;
    });
    await copyAll(job);
    expect(held).toEqual(["a"]);
    expect(pauses).toEqual([500, 1000, 7000]);
  });

  it("stops at what no other attempt mends, when what is under way has ended; the next run goes on", async () => {
    const names = Array.from({ length: 40 }, (_, n) => `n${String(n).padStart(2, "0")}`);
    let broken = true;
    const { job, held, now } = bucket(names, [], async (name) => {
      if (broken && name === "n20") throw new ProviderError("denied", "no right to write", { code: "AccessDenied" });
      return undefined;
    });
    await expect(copyAll(job)).rejects.toMatchObject({ fault: "denied" });
    expect(now()).toBe(0);
    expect(held.length).toBeGreaterThanOrEqual(20);
    expect(held.length).toBeLessThan(30);
    broken = false;
    const before = [...held];
    const done = await copyAll({ ...job, wanted: list(names.map(item)), there: list(sorted(before)) });
    expect(done).toMatchObject({ copied: 40 - before.length, there: before.length });
    expect(sorted(held)).toEqual(names);
  });

  it("gives up on a cloud that stays busy", async () => {
    const { job, pauses } = bucket(["a"], [], async () => {
      throw new ProviderError("transient", "no answer", { code: "UNAVAILABLE" });
    });
    await expect(copyAll(job)).rejects.toMatchObject({ fault: "transient" });
    expect(pauses).toHaveLength(7);
  });

  it("a list that breaks off is an error, not the end of it", async () => {
    const { job } = bucket(["a", "b"], [], async () => undefined);
    async function* broken() {
      yield item("a");
      throw new ProviderError("transient", "cut", { code: "UNAVAILABLE" });
    }
    await expect(copyAll({ ...job, wanted: broken() })).rejects.toMatchObject({ fault: "transient" });
  });
});

describe("a copy that is there already", () => {
  const moment = new Date("2026-11-01T00:00:00Z");

  it.each([
    ["a moment", moment, moment],
    ["a moment, and none is asked for", moment, undefined],
    ["what there was", null, undefined],
  ])("is gone on with: %s", (_what, begun, asked) => {
    expect(momentBegun("copy", restoreMark(begun), asked)).toEqual(begun);
  });

  it.each([
    ["another moment", String(moment.getTime() + 1), /is being restored to 2026-11-01T00:00:00.001Z\. Go on/],
    ["what there was", "latest", /is being restored to what there was\. Go on/],
    ["no mark", undefined, /is there and no restore that was begun/],
    ["a mark of somebody else's", "yesterday", /is there and no restore that was begun/],
    ["no mark of this world", "9".repeat(300), /is there and no restore that was begun/],
    ["an empty mark", "", /is there and no restore that was begun/],
  ])("is left alone: %s", (_what, mark, message) => {
    expect(() => momentBegun("copy", mark, moment)).toThrow(message);
    expect(() => momentBegun("copy", mark, moment)).toThrow(ProviderError);
  });
});
