import fc from "fast-check";
import { DYNAMIC, join, type Scope, type Type } from "../types.ts";
import { kindOf, MAX_NUMBER, type Value, type ValueKind } from "../values.ts";

/** An expression, often one that fails, and what it is about. */
export interface Case {
  readonly source: string;
  readonly variables: Readonly<Record<string, Value>>;
  /** What is known of the variables: of some all, of some nothing. */
  readonly scope: Scope;
}

/** Any expression of the language over any data: a tape of numbers decides, so that a shorter one is a simpler case. */
export function cases(): fc.Arbitrary<Case> {
  return fc
    .array(fc.nat({ max: 0xffff }), { minLength: 40, maxLength: 240, size: "max" })
    .map((tape) => createCase(readTape(tape)));
}

/** A number from 0 to `below`, without it. */
type Draw = (below: number) => number;

function readTape(tape: readonly number[]): Draw {
  let at = 0;
  return (below) => (tape[at++] ?? 0) % below;
}

const NUMBERS: readonly number[] = [
  0,
  1,
  2,
  3,
  -1,
  7,
  10,
  2.5,
  -0.5,
  0.1,
  1e-7,
  1e15,
  999999999999999,
  MAX_NUMBER,
  -MAX_NUMBER,
  4294967296,
];
const TEXTS: readonly string[] = [
  "",
  "a",
  "b",
  "ab",
  "a,b",
  "😀",
  "é😀x",
  "A-1",
  "12",
  "-7",
  "1.50",
  "007",
  " 1",
  "1e3",
  "$1",
  "x${y",
  "a\nb",
  '"\\',
  "2024-02-29T12:00:00Z",
  "2023-02-29T12:00:00Z",
  "1999-12-31T23:59:59Z",
  "{% x %}",
  "toString",
];
const KEYS: readonly string[] = ["a", "b", "x-y", "in", "é", ""];
const NAMES = ["n", "s", "t", "l", "m", "d", "flag"] as const;

function createCase(draw: Draw): Case {
  const kinds: Readonly<Record<(typeof NAMES)[number], ValueKind | undefined>> = {
    n: "number",
    s: "string",
    t: "string",
    l: "list",
    m: "map",
    d: undefined,
    flag: "bool",
  };
  const variables = Object.fromEntries(NAMES.map((name) => [name, value(draw, kinds[name], 2)]));
  const scope = Object.fromEntries(NAMES.map((name) => [name, draw(2) ? DYNAMIC : typeOf(variables[name]!)]));
  return { source: expression(draw, KINDS[draw(KINDS.length)]!, draw(3) + 2, []), variables, scope };
}

function value(draw: Draw, kind: ValueKind | undefined, depth: number): Value {
  const kinds: readonly ValueKind[] = ["null", "bool", "number", "string", "list", "map"];
  switch (kind ?? kinds[draw(depth > 0 ? 6 : 4)]!) {
    case "null":
      return null;
    case "bool":
      return draw(2) === 1;
    case "number":
      return NUMBERS[draw(NUMBERS.length)]!;
    case "string":
      return TEXTS[draw(TEXTS.length)]!;
    case "list": {
      const shared = draw(2) ? kinds[draw(depth > 1 ? 6 : 4)] : undefined;
      return Array.from({ length: draw(4) }, () => value(draw, draw(8) ? shared : undefined, depth - 1));
    }
    case "map":
      return Object.fromEntries(KEYS.filter(() => draw(2)).map((key) => [key, value(draw, undefined, depth - 1)]));
  }
}

/** The type of a value, as narrow as can be. */
function typeOf(value: Value): Type {
  const kind = kindOf(value);
  switch (kind) {
    case "number":
      return { kind, of: Number.isInteger(value) ? "integer" : "any" };
    case "list":
      return {
        kind,
        of: (value as readonly Value[])
          .map(typeOf)
          .reduce(join, (value as []).length ? typeOf((value as readonly Value[])[0]!) : DYNAMIC),
      };
    case "map":
      return {
        kind,
        fields: Object.fromEntries(
          Object.entries(value as object).map(([key, inner]) => [key, { type: typeOf(inner), optional: false }]),
        ),
        rest: undefined,
      };
    default:
      return { kind };
  }
}

const KINDS: readonly ValueKind[] = [
  "bool",
  "number",
  "string",
  "list",
  "map",
  "bool",
  "number",
  "string",
  "list",
  "null",
];

type Write = (kind: ValueKind) => string;

/** The source of an expression that mostly yields such a value; one in nine operands is of any kind. */
function expression(draw: Draw, wanted: ValueKind, depth: number, bound: readonly string[]): string {
  const kind = draw(9) === 8 ? KINDS[draw(KINDS.length)]! : wanted;
  if (depth <= 0 || draw(6) === 0) return leaf(draw, kind, bound);
  const write: Write = (inner) => expression(draw, inner, depth - 1, bound);
  const over = (inner: ValueKind, name: string) => expression(draw, inner, depth - 1, [...bound, name]);
  const any = () => write(KINDS[draw(KINDS.length)]!);
  const variable = draw(4) ? `v${bound.length}` : "n";
  const forms = [...FORMS[kind], anyForm];
  return forms[draw(forms.length)]!({ draw, kind, write, any, over, variable });
}

interface Tools {
  readonly draw: Draw;
  readonly kind: ValueKind;
  readonly write: Write;
  any(): string;
  over(kind: ValueKind, name: string): string;
  readonly variable: string;
}
type Form = (tools: Tools) => string;

/** What yields any kind. */
const anyForm: Form = ({ draw, kind, write }) => {
  switch (draw(4)) {
    case 0:
      return `(${write("bool")} ? ${write(kind)} : ${write(kind)})`;
    case 1:
      return `${write("list")}[${draw(3) ? draw(3) : write("number")}]`;
    case 2:
      return draw(2)
        ? `${write("map")}.${["a", "b"][draw(2)]}`
        : `${write("map")}[${quoted(KEYS[draw(KEYS.length)]!)}]`;
    default:
      return `${write("map")}[${write("string")}]`;
  }
};

const FORMS: Readonly<Record<ValueKind, readonly Form[]>> = {
  null: [() => "null"],
  number: [
    ({ draw, write }) => `(${write("number")} ${["+", "-", "*", "%"][draw(4)]} ${write("number")})`,
    ({ draw, write }) => `(double(${write("number")}) / ${draw(2) ? "2.0" : write("number")})`,
    ({ write }) => `(-(${write("number")}))`,
    ({ draw, write }) => `size(${write((["string", "list", "map"] as const)[draw(3)]!)})`,
    ({ draw, write }) => `int(${write(draw(2) ? "number" : "string")})`,
    ({ draw, write }) => `double(${write(draw(2) ? "number" : "string")})`,
    ({ write }) => `int(timestamp(${write("string")}))`,
  ],
  string: [
    ({ write }) => `(${write("string")} + ${write("string")})`,
    ({ draw, write }) => `string(${write((["number", "bool", "string"] as const)[draw(3)]!)})`,
    ({ draw, write }) => `${write("string")}.replace(${quoted(["a", ",", "😀", "."][draw(4)]!)}, ${write("string")})`,
    ({ draw, write }) => `${write("list")}.join(${["", '""', '"-"', quoted("${")][draw(4)]})`,
    ({ draw, write }) => `${write("string")}.${draw(2) ? "lowerAscii" : "upperAscii"}()`,
  ],
  bool: [
    ({ draw, write }) => `(${write("number")} ${["<", "<=", ">", ">="][draw(4)]} ${write("number")})`,
    ({ draw, write }) => {
      const kind = KINDS[draw(KINDS.length)]!;
      return `(${write(kind)} ${draw(2) ? "==" : "!="} ${write(kind)})`;
    },
    ({ draw, any }) => `(${any()} ${draw(2) ? "==" : "!="} ${any()})`,
    ({ draw, write }) => `(${write("bool")} ${draw(2) ? "&&" : "||"} ${write("bool")})`,
    ({ draw, write }) => `(${write("bool")} ${draw(2) ? "&&" : "||"} ${write("bool")})`,
    ({ write }) => `(!(${write("bool")}))`,
    ({ any, write }) => `(${any()} in ${write("list")})`,
    ({ write }) => `(${write("string")} in ${write("map")})`,
    ({ draw, write }) => `has(${write("map")}.${["a", "b"][draw(2)]})`,
    ({ draw, write }) => `${write("string")}.${["startsWith", "endsWith", "contains"][draw(3)]}(${write("string")})`,
    ({ draw, write }) => `${write("string")}.matches(${quoted(PATTERNS[draw(PATTERNS.length)]!)})`,
    ({ draw, write, over, variable }) =>
      `${write("list")}.${["exists", "all", "exists_one"][draw(3)]}(${variable}, ${over("bool", variable)})`,
    ({ draw, write }) => `(timestamp(${write("string")}) ${["<", ">=", "=="][draw(3)]} timestamp(${write("string")}))`,
    ({ draw, write }) =>
      `((timestamp(${write("string")}) - timestamp(${write("string")})) ${["<", "!="][draw(2)]} duration("${["1h", "-90m", "3s"][draw(3)]}"))`,
  ],
  list: [
    ({ draw, any }) => `[${Array.from({ length: draw(4) }, any).join(", ")}]`,
    ({ write }) => `(${write("list")} + ${write("list")})`,
    ({ draw, write, over, variable }) =>
      `${write("list")}.map(${variable}, ${draw(3) ? "" : `${over("bool", variable)}, `}${over(KINDS[draw(KINDS.length)]!, variable)})`,
    ({ write, over, variable }) => `${write("list")}.filter(${variable}, ${over("bool", variable)})`,
    ({ draw, write }) => `${write("string")}.split(${quoted([",", "a", "😀"][draw(3)]!)})`,
  ],
  map: [
    ({ draw, any }) =>
      `{${KEYS.filter(() => draw(3) === 0)
        .map((key) => `${quoted(key)}: ${any()}`)
        .join(", ")}}`,
  ],
};

const PATTERNS: readonly string[] = [
  "^a",
  "b$",
  "^$",
  ".",
  "^..$",
  "[^a]",
  "^(a|b|,)*$",
  "\\d{2,3}",
  "^\\w+$",
  "\\S",
  "[\\d.-]+",
  "\\$",
  "^[^\\n]+$",
];

function leaf(draw: Draw, kind: ValueKind, bound: readonly string[]): string {
  if (bound.length > 0 && draw(2)) return bound[draw(bound.length)]!;
  const names: Readonly<Record<ValueKind, readonly string[]>> = {
    null: ["d"],
    bool: ["flag", "m.a"],
    number: ["n", "l[0]"],
    string: ["s", "t", "m.b"],
    list: ["l", "d"],
    map: ["m", "d"],
  };
  if (draw(3)) return names[kind][draw(names[kind].length)]!;
  return literal(value(draw, kind, 1));
}

function literal(value: Value): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `${quoted(key)}: ${literal(inner)}`)
      .join(", ")}}`;
  return typeof value === "number" && value < 0 ? `(${value})` : String(value);
}

/** As CEL writes a text: JSON's escapes are among its own. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
