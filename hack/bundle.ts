/** `node hack/bundle.ts [--out dist] [PROGRAM...]`: each program with all it needs, its source maps and the licences of what is inside. */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundle, type Program, programNames } from "./packaging/bundle.ts";

const root = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { out: { type: "string", default: "dist" } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !programNames.includes(name as Program));
if (unknown !== undefined) throw new Error(`${unknown} is none of ${programNames.join(", ")}.`);
const names = positionals.length > 0 ? (positionals as Program[]) : programNames;
const { programs, packages } = await bundle(root, resolve(values.out), names);
for (const { name, bytes, sha256 } of programs)
  console.log(`${name.padEnd(14)} ${(bytes / 2 ** 20).toFixed(1)} MB  sha256:${sha256}`);
console.log(`${packages.length} packages inside; their licences are in THIRD-PARTY.txt.`);
