import { WorkflowError } from "./errors.ts";
import type { Scope, Type } from "./expression/index.ts";
import { suggestion } from "./expression/suggest.ts";
import type { Next, Task } from "./ir.ts";
import { KINDS, type KindName } from "./parse-kinds.ts";
import type { readTasks } from "./parse-list.ts";
import { type Parsing, type Place, WANTS, type Want } from "./parsing.ts";
import { type Reader, readMap, within } from "./reader.ts";

/** One task of a list, before it is read. */
export interface TaskToRead {
  readonly name: string;
  readonly value: unknown;
  readonly path: string;
  /** Of what comes in. */
  readonly input: Type;
  readonly place: Place;
  readonly parsing: Parsing;
  /** What a `then` at that path means. @throws WorkflowError */
  readonly thenOf: (value: unknown, path: string) => Next;
  readonly readTasks: typeof readTasks;
}

/** What every task may have. */
const COMMON = ["if", "input", "output", "export", "then", "metadata"];
const REFUSED = { foreach: "is not to be had: a signal is waited for once" };

/**
 * Reads one task.
 * @returns the task, and the type of what it gives
 * @throws WorkflowError @throws ExpressionError
 */
export function readTask(to: TaskToRead): { readonly task: Task; readonly gives: Type } {
  const { name, value, path, place, parsing } = to;
  const kind = kindOf(value, path);
  const reader = readMap(value, path, [...KINDS[kind].fields, ...COMMON], REFUSED);
  const scopeOf = (input: Type): Scope => ({ ...place.scope, input });
  const when = reader.has("if")
    ? parsing.wanted(reader.raw("if"), within(path, "if"), scopeOf(to.input), WANTS.condition)
    : undefined;
  const from = part(reader, "input", "from", scopeOf(to.input), parsing);
  const input = from?.type ?? to.input;
  const { task, gives } = KINDS[kind].read({ ...to, reader, input, scope: scopeOf(input) });
  const as = part(reader, "output", "as", { ...scopeOf(input), output: gives }, parsing);
  const output = as?.type ?? gives;
  const exportAs = part(reader, "export", "as", { ...scopeOf(input), output }, parsing, WANTS.map);
  const next = to.thenOf(reader.raw("then"), within(path, "then"));
  const common = { name, path: [...place.names, name].join("/"), when, from, as, exportAs, next };
  return { task: { ...common, ...task } as Task, gives: output };
}

function part(reader: Reader, field: string, key: string, scope: Scope, parsing: Parsing, want?: Want) {
  if (!reader.has(field)) return undefined;
  const inner = reader.map(field, [key]);
  if (!inner.has(key)) return undefined;
  const at = within(inner.path, key);
  return want ? parsing.wanted(inner.raw(key), at, scope, want) : parsing.template(inner.raw(key), at, scope);
}

/** `for` and `try` have a `do` or a `catch` beside them: what comes first in KINDS counts. */
function kindOf(value: unknown, path: string): KindName {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new WorkflowError(path, "should be a map: a task");
  const kinds = Object.keys(KINDS) as KindName[];
  const kind = kinds.find((one) => Object.hasOwn(value, one));
  if (kind) return kind;
  const near = Object.keys(value)
    .filter((key) => !COMMON.includes(key))
    .map((key) => suggestion(key, kinds))
    .find((one) => one !== "");
  throw new WorkflowError(path, `is no task: it has none of ${kinds.join(", ")}${near ?? ""}`);
}
