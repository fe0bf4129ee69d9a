import fc from "fast-check";
import { expect, it } from "vitest";
import { objectNames } from "./names.ts";

const named = (...names: readonly string[]) =>
  objectNames(
    names.map((externalName) => ({ kind: "Queue", externalName })),
    "shop",
  ).map(({ name }) => name);

it.each([
  ["orders", "orders"],
  ["Orders_Prod.v2", "orders-prod-v2"],
  ["orders.fifo", "orders"],
  ["2024-orders-", "orders"],
])("%s becomes %s", (externalName, name) => {
  expect(named(externalName)).toEqual([name]);
});

it("what an object holds keeps that object's place", () => {
  const held = { namespace: "web", name: "jobs" };
  expect(objectNames([{ kind: "Queue", externalName: "prod-web-jobs-x1y2z3", held }], "shop")).toEqual([held]);
});

it("kinds may share a name", () => {
  const resources = ["Queue", "Table"].map((kind) => ({ kind, externalName: "orders" }));
  expect(objectNames(resources, "shop").map(({ name }) => name)).toEqual(["orders", "orders"]);
});

it("gives different names that Kubernetes takes, whatever the cloud's are, and the same each time", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 90 }), { maxLength: 12 }), (names) => {
      const given = named(...names);
      expect(new Set(given).size).toBe(names.length);
      for (const name of given) expect(name).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
      expect(named(...names)).toEqual(given);
    }),
  );
});
