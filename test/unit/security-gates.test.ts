import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

test("each gate is held by a test that is there", () => {
  const rows = [...read("docs/security/gates.md").matchAll(/^\| [^|]+ \| `([^`]+)` \| "(.+)" \|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, file = "", name = ""] of rows) expect(read(file), file).toContain(`"${name}"`);
});

test("each file that the threat model names is there", () => {
  const files = [...read("docs/security/threat-model.md").matchAll(/`([\w.-]+\/[\w./-]+\.\w+)`/g)].map(
    ([, file]) => file ?? "",
  );
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
