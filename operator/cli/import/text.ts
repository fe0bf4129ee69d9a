import { stringify } from "yaml";
import { isReleased } from "../../provider/owner.ts";
import { brief } from "../output.ts";
import type { Import, Imported } from "./import.ts";

/** An import as YAML that can be applied. What a person should know stands in comments. */
export function importText({ imported, skipped }: Import, from: string): string {
  const objects = imported.filter(({ object }) => object !== undefined);
  const without = imported.filter(({ object }) => object === undefined);
  const unclean = objects.filter(({ changes }) => changes.length > 0).length;
  const head = [
    `# ${count(objects.length, "object")} for what is in ${from}. Nothing was changed there.`,
    ...(unclean > 0 ? [`# ${unclean} of them would change what is there: look for "Applying".`] : []),
    ...skipped.map(({ kind, reason }) => `# ${kind}: not looked at: ${reason}.`),
    ...without.map(({ kind, id, problem }) => `# ${kind} ${id}: left out: ${comment(problem ?? "")}`),
  ].join("\n");
  return [head, ...objects.map(document)].join("\n---\n");
}

/** 2: a resource was left out, or applying would change something; 0: neither. */
export const importExitCode = ({ imported }: Import): number =>
  imported.some(({ object, changes }) => object === undefined || changes.length > 0) ? 2 : 0;

function document({ object, id, owner, changes }: Imported): string {
  return [
    `# ${id}`,
    ...(owner
      ? [
          isReleased(owner)
            ? `# Was held by ${owner.kind} ${owner.namespace}/${owner.name}, which let it go; this object takes it again.`
            : `# Held by ${owner.kind} ${owner.namespace}/${owner.name} of cluster "${owner.cluster}".`,
        ]
      : []),
    ...changes.map(({ field, from, to }) => `# Applying changes ${field}: ${brief(from)} → ${brief(to)}`),
    stringify(object).trimEnd(),
  ].join("\n");
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
const comment = (text: string) => text.replaceAll("\n", " ");
