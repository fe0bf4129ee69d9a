import type { HelperName } from "../expression/cloud-workflows-helpers.ts";
import { type Body, expressionText } from "../expression/cloud-workflows-steps.ts";
import { type Expression, type Step, toCloudWorkflows, type Value } from "../expression/index.ts";
import type { Typed } from "../ir.ts";
import type { Emission } from "./emission.ts";
import type { RuntimeName } from "./runtime.ts";

/** How the names that an expression sees are written. */
export type Names = Readonly<Record<string, string>>;

/** The steps of one task, or of one list within it. */
export interface Block {
  readonly steps: readonly Step[];
  /** A step. What is within it is made after its name is given, so that names are in reading order. */
  add(body: Body | (() => Body)): void;
  assign(...variables: readonly Readonly<Record<string, Value>>[]): void;
  /** Calls a subworkflow; its arguments and the result are variables or sources. */
  call(name: RuntimeName | HelperName, args: Readonly<Record<string, string>>, result?: string): void;
  /** The steps that an expression needs are added, and what it yields is given. */
  value(typed: Typed, names: Names): Value;
  /** The same in a variable or a short source, for an operand or an argument of `call`. */
  source(typed: Typed, names: Names): string;
  /** The same of a condition, when it does not hold. */
  negated(typed: Typed, names: Names): Value;
  /** Steps that are there already. */
  append(steps: readonly Step[]): void;
  /** A name for a step, and the step. */
  label(): string;
  place(label: string, body: Body): void;
  /** A list within a step of the task. */
  list(fill: (inner: Block) => void): readonly Step[];
}

export function createBlock(emission: Emission, next: () => string): Block {
  const steps: Step[] = [];
  const place = (name: string, body: Body) => steps.push({ [name]: body });
  const renamed = (list: readonly Step[]): readonly Step[] =>
    list.map((step) => ({ [next()]: withLists(Object.values(step)[0] as Body, renamed) }));
  const lower = (expression: Expression, { scope }: Typed, names: Names): Value => {
    const lowered = toCloudWorkflows(expression, scope, emission.expressions(names));
    steps.push(...renamed(lowered.steps));
    return lowered.value;
  };
  const block: Block = {
    steps,
    add(body) {
      const name = next();
      place(name, typeof body === "function" ? body() : body);
    },
    assign: (...variables) => block.add({ assign: variables }),
    call(name, args, result) {
      emission.need(name);
      const given = Object.entries(args).map(([parameter, source]) => [parameter, expressionText(source)]);
      block.add({ call: name, args: Object.fromEntries(given), ...(result === undefined ? {} : { result }) });
    },
    value: (typed, names) => lower(typed.expression, typed, names),
    source(typed, names) {
      const value = block.value(typed, names);
      const source = typeof value === "string" && /^\$\{(.*)\}$/s.exec(value)?.[1];
      if (source && source.length < 100) return source;
      const variable = emission.variable("value");
      block.assign({ [variable]: value });
      return variable;
    },
    negated: (typed, names) => lower(negated(typed.expression), typed, names),
    append: (more) => steps.push(...more),
    label: next,
    place,
    list(fill) {
      const inner = createBlock(emission, next);
      fill(inner);
      return inner.steps;
    },
  };
  return block;
}

function negated(of: Expression): Expression {
  return { kind: "unary", operator: "!", of, span: of.span };
}

/** The body with each list of steps in it changed; what looks like one within data stays. */
function withLists(body: Body, change: (list: readonly Step[]) => readonly Step[]): Body {
  const changed = Object.entries(body).map(([key, value]): [string, Value] => {
    if (key === "steps") return [key, change(value as readonly Step[])];
    if (key === "switch") return [key, (value as readonly Body[]).map((one) => withLists(one, change))];
    return [key, key === "for" ? withLists(value as Body, change) : value];
  });
  return Object.fromEntries(changed);
}
