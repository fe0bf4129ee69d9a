/** `make verify`: all that can be said about the code without running it. Every check runs, then it fails or not. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { formatElapsed } from "./testbed/progress.ts";
import { importsOf, violations } from "./verify/imports.ts";

/** Name → whether it holds. What is wrong is printed by then. */
const checks: Record<string, () => boolean> = {
  types: () => node("node_modules/.bin/tsc", "--noEmit"),
  lint: () => node("node_modules/.bin/biome", "check", "--error-on-warnings", "."),
  imports: importsHold,
  "generated files": () => node("hack/generate.ts", "--check"),
};

function node(...args: string[]): boolean {
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status === 0;
}

function importsHold(): boolean {
  const files = globSync("{crds,controllers,adapters,operator}/**/*.ts");
  const found = violations(files.flatMap((file) => importsOf(file, readFileSync(file, "utf8"))));
  for (const line of found) console.error(line);
  return found.length === 0;
}

process.chdir(`${import.meta.dirname}/..`);
for (const [name, holds] of Object.entries(checks)) {
  const begin = performance.now();
  const ok = holds();
  console.log(`${ok ? "ok    " : "FAILED"}  ${name} (${formatElapsed(performance.now() - begin)})`);
  if (!ok) process.exitCode = 1;
}
