import { stringify } from "yaml";
import type { Kind } from "../../crds/define.ts";
import { type Schema, structuralSchema } from "../../crds/structural.ts";
import { MARK, type Output } from "./output.ts";

/** A place in spec, segment by segment; `[]` stands for every item of a list. */
type Path = readonly string[];

/** A field by which an object reaches something that no object of its namespace stands for. */
export interface Outside {
  /** As people write it: `deadLetter.queueRef.external`. */
  readonly field: string;
  /** CEL of an admission policy: true where the object does not give the field. */
  readonly absent: string;
  /** The same of the object as it was before an update. */
  readonly wasAbsent: string;
}

/** Whose fields reach outside by their very name. */
const BY_NAME = new Set(["external", "externalName", "deliverers", "delivery"]);
/** How a text begins that is the id of a thing in a cloud. */
const IDS = /arn:|projects\//;

/** Every such field of the kinds that people make in a namespace. Pure and sorted. */
export function outsideFields(kinds: readonly Kind[]): readonly Outside[] {
  const found = new Map<string, Outside>();
  for (const kind of kinds.filter(({ scope }) => scope === "Namespaced"))
    for (const path of pathsIn(structuralSchema(kind.spec), [])) {
      const field = path.join(".").replaceAll(".[]", "[]");
      found.set(field, { field, absent: absent("object.spec", path, 0), wasAbsent: absent("oldObject.spec", path, 0) });
    }
  return [...found.values()].sort((a, b) => (a.field < b.field ? -1 : 1));
}

/** What the chart's policies for namespaces of tenants need to know of the kinds. */
export function tenancyFiles(kinds: readonly Kind[]): readonly Output[] {
  const resources = kinds.filter(({ scope }) => scope === "Namespaced").map(({ plural }) => plural);
  return [
    {
      path: "charts/onyx-operator/files/tenancy.yaml",
      text: `# ${MARK}: what the policies for namespaces of tenants go by.\n${stringify({ resources, outside: outsideFields(kinds) }, { lineWidth: 0 })}`,
    },
  ];
}

function pathsIn(schema: Schema, path: Path): readonly Path[] {
  const here = path.at(-1);
  if (here !== undefined && (BY_NAME.has(here) || isId(schema))) return [path];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, one]) => pathsIn(one, [...path, name])),
    ...(schema.items ? pathsIn(schema.items, [...path, "[]"]) : []),
  ];
}

const isId = ({ type, pattern, "x-kubernetes-validations": rules = [] }: Schema): boolean =>
  type === "string" && [pattern, ...rules.map(({ rule }) => String(rule))].some((text) => IDS.test(text ?? ""));

function absent(base: string, [segment, ...rest]: Path, depth: number): string {
  if (segment === undefined) return "false";
  if (segment === "[]") {
    const item = `i${depth}`;
    return rest.length === 0 ? `${base}.size() == 0` : `${base}.all(${item}, ${absent(item, rest, depth + 1)})`;
  }
  const next = `${base}.${segment}`;
  return rest.length === 0 ? `!has(${next})` : `(!has(${next}) || ${absent(next, rest, depth)})`;
}
