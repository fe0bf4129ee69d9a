import { expect, it } from "vitest";
import { kinds } from "../../crds/index.ts";
import { PARITY_RULES } from "../../operator/parity/rules.ts";

it("knows the outputs of every kind that is a resource of a cloud", () => {
  const outputs = PARITY_RULES.find(({ path }) => path.join(".") === "status.outputs.*");
  const leaves = kinds.filter(({ role }) => role === "leaf").map(({ kind }) => kind);
  expect(outputs?.kinds.toSorted()).toEqual(leaves.toSorted());
});
