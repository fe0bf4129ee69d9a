import type { Kind } from "../../crds/define.ts";
import type { ResourceType } from "../../operator/runtime/resource.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

/** How the API server addresses each kind: all that the operator needs of the schemas, which take memory. */
export function typesModule(kinds: readonly Kind[]): Output {
  const types = kinds.map(
    ({ group, version, plural, kind, scope }): ResourceType => ({
      group,
      version,
      plural,
      kind,
      namespaced: scope === "Namespaced",
    }),
  );
  return {
    path: "crds/generated/types.ts",
    text: `// ${MARK} from the schemas in crds/: change those.\nexport const types = ${JSON.stringify(types, null, 2)} as const;\n`,
  };
}
