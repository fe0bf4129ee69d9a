/**
 * Runs the tests and ends with one line, "N passed, N failed".
 *
 *   node hack/test.ts [unit] [conformance] [integration] [e2e] [chaos] [second-opinion]     all but the last when none is named
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureLines, type Report, summarise, summaryLine } from "./testing/summary.ts";

const PROJECTS = ["unit", "conformance", "integration", "e2e", "chaos"];
/** The same cases once more, on other emulators: run when it is asked for. */
const ON_REQUEST = ["second-opinion"];

const root = join(import.meta.dirname, "..");
const asked = process.argv.slice(2);
const known = [...PROJECTS, ...ON_REQUEST];
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There are no tests called ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "onyx-test-"));
try {
  const file = join(folder, "report.json");
  const exitCode = await vitest(asked.length > 0 ? asked : PROJECTS, file);
  const report = readReport(file);
  const summary = summarise(report, exitCode);
  for (const line of failureLines(report)) console.log(line.replace(`${root}/`, ""));
  if (summary.skipped > 0) console.log(`${summary.skipped} skipped`);
  console.log(summaryLine(summary));
  process.exitCode = summary.failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs vitest; an abort goes to it, and it ends its tests and what they started. */
function vitest(projects: readonly string[], report: string): Promise<number> {
  const reports = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const args = ["node_modules/.bin/vitest", "run", "--passWithNoTests", ...reports];
  const named = projects.map((name) => `--project=${name}`);
  const child = spawn(process.execPath, [...args, ...named], { cwd: root, stdio: "inherit" });
  const ignore = (): void => {};
  process.on("SIGINT", ignore);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** No report at all is what a run leaves that ended before its tests, or was ended. */
function readReport(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return { testResults: [] };
  }
}
