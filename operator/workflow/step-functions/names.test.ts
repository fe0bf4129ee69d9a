import { expect, it } from "vitest";
import { HELPER_MARK, stateName } from "./names.ts";

it("names a state by the path of its task", () => {
  expect(stateName("orders/charge")).toBe("orders/charge");
  expect(stateName("orders/charge", "retry")).toBe("orders/charge#retry");
});

it("keeps the end of a path that is too long, and what tells it from others", () => {
  const [one, other] = ["one", "other"].map((first) => `${first}/${"x".repeat(100)}/charge`) as [string, string];
  for (const name of [stateName(one), stateName(one, "try-result"), stateName(other)]) expect(name).toHaveLength(80);
  expect(stateName(one)).toMatch(/^[0-9a-f]{8}….*x\/charge$/);
  expect(stateName(one, "try-result")).toMatch(/x\/charge#try-result$/);
  expect(stateName(one)).not.toBe(stateName(other));
  expect(stateName(one)).not.toContain(HELPER_MARK);
});
