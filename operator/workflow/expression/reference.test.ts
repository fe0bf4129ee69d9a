import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { FUNCTIONS, type FunctionName, functionEntry, isFunctionName, REFUSED } from "./functions.ts";
import { parse } from "./parse.ts";

const page = readFileSync(new URL("../../../docs/reference/workflow-expressions.md", import.meta.url), "utf8");

/** The rows of the table below a heading. */
function rowsOf(heading: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
  return section.split("\n").filter((line) => /^\| .*`/.test(line));
}

it("describes every function, and none that is not there", () => {
  const rows = (Object.keys(FUNCTIONS) as FunctionName[]).map((name) => {
    const { usage, gives, fails } = functionEntry(name).docs;
    return `| ${usage} | ${gives} | ${fails} |`;
  });
  expect(rowsOf("Functions")).toEqual(rows);
});

it("names every function of CEL that is refused, with what to write instead", () => {
  const rows = REFUSED.map(
    ({ names, instead }) => `| ${names.map((name) => `\`${name}()\``).join(", ")} | ${instead} |`,
  );
  expect(rowsOf("What is refused").filter((row) => row.includes("()`"))).toEqual(rows);
});

it("gives examples that are expressions", () => {
  const examples = [...page.matchAll(/\$\{([^}…]+)\}/g)].map(([, source]) => source!);
  expect(examples.length).toBeGreaterThan(3);
  for (const source of examples) expect(() => parse(source)).not.toThrow();
});

it("refuses what it names", () => {
  for (const { names, instead } of REFUSED)
    for (const name of names) {
      expect(isFunctionName(name)).toBe(false);
      expect(() => parse(`${name}(a)`)).toThrow(`${name} is not part of the language: ${instead}`);
    }
});
