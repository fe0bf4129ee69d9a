/** `node hack/bundle.ts [--out dist]`: each program with all it needs, its source maps and the licences of what is inside. */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./packaging/bundle.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({ options: { out: { type: "string", default: "dist" } } });
const { programs, packages } = await bundle(root, resolve(values.out));
for (const { name, bytes, sha256 } of programs)
  console.log(`${name.padEnd(14)} ${(bytes / 2 ** 20).toFixed(1)} MB  sha256:${sha256}`);
console.log(`${packages.length} packages inside; their licences are in THIRD-PARTY.txt.`);
