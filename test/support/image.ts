import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** What the Dockerfile says of one of its images, as far as it can be tried without Docker. */
export interface Image {
  /** Node's flags and then the program, as the entry point has them. */
  readonly entrypoint: readonly string[];
  /** Lays out in `folder` what the build stage has, its packages being those of this clone. */
  copyBuildStage(folder: string): void;
}

export function readImage(root: string, target: "operator" | "ingest" = "operator"): Image {
  const lines = readFileSync(join(root, "Dockerfile"), "utf8").split("\n");
  const own = lines.slice(lines.findIndex((line) => line.startsWith("FROM $") && line.endsWith(` AS ${target}`)));
  const [node, ...entrypoint] = JSON.parse(after("ENTRYPOINT ", own)[0] ?? "[]") as string[];
  if (node !== "/nodejs/bin/node") throw new Error(`The entry point runs ${node}, not the Node of the base image.`);
  const build = lines.slice(
    0,
    lines.findIndex((line) => line.endsWith(" AS native")),
  );
  const ignored = readFileSync(join(root, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("**/"))
    .map((line) => line.slice("**/".length).replace(/^\*/, ""));
  return {
    entrypoint,
    copyBuildStage(folder) {
      for (const copied of after("COPY ", build)) {
        const paths = copied.split(" ");
        const to = paths.pop() ?? "";
        for (const from of paths)
          cpSync(join(root, from), to.endsWith("/") ? join(folder, to, from) : join(folder, to), {
            recursive: true,
            filter: (path) => !ignored.some((end) => path.endsWith(end)),
          });
      }
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    },
  };
}

const after = (start: string, lines: readonly string[]) =>
  lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
