import { expect, test } from "vitest";
import { mergeTags } from "../../operator/provider/owner.ts";
import { sameLabels } from "./labels.ts";

test("labels are merged: ours set, those with null gone, foreign ones kept", () => {
  expect(mergeTags({ theirs: "t", team: "old", gone: "x" }, { team: "new", gone: null, absent: null })).toEqual({
    theirs: "t",
    team: "new",
  });
});

test("labels are the same whatever their order, and differ by a key or a value", () => {
  expect(sameLabels({ a: "1", b: "2" }, { b: "2", a: "1" })).toBe(true);
  expect(sameLabels({ a: "1" }, { a: "1", b: "2" })).toBe(false);
  expect(sameLabels({ a: "1" }, { a: "2" })).toBe(false);
});
