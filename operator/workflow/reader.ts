import { WorkflowError } from "./errors.ts";
import { suggestion } from "./expression/suggest.ts";

/** A map of the YAML, read field by field. Every read throws WorkflowError with the path of what is wrong. */
export interface Reader {
  readonly path: string;
  /** Whether the field is there. */
  has(field: string): boolean;
  /** The value as it is; undefined where the field is missing. */
  raw(field: string): unknown;
  /** The map in a field. */
  map(field: string, known: readonly string[], refused?: Readonly<Record<string, string>>): Reader;
  text(field: string): string;
  /** A whole number of that range; `otherwise` where the field is missing. */
  integer(field: string, range: readonly [number, number], otherwise?: number): number;
  boolean(field: string, otherwise: boolean): boolean;
  oneOf<const T extends string>(field: string, values: readonly T[], otherwise?: T): T;
  list(field: string): readonly unknown[];
}

/**
 * @param known the fields that may be there
 * @param refused what is in the Serverless Workflow DSL and not here, and what to do instead
 * @throws WorkflowError it is no map, or has another field
 */
export function readMap(
  value: unknown,
  path: string,
  known: readonly string[],
  refused: Readonly<Record<string, string>> = {},
): Reader {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new WorkflowError(path, `is ${nameOf(value)}, and should be a map${fieldsOf(known)}`);
  const map = value as Readonly<Record<string, unknown>>;
  for (const field of Object.keys(map)) {
    const at = within(path, field);
    if (Object.hasOwn(refused, field)) throw new WorkflowError(at, refused[field]!);
    if (!known.includes(field))
      throw new WorkflowError(at, `is not known here${suggestion(field, known) || fieldsOf(known)}`);
  }
  const raw = (field: string) => (Object.hasOwn(map, field) ? map[field] : undefined);
  const given = <T>(field: string, what: string, isOne: (value: unknown) => value is T): T => {
    const found = raw(field);
    if (isOne(found)) return found;
    if (found === undefined) throw new WorkflowError(path, `lacks ${field}, ${what}`);
    throw new WorkflowError(within(path, field), `is ${nameOf(found)}, and should be ${what}`);
  };
  return {
    path,
    has: (field) => raw(field) !== undefined,
    raw,
    map: (field, fields, not) =>
      readMap(given(field, `a map${fieldsOf(fields)}`, isAny), within(path, field), fields, not),
    text: (field) => given(field, "a text", (one): one is string => typeof one === "string" && one !== ""),
    integer(field, [least, most], otherwise) {
      if (raw(field) === undefined && otherwise !== undefined) return otherwise;
      return given(
        field,
        `a whole number from ${least} to ${most}`,
        (one): one is number => Number.isInteger(one) && (one as number) >= least && (one as number) <= most,
      );
    },
    boolean(field, otherwise) {
      if (raw(field) === undefined) return otherwise;
      return given(field, "true or false", (one): one is boolean => typeof one === "boolean");
    },
    oneOf<const T extends string>(field: string, values: readonly T[], otherwise?: T): T {
      if (raw(field) === undefined && otherwise !== undefined) return otherwise;
      return given(field, `one of ${values.join(", ")}`, (one): one is T => values.includes(one as T));
    },
    list: (field) => given(field, "a list", (one): one is readonly unknown[] => Array.isArray(one)),
  };
}

/**
 * A map of one field, as the DSL names tasks and cases.
 * @param what is named, for messages
 * @throws WorkflowError it is none
 */
export function readNamed(
  value: unknown,
  path: string,
  what: string,
): { readonly name: string; readonly value: unknown } {
  const fields = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [field] = fields;
  if (field && fields.length === 1) return { name: field[0], value: field[1] };
  throw new WorkflowError(path, `should be a map of one field: the name of the ${what}, and the ${what}`);
}

/** The path of a field. */
export const within = (path: string, field: string): string => (path === "" ? field : `${path}.${field}`);

const isAny = (value: unknown): value is unknown => value !== undefined;

const fieldsOf = (known: readonly string[]): string => (known.length === 0 ? "" : ` (of ${known.join(", ")})`);

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
