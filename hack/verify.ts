/** `make verify`: all that can be said about the code without running it. Every check runs, then it fails or not. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { formatElapsed } from "./testbed/progress.ts";
import { importsOf, violations } from "./verify/imports.ts";

/** Name → whether it holds. What is wrong is printed by then. */
const checks: Record<string, () => boolean> = {
  types: () => program("tsc", "--noEmit"),
  lint: () => program("biome", "check", "--error-on-warnings", "--log-level=warn", "."),
  imports: importsHold,
  "generated files": () => program(process.execPath, "hack/generate.ts", "--check"),
};

function program(command: string, ...args: string[]): boolean {
  const { error, status } = spawnSync(command, args, { stdio: "inherit" });
  if (error) console.error(`${command} could not be started: ${error.message}`);
  return status === 0;
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
