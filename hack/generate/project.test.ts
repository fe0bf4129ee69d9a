import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MARK } from "./output.ts";
import { generate, stale } from "./project.ts";

const project = resolve(import.meta.dirname, "../..");
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "onyx-generate-"));
  for (const folder of ["crds/limits", "operator/cost/prices", "examples"])
    cpSync(join(project, folder), join(root, folder), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

test("generates everything once, then has nothing to do", async () => {
  expect(await generate(root)).toBeGreaterThan(15);
  expect(await generate(root)).toBe(0);
  expect(await stale(root)).toEqual([]);
});

test("names what was changed by hand, and what has no source any more", async () => {
  await generate(root);
  appendFileSync(join(root, "docs/reference/queue.md"), "by hand\n");
  rmSync(join(root, "crds/generated/tables.yaml"));
  writeFileSync(join(root, "docs/reference/gone.md"), `# Gone\n\n<!-- ${MARK}. -->\n`);
  writeFileSync(join(root, "docs/reference/own.md"), "# Written by a person\n");
  expect(await stale(root)).toEqual([
    "crds/generated/tables.yaml",
    "docs/reference/queue.md",
    "docs/reference/gone.md",
  ]);

  expect(await generate(root)).toBe(3);
  expect(existsSync(join(root, "docs/reference/gone.md"))).toBe(false);
  expect(existsSync(join(root, "docs/reference/own.md"))).toBe(true);
});

test("a changed limit is said alone: all else follows from it", async () => {
  await generate(root);
  const file = join(root, "crds/limits/queue.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("max: 43200", "max: 43201"));
  expect(await stale(root)).toEqual(["crds/generated/limits.ts"]);
});
