import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { CALLS, type CallEntry } from "./calls.ts";
import type { Type } from "./expression/index.ts";
import { ERROR_CLASSES } from "./ir.ts";
import { parseWorkflow } from "./parse.ts";
import { KINDS } from "./parse-kinds.ts";

const page = readFileSync(new URL("../../docs/reference/workflow-language.md", import.meta.url), "utf8");

it("describes every call, and none that is not there", () => {
  const rows = Object.entries(CALLS).map(([name, entry]: [string, CallEntry]) => {
    const given = Object.entries(entry.arguments).map(([key, { optional }]) => `\`${key}${optional ? "?" : ""}\``);
    const said = Object.keys(entry.settings ?? {}).map((key) => `\`${key}?\``);
    const all = [...(entry.targetArgument ? [`\`${entry.targetArgument}\``] : []), ...given, ...said];
    return `| \`${name}\` | ${entry.docs.does} | ${all.join(", ")} | ${typeText(entry.gives)} | ${entry.docs.fails} |`;
  });
  const table = page.split("\n## Calls\n")[1]!.split("\n## ")[0]!;
  expect(table.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
});

it("describes every task and every class of errors", () => {
  const tasks = page.split("\n## Tasks\n")[1]!.split("\n## ")[0]!;
  for (const kind of Object.keys(KINDS)) expect(tasks).toContain(`| \`${kind}: `);
  const errors = page.split("\n## Errors\n")[1]!.split("\n## ")[0]!;
  for (const name of ERROR_CLASSES) expect(errors).toContain(`| \`${name}\` |`);
});

it("gives a definition that is sound", () => {
  const example = page.split("```yaml\n")[1]!.split("```")[0]!;
  expect(parseWorkflow(parseYaml(example)).problems).toEqual([]);
});

function typeText(type: Type): string {
  return type.kind === "map" ? `\`{${Object.keys(type.fields).join(", ")}}\`` : type.kind;
}
