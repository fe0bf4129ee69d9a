import fc from "fast-check";
import { expect, it } from "vitest";
import { createLanes } from "./lanes.ts";

it("lets lanes take turns, each in its own order", () => {
  const lanes = createLanes<string>();
  for (const one of ["a1", "a2", "a3", "b1", "a4", "c1", "b2"]) lanes.add(one.slice(0, 1), one);
  const order: (string | undefined)[] = [];
  while (lanes.size() > 0) order.push(lanes.next());
  expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
  expect(lanes.next()).toBeUndefined();
});

it("forgets who left, and nobody else", () => {
  const lanes = createLanes<string>();
  for (const one of ["a1", "a2", "b1"]) lanes.add(one.slice(0, 1), one);
  lanes.remove("a", "a1");
  lanes.remove("b", "a2");
  lanes.remove("nobody", "x");
  expect([lanes.size(), lanes.next(), lanes.next(), lanes.next()]).toEqual([2, "a2", "b1", undefined]);
});

it("gives everyone out once, and no lane two turns while another waits", () =>
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 }), (names) => {
      const lanes = createLanes<{ lane: string }>();
      const left = new Map<string, number>();
      for (const lane of names) {
        lanes.add(lane, { lane });
        left.set(lane, (left.get(lane) ?? 0) + 1);
      }
      let before: string | undefined;
      for (let one = lanes.next(); one; one = lanes.next()) {
        const others = [...left].some(([lane, count]) => lane !== one?.lane && count > 0);
        if (one.lane === before && others) return false;
        left.set(one.lane, (left.get(one.lane) ?? 0) - 1);
        before = one.lane;
      }
      return [...left.values()].every((count) => count === 0);
    }),
  ));
