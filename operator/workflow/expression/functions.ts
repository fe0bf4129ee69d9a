import { BOOL, DOUBLE, INTEGER, STRING, type Type } from "./types.ts";

type ParameterKind = "bool" | "number" | "string" | "list" | "map" | "timestamp";

export interface Parameter {
  readonly takes: readonly ParameterKind[];
  /** It is written out as a literal text, which is looked at before anything runs. */
  readonly literal?: "pattern" | "separator" | "text" | "duration";
  /** What stands for it when it is left out: a literal text. */
  readonly default?: string;
}

export interface FunctionEntry {
  /** How it is called: `f(x)`, `x.f()`, or both. */
  readonly style: "function" | "method" | "both";
  /** The receiver of a method is the first. */
  readonly parameters: readonly Parameter[];
  readonly gives: Type;
  /** For the reference, in Markdown. */
  readonly docs: {
    readonly usage: string;
    readonly gives: string;
    readonly fails: string;
  };
}

const text: Parameter = { takes: ["string"] };
const separator: Parameter = { takes: ["string"], literal: "separator" };

/** Every function of the language, and what the reference says of it. */
export const FUNCTIONS = {
  size: {
    style: "both",
    parameters: [{ takes: ["string", "list", "map"] }],
    gives: INTEGER,
    docs: {
      usage: "`size(x)`, `x.size()`",
      gives: "how many code points a text has, items a list, keys a map",
      fails: "null, a boolean, a number",
    },
  },
  string: {
    style: "function",
    parameters: [{ takes: ["string", "bool", "number"] }],
    gives: STRING,
    docs: {
      usage: "`string(x)`",
      gives: "a text as it is; `true` or `false`; an integer in decimals",
      fails: "a number with a fraction or of more than 15 digits; null, a list, a map",
    },
  },
  int: {
    style: "function",
    parameters: [{ takes: ["number", "string", "timestamp"] }],
    gives: INTEGER,
    docs: {
      usage: "`int(x)`",
      gives:
        "a number without its fraction; a text such as `-12` as a number; the seconds of a [point in time](#time) since 1970",
      fails:
        'a text that is no plain integer of at most 15 digits, such as `""`, `" 1"`, `+1`, `007`, `1.0`; anything else',
    },
  },
  double: {
    style: "function",
    parameters: [{ takes: ["number", "string"] }],
    gives: DOUBLE,
    docs: {
      usage: "`double(x)`",
      gives: "the same number, which may now be divided; a text such as `-1.5` as a number",
      fails:
        "a text that is no plain decimal of at most 15 digits on each side of the point, such as `1e3`, `.5`; anything else",
    },
  },
  startsWith: {
    style: "method",
    parameters: [text, text],
    gives: BOOL,
    docs: {
      usage: "`s.startsWith(t)`",
      gives: "whether the text `s` begins with `t`",
      fails: "either is no text",
    },
  },
  endsWith: {
    style: "method",
    parameters: [text, text],
    gives: BOOL,
    docs: {
      usage: "`s.endsWith(t)`",
      gives: "whether the text `s` ends with `t`",
      fails: "either is no text",
    },
  },
  contains: {
    style: "method",
    parameters: [text, text],
    gives: BOOL,
    docs: {
      usage: "`s.contains(t)`",
      gives: "whether `t` is somewhere in the text `s`; the empty text always is",
      fails: "either is no text",
    },
  },
  matches: {
    style: "both",
    parameters: [text, { takes: ["string"], literal: "pattern" }],
    gives: BOOL,
    docs: {
      usage: "`s.matches(pattern)`, `matches(s, pattern)`",
      gives: "whether the [pattern](#patterns), a literal text, fits some part of `s`",
      fails: "`s` is no text",
    },
  },
  split: {
    style: "method",
    parameters: [text, separator],
    gives: { kind: "list", of: STRING },
    docs: {
      usage: "`s.split(separator)`",
      gives: "the list of what is before, between and after the separators: a literal text, not empty",
      fails: "`s` is no text",
    },
  },
  replace: {
    style: "method",
    parameters: [text, separator, text],
    gives: STRING,
    docs: {
      usage: "`s.replace(old, new)`",
      gives: "`s` with `new` in place of each `old`: a literal text, not empty",
      fails: "`s` or `new` is no text",
    },
  },
  join: {
    style: "method",
    parameters: [{ takes: ["list"] }, { takes: ["string"], literal: "text", default: "" }],
    gives: STRING,
    docs: {
      usage: "`list.join(separator)`, `list.join()`",
      gives: "the texts of the list in one, the separator, a literal text, between them",
      fails: "what is joined is no list, or holds something that is no text",
    },
  },
  lowerAscii: {
    style: "method",
    parameters: [text],
    gives: STRING,
    docs: {
      usage: "`s.lowerAscii()`",
      gives: "`s` in small letters",
      fails: "`s` is no text, or holds a character beyond ASCII",
    },
  },
  upperAscii: {
    style: "method",
    parameters: [text],
    gives: STRING,
    docs: {
      usage: "`s.upperAscii()`",
      gives: "`s` in capital letters",
      fails: "`s` is no text, or holds a character beyond ASCII",
    },
  },
  timestamp: {
    style: "function",
    parameters: [text],
    gives: { kind: "timestamp" },
    docs: {
      usage: "`timestamp(s)`",
      gives: "a [point in time](#time), from a text such as `2026-11-30T16:05:00Z`",
      fails: "`s` is no text, not of that form, before 1970, or a day that does not exist",
    },
  },
  duration: {
    style: "function",
    parameters: [{ takes: ["string"], literal: "duration" }],
    gives: { kind: "duration" },
    docs: {
      usage: "`duration(s)`",
      gives: "a [length of time](#time), from a literal text such as `1h30m`",
      fails: "never",
    },
  },
} as const satisfies Readonly<Record<string, FunctionEntry>>;

export type FunctionName = keyof typeof FUNCTIONS;

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(FUNCTIONS, name);
}

/** The entry of a function, by its name. */
export function functionEntry(name: FunctionName): FunctionEntry {
  return FUNCTIONS[name];
}

export interface Refusal {
  readonly names: readonly string[];
  /** The nearest thing that works, in Markdown. */
  readonly instead: string;
}

/** Functions that CEL or its extensions have and the language has not. */
export const REFUSED: readonly Refusal[] = [
  { names: ["type"], instead: "no kind is asked for; `has(a.b)` tells whether a key is there" },
  { names: ["dyn"], instead: "leave it out: what is not known before is looked at when it runs" },
  { names: ["uint"], instead: "there is one kind of number: `int(x)`" },
  { names: ["bytes"], instead: "there are no bytes: hand a text on, such as base64" },
  { names: ["bool"], instead: '`x == "true"`' },
  { names: ["bind"], instead: "write the value twice, or set it in a step before" },
  { names: ["substring", "charAt"], instead: "`split`, `startsWith` or `matches`; or cut the text before it comes in" },
  { names: ["indexOf", "lastIndexOf"], instead: "`contains` or `split`" },
  { names: ["trim"], instead: "clean the text before it comes in; `matches` tells whether it is clean" },
  { names: ["reverse", "sort"], instead: "put it in order before it comes in" },
  { names: ["format"], instead: 'put texts together: `"order " + string(x)`' },
  { names: ["existsOne"], instead: "`exists_one`" },
  { names: ["transformList"], instead: "`list.map(x, condition, value)`" },
  { names: ["transformMap", "transformMapEntry"], instead: 'write the map out: `{"key": value}`' },
  {
    names: ["of", "none", "ofNonZeroValue", "or", "orValue"],
    instead: "there are no optionals: `has(a.b) ? a.b : other`",
  },
  { names: ["greatest"], instead: "`a > b ? a : b`" },
  { names: ["least"], instead: "`a < b ? a : b`" },
  { names: ["abs"], instead: "`x < 0 ? -x : x`" },
  { names: ["ceil", "floor", "round"], instead: "`int(x)` leaves the fraction out; for x ≥ 0, `int(x + 0.5)` rounds" },
  {
    names: [
      "getFullYear",
      "getMonth",
      "getDate",
      "getDayOfMonth",
      "getDayOfWeek",
      "getDayOfYear",
      "getHours",
      "getMinutes",
      "getSeconds",
      "getMilliseconds",
    ],
    instead: "times are compared, added and subtracted only",
  },
];

/** What to write instead of a function that is refused; undefined: it is none of those. */
export function insteadOf(name: string): string | undefined {
  return REFUSED.find(({ names }) => names.includes(name))?.instead;
}
