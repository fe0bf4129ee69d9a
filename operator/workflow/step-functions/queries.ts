import { asBool, type Expression, toJsonata, toJsonataTemplate, type Value } from "../expression/index.ts";
import { literalJsonata } from "../expression/jsonata.ts";

/** What a state got. */
export const INPUT = "$states.input";

/** How a name of an expression is written in JSONata, such as `$item_3`. */
export type Names = (name: string) => string;

/** JSONata as a field of a state takes it. */
export const query = (source: string): string => `{% ${source} %}`;

/** A text in JSONata. */
export const text = (value: string): string => literalJsonata(value);

/** A key of a map that is there: never by a path, which would go into lists. */
export const at = (map: string, key: string): string => `$lookup(${map},${text(key)})`;

/** What the branch of a Parallel gave that has no other. */
export const ONLY_RESULT = `${INPUT}[0]`;

/** A value of a field: the structure stays JSON, what is computed in it is JSONata. */
export const field = (expression: Expression, names: Names): Value => toJsonataTemplate(expression, names);

/** The same for `Output`, which asl-validator takes as a map or JSONata only. */
export function output(expression: Expression, names: Names): Value {
  return expression.kind === "map" ? field(expression, names) : query(toJsonata(expression, names));
}

/** A condition of a Choice; it fails unless it yields a bool. */
export const condition = (expression: Expression, names: Names): string => query(toJsonata(asBool(expression), names));

/** Whether the expression sees that name. */
export function mentions(expression: Expression, name: string): boolean {
  let found = false;
  toJsonata(expression, (free) => {
    found ||= free === name;
    return "$v";
  });
  return found;
}
