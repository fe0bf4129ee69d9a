import { expect, test } from "vitest";
import { inTurn } from "./in-turn.ts";

test("one name: one after the other, whatever fails; another name does not wait", async () => {
  const turn = inTurn();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turn("a", async () => {
    log.push("first begins");
    await gate.promise;
    log.push("first ends");
    throw new Error("broken");
  });
  const second = turn("a", async () => log.push("second"));
  await turn("b", async () => log.push("other"));
  expect(log).toEqual(["first begins", "other"]);
  gate.resolve();
  await expect(first).rejects.toThrow("broken");
  await second;
  expect(log).toEqual(["first begins", "other", "first ends", "second"]);
  expect(await turn("a", async () => "again")).toBe("again");
});
