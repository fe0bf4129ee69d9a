import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SEED } from "../../test/support/seed.ts";
import type { RunObject, RunStatus } from "./run-object.ts";
import { createRunPlaces } from "./run-places.ts";

const AT = "2026-01-05T10:00:00Z";
const run = (uid: string, second: number, status: RunStatus = {}, annotations = {}): RunObject =>
  ({
    metadata: { uid, name: uid, namespace: "shop", creationTimestamp: `2026-01-05T09:00:0${second}Z`, annotations },
    spec: {},
    status,
  }) as unknown as RunObject;

describe("a place", () => {
  it("is for the oldest that waits", () => {
    const places = createRunPlaces();
    const [a, b] = [run("a", 1), run("b", 2)];
    expect(places.admit(b, [b, a], 1)).toBe(false);
    expect(places.next([b, a])).toBe(a);
    expect(places.admit(a, [b, a], 1)).toBe(true);
  });

  it("is taken from when it was given, before the cache shows it, until the run is over", () => {
    const places = createRunPlaces();
    const [a, b] = [run("a", 1), run("b", 2)];
    expect(places.admit(a, [a, b], 1)).toBe(true);
    expect(places.admit(b, [a, b], 1)).toBe(false);
    const begun = run("a", 1, { attemptedAt: AT });
    places.seen(begun, false);
    expect(places.admit(b, [begun, b], 1)).toBe(false);
    expect(places.admit(b, [run("a", 1, { attemptedAt: AT, finishedAt: AT }), b], 1)).toBe(true);
  });

  it("is not given a second time to an older one that the cache learns of late", () => {
    const places = createRunPlaces();
    const [older, a] = [run("older", 0), run("a", 1)];
    expect(places.admit(a, [a], 1)).toBe(true);
    expect(places.admit(older, [older, a], 1)).toBe(false);
  });

  it("is not kept by one that is paused, or was deleted before it began", () => {
    const places = createRunPlaces();
    const paused = run("a", 1, {}, { "onyx.onelens.io/paused": "true" });
    const [b, c] = [run("b", 2), run("c", 3)];
    expect(places.admit(b, [paused, b], 1)).toBe(true);
    places.seen(b, true);
    expect(places.admit(c, [paused, c], 1)).toBe(true);
  });
});

it("whatever the order, no more are under way than may be, and all come to their turn", () => {
  const step = fc.record({ who: fc.nat(9), what: fc.constantFrom("try", "show", "end") });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 }), (most, steps) => {
      const places = createRunPlaces();
      const cache = Array.from({ length: 10 }, (_, n) => run(`r${n}`, n));
      const begun = new Set<number>();
      const over = new Set<number>();
      const attempt = (who: number) => {
        if (!begun.has(who) && places.admit(cache[who]!, cache, most)) begun.add(who);
      };
      const show = (who: number) => {
        if (!begun.has(who)) return;
        cache[who] = run(`r${who}`, who, { attemptedAt: AT, ...(over.has(who) && { finishedAt: AT }) });
        places.seen(cache[who]!, false);
      };
      for (const { who, what } of steps) {
        if (what === "try") attempt(who);
        if (what === "show") show(who);
        if (what === "end" && begun.has(who)) over.add(who);
        expect([...begun].filter((one) => !over.has(one)).length).toBeLessThanOrEqual(most);
      }
      for (let turns = 0; begun.size < 10 && turns < 20; turns++) {
        for (const one of begun) {
          over.add(one);
          show(one);
        }
        const next = places.next(cache);
        if (next) attempt(cache.indexOf(next));
      }
      expect(begun.size).toBe(10);
    }),
    { numRuns: 500, seed: SEED },
  );
});
