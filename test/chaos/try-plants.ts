/**
 * Plants one bug after the other in a copy of the sources, and looks whether the harness finds it.
 *
 *   node test/chaos/try-plants.ts [part of a bug's text]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { table } from "../../operator/cli/output.ts";
import { type Plant, plants } from "./plants.ts";

const root = resolve(import.meta.dirname, "../..");
const [part = ""] = process.argv.slice(2);
const rows: string[][] = [];
for (const plant of plants.filter(({ bug }) => bug.includes(part))) {
  const { found, text } = tryOne(plant);
  console.log(`${found ? "✓ found" : "✗ NOT FOUND"}  ${plant.bug}`);
  if (!found) {
    console.log(text);
    process.exitCode = 1;
  }
  rows.push([plant.like, plant.bug, plant.oracle, found ? "yes" : "NO"]);
}
console.log(`\n${table(["LIKE", "BUG", "ORACLE", "FOUND"], rows)}`);

function tryOne(plant: Plant): { readonly found: boolean; readonly text: string } {
  const copy = copied();
  try {
    const file = join(copy, plant.file);
    writeFileSync(file, plant.edits.reduce(edited, readFileSync(file, "utf8")));
    const args = ["test/chaos/main.ts", "--short", "--seed=1", ...plant.args];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
    const text = `${stdout}\n${stderr}`;
    const tells = stdout.split("\n").some((line) => line.trimStart().startsWith(plant.oracle));
    return { found: status === 1 && tells, text };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** @throws Error where it does not hold `find` just once */
function edited(text: string, [find, put]: readonly [string, string]): string {
  if (text.split(find).length !== 2) throw new Error(`This does not stand there once: ${find}`);
  return text.replace(find, () => put);
}

/** The sources as they are, with the packages of this clone. */
function copied(): string {
  const folder = mkdtempSync(join(tmpdir(), "onyx-plant-"));
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const file of files.split("\n").filter(Boolean)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}
