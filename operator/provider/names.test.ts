import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cloudName } from "./names.ts";

const kubeName = fc
  .stringMatching(/^[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?$/, { size: "max" })
  .filter((name) => name.length <= 63);
const parts = fc.record({ prefix: fc.string({ maxLength: 30 }), namespace: kubeName, name: kubeName });

describe("cloudName", () => {
  it("reads as the object it belongs to", () => {
    expect(cloudName({ prefix: "prod", namespace: "shop", name: "orders" }, 63)).toMatch(
      /^prod-shop-orders-[a-z0-9]{6}$/,
    );
  });

  it("fits both clouds: letters, digits and hyphens, a letter first, no hyphen last, not too long", () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 20, max: 80 }), (given, max) => {
        const name = cloudName(given, max);
        expect(name).toMatch(/^[a-z][a-z0-9-]*[a-z0-9]$/);
        expect(name.length).toBeLessThanOrEqual(max);
      }),
    );
  });

  it("ends in a word of the kind where it is given one, and is no longer for it", () => {
    expect(cloudName({ prefix: "prod", namespace: "shop", name: "orders" }, 63, "topic")).toMatch(
      /^prod-shop-orders-[a-z0-9]{6}-topic$/,
    );
    expect(cloudName({ prefix: "prod", namespace: "n".repeat(60), name: "x" }, 63, "topic")).toHaveLength(63);
  });

  it("is the same each time", () => {
    fc.assert(fc.property(parts, (given) => cloudName({ ...given }, 63) === cloudName(given, 63)));
  });

  it("differs where the parts differ, also where they read alike or are cut", () => {
    fc.assert(
      fc.property(fc.uniqueArray(parts, { maxLength: 200, selector: (one) => JSON.stringify(one) }), (all) => {
        expect(new Set(all.map((one) => cloudName(one, 40))).size).toBe(all.length);
      }),
      { numRuns: 20 },
    );
    expect(cloudName({ prefix: "p", namespace: "a-b", name: "c" }, 63)).not.toBe(
      cloudName({ prefix: "p", namespace: "a", name: "b-c" }, 63),
    );
  });
});
