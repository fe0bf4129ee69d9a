import { expect, it } from "vitest";
import type { Neutral, Present, Wanted } from "../provider/provider.ts";
import { createProgressMemory, progressOf } from "./progress.ts";

interface Want extends Wanted {
  readonly size: number;
  readonly indexes: Neutral;
}
type Live = Present<Want, Readonly<Record<string, string>>>;

const want: Want = { tags: {}, size: 1, indexes: ["a", "b"] };
const live = (over: Partial<Live> = {}): Live => ({
  exists: true,
  id: "thing",
  owner: undefined,
  phase: "ready",
  actual: want,
  outputs: {},
  ...over,
});

it("shows by its mark that the cloud came further, and by nothing else", () => {
  const steps = [
    live({ phase: "pending", actual: {} }),
    live({ phase: "pending", actual: { size: 1, indexes: [] } }),
    live({ phase: "pending", message: "It builds a.", actual: { size: 1, indexes: [] } }),
    live({ actual: { size: 1, indexes: ["a"] } }),
    live(),
  ].map((seen) => progressOf(want, seen));
  expect(new Set(steps.map((one) => one?.mark)).size).toBe(steps.length);
  expect(steps.map((one) => one?.working)).toEqual([true, true, true, false, false]);
  const other = live({ outputs: { URL: "x" }, actual: { ...want, tags: { theirs: "x" } } });
  expect(progressOf(want, other)).toEqual(progressOf(want, live()));
});

it("has nothing to show where nothing is, or where it is broken", () => {
  expect(progressOf(want, { exists: false })).toBeUndefined();
  expect(progressOf(want, live({ phase: "failed" }))).toBeUndefined();
});

it("is at work too while it deletes, with no spec to compare", () => {
  expect(progressOf(undefined, live({ phase: "deleting" }))).toMatchObject({ working: true });
});

it("takes a mark for new once until the key is at rest, and each key by itself", () => {
  const memory = createProgressMemory();
  expect([memory.isNew("a", "1"), memory.isNew("a", "2"), memory.isNew("a", "1")]).toEqual([true, true, false]);
  expect(memory.isNew("b", "1")).toBe(true);
  memory.forget("a");
  expect([memory.isNew("a", "1"), memory.isNew("b", "1")]).toEqual([true, false]);
});

it("is not kept busy by what always shows another mark", () => {
  const memory = createProgressMemory();
  const isNew = Array.from({ length: 1_000 }, (_, n) => memory.isNew("a", String(n)));
  expect(isNew.lastIndexOf(true)).toBeLessThan(256);
});
