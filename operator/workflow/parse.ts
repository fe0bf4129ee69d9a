import { readSeconds } from "./durations.ts";
import { WorkflowError } from "./errors.ts";
import { DYNAMIC, join, type Scope, STRING, type Type } from "./expression/index.ts";
import type { Typed, Workflow } from "./ir.ts";
import { LIMITS } from "./limits.ts";
import { readTasks } from "./parse-list.ts";
import { createParsing, type Reference } from "./parsing.ts";
import { type Reader, readMap, within } from "./reader.ts";
import { readSchema } from "./schema.ts";

/** What came of a definition. */
export interface Parsed {
  /** Undefined where there are problems. */
  readonly workflow: Workflow | undefined;
  /** One a task at most, in the order of the YAML. */
  readonly problems: readonly WorkflowError[];
  /** The objects that its tasks name, each once. */
  readonly references: readonly Reference[];
}

const DOCUMENT = ["dsl", "namespace", "name", "version", "title", "summary", "tags"];
const FIELDS = ["document", "input", "do", "output", "timeout", "evaluate"];
const REFUSED = {
  use: "is not to be had: write what is used where it is used; credentials belong to an Integration",
  schedule: "is not to be had here: an EventRule with target.workflowRef starts runs",
};

/** What a run tells of itself. */
const RUN: Type = {
  kind: "map",
  fields: { id: { type: STRING, optional: false }, startedAt: { type: STRING, optional: false } },
  rest: undefined,
};

/**
 * Reads a workflow: a definition in the Serverless Workflow DSL as the reference has it, parsed from YAML or JSON. Never throws:
 * whatever is wrong, or beyond what one of the engines can do, is among the problems.
 */
export function parseWorkflow(definition: unknown): Parsed {
  const checked = readDefinition(definition, (declared) => declared);
  if (!checked.workflow || checked.workflow.input.kind === "dynamic") return checked;
  return readDefinition(definition, () => DYNAMIC);
}

/**
 * @param seen what tasks may rely on of the input that its schema declares. Problems are found by what it declares; what runs
 * looks at each value, since nobody checks the input of a run that the cloud starts.
 */
function readDefinition(definition: unknown, seen: (declared: Type) => Type): Parsed {
  const parsing = createParsing();
  const workflow = parsing.attempt(() => readWorkflow(definition));
  const { problems } = parsing;
  return { workflow: problems.length === 0 ? workflow : undefined, problems, references: parsing.references() };

  function readWorkflow(value: unknown): Workflow {
    const reader = readMap(value, "", FIELDS, REFUSED);
    readDocument(reader);
    const input = readInput(reader);
    const type = seen(input.type);
    const from = input.has("from") ? parsing.template(input.raw("from"), "input.from", { input: type }) : undefined;
    const scope: Scope = { context: DYNAMIC, run: RUN };
    const place = { path: "", names: [], scope, depth: 1, parallel: 0, mayEnd: true, indices: [] };
    const { tasks, gives } = readTasks(reader.list("do"), "do", from?.type ?? type, place, parsing);
    return {
      input: input.type,
      from,
      tasks,
      as: readAs(reader, parsing.endTypes().reduce(join, gives)),
      timeoutSeconds: reader.has("timeout")
        ? readSeconds(reader.map("timeout", ["after"]).raw("after"), "timeout.after", [1, LIMITS.waitSeconds])
        : undefined,
    };
  }

  function readAs(reader: Reader, gives: Type): Typed | undefined {
    if (!reader.has("output")) return undefined;
    const output = reader.map("output", ["as"]);
    return output.has("as") ? parsing.template(output.raw("as"), "output.as", { output: gives }) : undefined;
  }
}

/** What came of definitions that are still in somebody's hands. */
const known = new WeakMap<object, Parsed>();

/** The same for a definition that nobody changes, such as that of an object in a cache: asked for again, it is not read again. */
export function parseOnce(definition: object): Parsed {
  const before = known.get(definition);
  if (before) return before;
  const now = parseWorkflow(definition);
  known.set(definition, now);
  return now;
}

function readDocument(reader: Reader): void {
  if (reader.has("document")) {
    const document = reader.map("document", DOCUMENT);
    if (document.has("dsl") && !/^1\.0\.\d+(-\w+)?$/.test(document.text("dsl")))
      throw new WorkflowError("document.dsl", `is ${document.text("dsl")}; the language here is that of 1.0`);
  }
  if (!reader.has("evaluate")) return;
  const evaluate = reader.map("evaluate", ["language", "mode"]);
  evaluate.oneOf("language", ["cel"], "cel");
  evaluate.oneOf("mode", ["strict"], "strict");
}

function readInput(reader: Reader): Pick<Reader, "has" | "raw"> & { readonly type: Type } {
  if (!reader.has("input")) return { has: () => false, raw: () => undefined, type: DYNAMIC };
  const input = reader.map("input", ["schema", "from"]);
  if (!input.has("schema")) return { ...input, type: DYNAMIC };
  const schema = input.map("schema", ["format", "document"]);
  schema.oneOf("format", ["json"], "json");
  return { ...input, type: readSchema(schema.raw("document"), within("input.schema", "document")) };
}
