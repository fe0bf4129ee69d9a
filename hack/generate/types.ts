import type { Kind } from "../../crds/define.ts";
import { typeOf } from "../../operator/cli/cluster.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

/** How the API server addresses each kind: all that the operator needs of the schemas, which take memory. */
export function typesModule(kinds: readonly Kind[]): Output {
  return {
    path: "crds/generated/types.ts",
    text: `// ${MARK} from the schemas in crds/: change those.\nexport const types = ${JSON.stringify(kinds.map(typeOf), null, 2)} as const;\n`,
  };
}
