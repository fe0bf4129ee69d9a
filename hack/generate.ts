import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { generate, stale } from "./generate/project.ts";

/** `make generate` writes what follows from the schemas; with --check it only says what is stale and fails. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
if (process.argv.includes("--check")) {
  const paths = await stale(root);
  if (paths.length > 0) {
    console.error(
      `Stale generated files; run \`make generate\` and commit them:\n${paths.map((path) => `  ${path}`).join("\n")}`,
    );
    process.exitCode = 1;
  } else console.log("Generated files are up to date.");
} else {
  const count = await generate(root);
  console.log(
    count === 0 ? "Nothing to generate: all is up to date." : `Wrote ${count} generated file${count === 1 ? "" : "s"}.`,
  );
}
