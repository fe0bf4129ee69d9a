import { type Document, isMap, isNode, LineCounter, parseAllDocuments } from "yaml";
import { API_VERSION } from "../../../crds/define.ts";
import { type Parsed, parseWorkflow, schemaOf, type TableSchema, type Workflow } from "../../workflow/index.ts";
import { ManifestError, textOf } from "../manifests.ts";

/** A workflow from a file. */
export interface Definition extends Parsed {
  readonly file: string;
  /** Of the Workflow that it is the definition of; undefined: the file is a definition by itself. */
  readonly name: string | undefined;
  /** Keys and indexes of the Tables in the file. */
  readonly tables: Readonly<Record<string, TableSchema>>;
  /** Names of the Buckets in the file. */
  readonly buckets: ReadonlySet<string>;
  /** `file:line:column` of a path such as `do[0].pay.with`; of the nearest thing around it where that is not there. */
  place(path: string): string;
}

/**
 * Reads the workflows of a YAML or JSON file, or `-` for standard input: a definition, or those of all objects of kind Workflow.
 * @param name of the one that is wanted; undefined: all
 * @throws ManifestError it can't be read, is no YAML, or has none
 */
export async function readDefinitions(file: string, name?: string): Promise<readonly [Definition, ...Definition[]]> {
  const text = await textOf(file);
  const lines = new LineCounter();
  const all: readonly Document[] = parseAllDocuments(text, { lineCounter: lines });
  const [wrong] = all.flatMap(({ errors }) => errors);
  if (wrong) throw new ManifestError(`${file}: ${wrong.message}`);
  const documents = all.filter(({ contents }) => contents !== null);
  const [only, ...others] = documents;
  const workflows = documents.filter((document) => isOf("Workflow", document));
  const beside = { file, lines, tables: tablesIn(documents), buckets: bucketsIn(documents) };
  if (name === undefined && workflows.length === 0 && others.length === 0 && !isObject(only))
    return [definitionIn(beside, only, [], undefined)];
  const named = workflows.map((document) => ({ document, name: nameIn(document) }));
  const [first, ...more] = named
    .filter((one) => name === undefined || one.name === name)
    .map((one) => definitionIn(beside, one.document, ["spec", "definition"], one.name));
  if (first) return [first, ...more];
  const which = name === undefined ? "no Workflow" : `no Workflow "${name}"`;
  throw new ManifestError(`${file} has ${which}${named.length > 0 ? `: there are ${namesOf(named)}` : ""}.`);
}

/** The same of one workflow. @throws ManifestError also where there are several, and no name chooses */
export async function readDefinition(file: string, name?: string): Promise<Definition> {
  const all = await readDefinitions(file, name);
  if (all.length === 1) return all[0];
  throw new ManifestError(`${file} has several Workflows: --name says which of ${namesOf(all)}.`);
}

/** @throws ManifestError with all that is wrong, a line each */
export function workflowIn(definition: Definition): Workflow {
  if (definition.workflow) return definition.workflow;
  throw new ManifestError(problemsIn(definition).join("\n"));
}

/** What is wrong, each with its place in the file. */
export const problemsIn = ({ problems, place }: Definition): readonly string[] =>
  problems.map(({ path, message }) => `${place(path)}: ${message}`);

const namesOf = (all: readonly Pick<Definition, "name">[]): string => all.map(({ name }) => name).join(", ");

const isObject = (document: Document | undefined): boolean =>
  isMap(document?.contents) && document.has("apiVersion") && document.has("kind");

const isOf = (kind: string, document: Document): boolean =>
  isObject(document) && document.get("apiVersion") === API_VERSION && document.get("kind") === kind;

const nameIn = (document: Document): string => String(document.getIn(["metadata", "name"]) ?? "");

function tablesIn(documents: readonly Document[]): Definition["tables"] {
  const tables = documents.filter((document) => isOf("Table", document));
  return Object.fromEntries(
    tables.flatMap((document) => {
      const schema = schemaOf((document.toJS() as { spec?: object }).spec ?? {});
      return schema ? [[nameIn(document), schema]] : [];
    }),
  );
}

const bucketsIn = (documents: readonly Document[]): ReadonlySet<string> =>
  new Set(documents.filter((document) => isOf("Bucket", document)).map(nameIn));

/** What the definitions of one file have in common. */
type Beside = Pick<Definition, "file" | "tables" | "buckets"> & { readonly lines: LineCounter };

/** @param within where in the document it is */
function definitionIn(
  { lines, ...beside }: Beside,
  document: Document | undefined,
  within: readonly string[],
  name: string | undefined,
): Definition {
  const { file } = beside;
  return {
    ...beside,
    name,
    ...parseWorkflow(within.reduce(valueAt, parsed(document, file))),
    place: (path) => `${file}${document ? placeIn(document, within, path, lines) : ""}`,
  };
}

/** Null where it is missing, as in a file that is empty. */
function valueAt(value: unknown, key: string): unknown {
  return (value as Readonly<Record<string, unknown>> | null)?.[key] ?? null;
}

/** Aliases that multiply are refused by the parser itself. */
function parsed(document: Document | undefined, file: string): unknown {
  try {
    return document?.toJS() ?? null;
  } catch (error) {
    throw new ManifestError(`${file}: ${(error as Error).message}`);
  }
}

function placeIn(document: Document, within: readonly string[], path: string, lines: LineCounter): string {
  const inside = path.split(/[.[\]]/).filter((key) => key !== "");
  const keys = [...within, ...inside.map((key) => (/^\d+$/.test(key) ? Number(key) : key))];
  for (let length = keys.length; length > 0; length--) {
    const node = document.getIn(keys.slice(0, length), true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return `:${line}:${col}`;
  }
  return "";
}
