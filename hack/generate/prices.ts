import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

/** operator/cost/generated/prices.ts from the YAML files of operator/cost/prices, by cloud. */
export function pricesModule(root: string): Output {
  const read = (cloud: string) => parse(readFileSync(join(root, "operator/cost/prices", `${cloud}.yaml`), "utf8"));
  const prices = { aws: read("aws"), gcp: read("gcp") };
  return {
    path: "operator/cost/generated/prices.ts",
    text: `// ${MARK} from operator/cost/prices/*.yaml: change those.\nexport const prices = ${JSON.stringify(prices, null, 2)} as const;\n`,
  };
}
