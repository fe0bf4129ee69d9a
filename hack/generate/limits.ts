import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

/** crds/generated/limits.ts from the YAML files of crds/limits: by file name, then by field. */
export function limitsModule(root: string): Output {
  const folder = join(root, "crds/limits");
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort();
  const limits = Object.fromEntries(
    files.map((name) => [basename(name, ".yaml"), parse(readFileSync(join(folder, name), "utf8"))]),
  );
  return {
    path: "crds/generated/limits.ts",
    text: `// ${MARK} from crds/limits/*.yaml: change those.\nexport const limits = ${JSON.stringify(limits, null, 2)} as const;\n`,
  };
}
