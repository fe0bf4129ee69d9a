import { isList, isMap, type Value } from "./values.ts";

/** One step: its name and what it does, in the syntax of Cloud Workflows. */
export type Step = Readonly<Record<string, Value>>;

export interface Subworkflow {
  readonly params: readonly string[];
  readonly steps: readonly Step[];
}

/** The tag of an error that an expression raises. Errors of the engine itself carry `TypeError`, `KeyError` and the like. */
export const EXPRESSION_TAG = "Wf.Expression";

/** The expression as a value of a step. */
export function expressionText(source: string): string {
  return `\${${source}}`;
}

/** What a step does, without its name. */
export type Body = { readonly [key: string]: Value };

export const when = (condition: string, body: Body): Body => ({ condition: expressionText(condition), ...body });
export const choose = (...conditions: Body[]): Body => ({ switch: conditions });
export const give = (source: string): Body => ({ return: expressionText(source) });
export const set = (name: string, source: string): Body => ({ assign: [{ [name]: expressionText(source) }] });
export const constant = (name: string, value: Value): Body => ({ assign: [{ [name]: value }] });
export const run = (call: string, args: Readonly<Record<string, string>>, result: string): Body => ({
  call,
  args: Object.fromEntries(Object.entries(args).map(([name, source]) => [name, expressionText(source)])),
  result,
});
export const fail = (message: string): Body => ({ raise: { message, code: 400, tags: [EXPRESSION_TAG] } });

/** Its bodies become steps: no two of a subworkflow have the same name. */
export function subworkflow(params: readonly string[], ...bodies: Body[]): Subworkflow {
  let count = 0;
  const named = (value: Value): Value => {
    if (isList(value)) return value.map(named);
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === "steps" ? steps(inner as readonly Body[]) : named(inner),
      ]),
    );
  };
  const steps = (list: readonly Body[]): Step[] => list.map((body) => ({ [`s${++count}`]: named(body) }));
  return { params, steps: steps(bodies) };
}

/** Those that are wanted and those they call, in the order of `all`. */
export function withCalled<Name extends string>(
  all: Readonly<Record<Name, Subworkflow>>,
  wanted: Iterable<Name>,
): Readonly<Record<string, Subworkflow>> {
  const found = new Set<string>();
  const add = (name: Name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const called of callsOf(all[name].steps)) if (isOneOf(all, called)) add(called);
  };
  for (const name of wanted) add(name);
  return Object.fromEntries(Object.entries(all).filter(([name]) => found.has(name))) as Record<string, Subworkflow>;
}

/** What the steps call: subworkflows and functions of the standard library. */
export function callsOf(value: Value): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === "call" ? [inner as string] : callsOf(inner)));
}

function isOneOf<Name extends string>(all: Readonly<Record<Name, unknown>>, name: string): name is Name {
  return Object.hasOwn(all, name);
}
