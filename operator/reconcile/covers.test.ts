import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstDifference } from "./covers.ts";
import { quantityValue } from "./quantity.ts";

describe("quantityValue", () => {
  it.each([
    ["1000m", "1"],
    ["1.5", "1500m"],
    ["1Gi", "1024Mi"],
    ["2e3", "2k"],
    ["0.5Gi", "512Mi"],
    ["1M", "1000000"],
    ["100u", "0.1m"],
    [2, "2"],
    ["-1", "-1000m"],
  ])("%s is %s", (a, b) => {
    expect(quantityValue(a)).toBe(quantityValue(b));
    expect(quantityValue(a)).toBeDefined();
  });

  it.each([
    ["1G", "1Gi"],
    ["1m", "1M"],
    ["1", "10"],
  ])("%s is not %s", (a, b) => expect(quantityValue(a)).not.toBe(quantityValue(b)));

  it.each(["", "m", "1Kib", "abc", "1 Gi", "0x10", "1,5"])("%j is none", (text) =>
    expect(quantityValue(text)).toBeUndefined(),
  );

  it("keeps the value of every number of millis, whatever the unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (millis) => {
        expect(quantityValue(`${millis}m`)).toBe(quantityValue(`${millis / 1000}`));
      }),
    );
  });
});

describe("firstDifference", () => {
  const cases: readonly [string, unknown, unknown, string | undefined][] = [
    ["what live has besides", { a: 1 }, { a: 1, b: 2 }, undefined],
    ["a missing field", { a: { b: 1 } }, { a: {} }, "a.b"],
    ["another value", { a: { b: 1 } }, { a: { b: 2 } }, "a.b"],
    ["a map that is gone", { a: {} }, {}, "a"],
    ["an inherited name", { constructor: "x" }, {}, "constructor"],
    ["an undefined field, which asks for nothing", { a: undefined }, {}, undefined],
    ["equal quantities", { requests: { cpu: "1000m" } }, { requests: { cpu: "1" } }, undefined],
    ["other quantities", { limits: { memory: "1Gi" } }, { limits: { memory: "1G" } }, "limits.memory"],
    ["a number of bytes as text", { emptyDir: { sizeLimit: 1024 } }, { emptyDir: { sizeLimit: "1Ki" } }, undefined],
    ["text that only looks like a quantity", { data: { A: "1000m" } }, { data: { A: "1" } }, "data.A"],
    [
      "items by name, in any order",
      { env: [{ name: "A" }] },
      { env: [{ name: "B" }, { name: "A", value: "1" }] },
      undefined,
    ],
    ["an item by name that is gone", { env: [{ name: "A" }] }, { env: [{ name: "B" }] }, "env[A]"],
    [
      "an item by name that differs",
      { env: [{ name: "A", value: "1" }] },
      { env: [{ name: "A", value: "2" }] },
      "env[A].value",
    ],
    ["a list that is one value: order", { args: ["a", "b"] }, { args: ["b", "a"] }, "args[0]"],
    ["a list that is one value: more", { egress: [{}] }, { egress: [{}, {}] }, "egress"],
    [
      "ports of a policy, which are one value",
      { ports: [{ port: 53 }] },
      { ports: [{ port: 53, protocol: "UDP" }] },
      undefined,
    ],
    ["null where a list was", { args: ["a"] }, { args: null }, "args"],
  ];

  it.each(cases)("%s", (_, desired, live, path) => expect(firstDifference(desired, live)).toBe(path));

  const anything = fc.jsonValue({ maxDepth: 4 });
  it("finds none between a thing and itself", () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(firstDifference(value, structuredClone(value))).toBeUndefined();
      }),
    );
  });

  it("finds none when fields are added, and one when a field is changed", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), fc.string(), anything, (desired, key, value) => {
        fc.pre(!Object.hasOwn(desired, key) && key !== "__proto__");
        expect(firstDifference(desired, { ...desired, [key]: value })).toBeUndefined();
        expect(firstDifference({ ...desired, [key]: "one" }, { ...desired, [key]: "other" })).toBeDefined();
      }),
    );
  });
});
