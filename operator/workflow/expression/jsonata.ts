import type { FunctionName } from "./functions.ts";
import { type Helper, prelude } from "./jsonata-prelude.ts";
import { literalText } from "./parse.ts";
import { readPattern } from "./pattern.ts";
import { readDuration } from "./text-forms.ts";
import type { Binary, Expression, Macro } from "./tree.ts";
import type { Value } from "./values.ts";

/**
 * A checked expression as one JSONata expression, in parentheses: what it yields and when it fails are as `evaluate` says.
 * @param names how a name of the scope is written, such as `$order`; none begins with `$_`
 */
export function toJsonata(expression: Expression, names: (name: string) => string): string {
  const used = new Set<Helper>();
  const source = createWriter(names, used)(expression);
  return `(${prelude(used)}${source})`;
}

/** A text, a number, a boolean, null, or lists and maps of them, in JSONata. */
export function literalJsonata(value: Value): string {
  if (typeof value === "number" && value < 0) return `(${value})`;
  // Nothing that could end a JSONata string of Step Functions, or begin another.
  return JSON.stringify(value).replaceAll("{%", "\\u007b%").replaceAll("%}", "%\\u007d");
}

type Names = (name: string) => string;
type Write = (expression: Expression) => string;
type Kind = "number" | "bool" | "string" | "list";

const GUARDS = { number: "$_n", bool: "$_b", string: "$_s", list: "$_l" } as const satisfies Record<Kind, Helper>;

function createWriter(scope: Names, used: Set<Helper>): Write {
  let fresh = 0;
  const variable = () => `$_${++fresh}`;
  const help = (helper: Helper, ...args: string[]) => {
    used.add(helper);
    return `${helper}(${args.join(",")})`;
  };

  const writeIn = (names: Names): Write => {
    const write: Write = (expression) => {
      switch (expression.kind) {
        case "literal":
          return literalJsonata(expression.value);
        case "name":
          return names(expression.name);
        case "select":
          return help("$_g", write(expression.of), literalJsonata(expression.key));
        case "has":
          return help("$_h", write(expression.of), literalJsonata(expression.key));
        case "index":
          return help("$_i", write(expression.of), write(expression.at));
        case "unary":
          if (expression.operator === "!") return `(${as("bool", expression.of)}?false:true)`;
          return `(0-${as("number", expression.of)})`;
        case "binary":
          return binary(expression);
        case "conditional":
          return `(${as("bool", expression.test)}?${write(expression.whenTrue)}:${write(expression.whenFalse)})`;
        case "call":
          return functions[expression.name](expression.args);
        case "list":
          return expression.items.reduce((list, item) => `$append(${list},${help("$_w", write(item))})`, "[]");
        case "map":
          return `{${expression.entries.map(({ key, value }) => `${literalJsonata(key)}:${write(value)}`).join(",")}}`;
        case "macro":
          return macro(expression);
      }
    };

    /** The expression, which fails unless it is of the kind. */
    const as = (kind: Kind, expression: Expression) =>
      kindOf(expression) === kind ? write(expression) : help(GUARDS[kind], write(expression));

    const binary = ({ operator, left, right }: Binary): string => {
      const numbers = () => [as("number", left), as("number", right)] as const;
      switch (operator) {
        case "&&":
          return `(${as("bool", left)}?${as("bool", right)}:false)`;
        case "||":
          return `(${as("bool", left)}?true:${as("bool", right)})`;
        case "==":
          return `(${write(left)}=${write(right)})`;
        case "!=":
          return `(${write(left)}!=${write(right)})`;
        case "in":
          return help("$_e", write(left), write(right));
        case "+":
          return help("$_p", write(left), write(right));
        case "/":
          return help("$_d", write(left), write(right));
        case "%":
          return help("$_m", write(left), write(right));
        case "-":
        case "*":
          return help("$_r", numbers().join(operator));
        default:
          return `(${numbers().join(operator)})`;
      }
    };

    const macro = ({ name, over, variable: bound, filter, body }: Macro): string => {
      const [result, item] = [variable(), variable()];
      const inner = writeIn((other) => (other === bound ? item : names(other)));
      const holds = (condition: Expression) =>
        kindOf(condition) === "bool" ? inner(condition) : help("$_b", inner(condition));
      const fold = (step: string, from: string) =>
        `$reduce(${as("list", over)},function(${result},${item}){${step}},${from})`;
      const added = (value: string) => `$append(${result},${help("$_w", value)})`;
      switch (name) {
        case "map": {
          const mapped = added(inner(body));
          return fold(filter ? `${holds(filter)}?${mapped}:${result}` : mapped, "[]");
        }
        case "filter":
          return fold(`${holds(body)}?${added(item)}:${result}`, "[]");
        case "exists":
          return fold(`${result}?true:${holds(body)}`, "false");
        case "all":
          return fold(`${result}?${holds(body)}:false`, "true");
        case "exists_one":
          return `(${fold(`${holds(body)}?${result}+1:${result}`, "0")}=1)`;
      }
    };

    const call =
      (helper: Helper) =>
      (args: readonly Expression[]): string =>
        help(helper, ...args.map(write));
    const onText =
      (text: (text: string, other: readonly Expression[]) => string) =>
      ([first, ...other]: readonly Expression[]): string =>
        text(as("string", first!), other);
    const functions: Readonly<Record<FunctionName, (args: readonly Expression[]) => string>> = {
      size: call("$_size"),
      string: call("$_text"),
      int: call("$_int"),
      double: call("$_double"),
      startsWith: call("$_starts"),
      endsWith: call("$_ends"),
      contains: onText((text, [part]) => `$contains(${text},${as("string", part!)})`),
      matches: onText((text, [pattern]) => `$contains(${text},/${readPattern(literalText(pattern!)!).ecma}/)`),
      split: onText((text, [separator]) => `$split(${text},${write(separator!)})`),
      replace: onText((text, [old, put]) => `$join($split(${text},${write(old!)}),${as("string", put!)})`),
      join: ([list, separator]) => `$join(${as("list", list!)},${write(separator!)})`,
      lowerAscii: ([text]) => `$lowercase(${help("$_a", write(text!))})`,
      upperAscii: ([text]) => `$uppercase(${help("$_a", write(text!))})`,
      timestamp: call("$_time"),
      duration: ([text]) => literalJsonata(readDuration(literalText(text!)!)!),
    };
    return write;
  };
  return writeIn(scope);
}

const RESULTS: Readonly<Partial<Record<FunctionName, Kind>>> = {
  size: "number",
  int: "number",
  double: "number",
  timestamp: "number",
  duration: "number",
  string: "string",
  replace: "string",
  join: "string",
  lowerAscii: "string",
  upperAscii: "string",
  startsWith: "bool",
  endsWith: "bool",
  contains: "bool",
  matches: "bool",
  split: "list",
};

/** What the expression yields if anything, by its form alone. */
function kindOf(expression: Expression): Kind | undefined {
  switch (expression.kind) {
    case "literal": {
      const { value } = expression;
      if (typeof value === "number" || typeof value === "string") return typeof value as "number" | "string";
      return value === null ? undefined : "bool";
    }
    case "has":
      return "bool";
    case "unary":
      return expression.operator === "!" ? "bool" : "number";
    case "binary":
      if (expression.operator === "+") return undefined;
      return ["-", "*", "/", "%"].includes(expression.operator) ? "number" : "bool";
    case "call":
      return RESULTS[expression.name];
    case "list":
      return "list";
    case "macro":
      return expression.name === "map" || expression.name === "filter" ? "list" : "bool";
    default:
      return undefined;
  }
}
