import { stringify } from "yaml";
import { toCrd } from "../../crds/crd.ts";
import type { Kind } from "../../crds/define.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

/** The CRDs: beside the schemas, and as templates of their own chart, so that GitOps can apply them first. */
export function crdFiles(kinds: readonly Kind[]): readonly Output[] {
  return kinds.flatMap((kind) => {
    const text = `# ${MARK} from crds/${kind.singular}.ts.\n${crdYaml(kind)}`;
    if (text.includes("{{"))
      throw new Error(`the CRD of ${kind.kind} has {{ in it: Helm would read that as a template`);
    return [
      { path: `crds/generated/${kind.plural}.yaml`, text },
      { path: `charts/onyx-crds/templates/${kind.plural}.yaml`, text },
    ];
  });
}

/** The CRD of a kind as YAML. */
export const crdYaml = (kind: Kind): string => stringify(toCrd(kind), { lineWidth: 0, aliasDuplicateObjects: false });
