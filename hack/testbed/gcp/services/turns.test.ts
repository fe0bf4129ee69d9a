import { expect, test } from "vitest";
import { inTurn } from "./turns.ts";

test("one turn comes after the other, also after one that failed", async () => {
  const seen: string[] = [];
  let fail = true;
  const run = inTurn(async () => {
    seen.push("begin");
    await Promise.resolve();
    if (fail) throw new Error("once");
    seen.push("end");
  });
  const first = run();
  await first;
  fail = false;
  await Promise.all([run(), run()]);
  expect(seen).toEqual(["begin", "begin", "end", "begin", "end"]);
});
