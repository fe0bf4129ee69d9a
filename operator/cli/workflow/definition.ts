import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { type Parsed, parseWorkflow, type Workflow } from "../../workflow/index.ts";
import { ManifestError, textOf } from "../manifests.ts";

/** A workflow from a file. */
export interface Definition extends Parsed {
  readonly file: string;
  /** `file:line:column` of a path such as `do[0].pay.with`; of the nearest thing around it where that is not there. */
  place(path: string): string;
}

/**
 * Reads one workflow from a YAML or JSON file, or `-` for standard input.
 * @throws ManifestError it can't be read, or is no YAML
 */
export async function readDefinition(file: string): Promise<Definition> {
  const text = await textOf(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [wrong] = document.errors;
  if (wrong) throw new ManifestError(`${file}: ${wrong.message}`);
  return {
    file,
    ...parseWorkflow(parsed(document, file)),
    place: (path) => `${file}${placeIn(document, path, lines)}`,
  };
}

/** @throws ManifestError with all that is wrong, a line each */
export function workflowIn(definition: Definition): Workflow {
  if (definition.workflow) return definition.workflow;
  throw new ManifestError(problemsIn(definition).join("\n"));
}

/** What is wrong, each with its place in the file. */
export const problemsIn = ({ problems, place }: Definition): readonly string[] =>
  problems.map(({ path, message }) => `${place(path)}: ${message}`);

/** Aliases that multiply are refused by the parser itself. */
function parsed(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ManifestError(`${file}: ${(error as Error).message}`);
  }
}

function placeIn(document: Document, path: string, lines: LineCounter): string {
  const keys = path.split(/[.[\]]/).filter((key) => key !== "");
  for (let length = keys.length; length > 0; length--) {
    const at = keys.slice(0, length).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    const node = document.getIn(at, true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return `:${line}:${col}`;
  }
  return "";
}
