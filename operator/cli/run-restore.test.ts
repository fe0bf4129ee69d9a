import { expect, it } from "vitest";
import { copyInWords, progressInWords } from "./run-restore.ts";

const done = { copied: 1200, there: 0, bytes: 3.4 * 2 ** 30, leftOut: [], leftOutCount: 0 };

it("says how far a copy is", () => {
  expect(progressInWords(done)).toBe("1200 objects copied (3.4 GiB)");
  expect(progressInWords({ ...done, there: 300 })).toBe("1200 objects copied (3.4 GiB), 300 were there");
});

it("says nothing of what the cloud itself restored", () => {
  expect(copyInWords(undefined)).toEqual([]);
});

it("lists what was not restored, each name as one line of a comment whatever is in it", () => {
  const leftOut = [{ name: "a\nkind: Queue", why: "it is archived" }];
  expect(copyInWords({ ...done, leftOut, leftOutCount: 3 })).toEqual([
    "# 1200 objects copied (3.4 GiB).",
    "# NOT RESTORED: 3 objects.",
    '#   "a\\nkind: Queue": it is archived',
    "#   and 2 more",
  ]);
});
