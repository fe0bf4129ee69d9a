import type { FunctionName } from "./functions.ts";

/** Where in the source something stands. */
export interface Span {
  /** Where the source itself stands, such as `.items[0]`; empty: it is all there is. */
  readonly path: string;
  /** Offset of the first UTF-16 unit. */
  readonly start: number;
  /** Offset after the last one. */
  readonly end: number;
  /** From 1. */
  readonly line: number;
  /** From 1, in code points. */
  readonly column: number;
}

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type Arithmetic = "+" | "-" | "*" | "/" | "%";
export type BinaryOperator = Comparison | Arithmetic | "in" | "&&" | "||";
export type MacroName = "map" | "filter" | "exists" | "all" | "exists_one";

export interface Literal {
  readonly kind: "literal";
  readonly value: null | boolean | number | string;
  /** A number written with a point or an exponent. */
  readonly double: boolean;
  readonly span: Span;
}

export interface Name {
  readonly kind: "name";
  readonly name: string;
  readonly span: Span;
}

/** `of.key`, and `of["key"]`. */
export interface Select {
  readonly kind: "select";
  readonly of: Expression;
  readonly key: string;
  readonly span: Span;
}

export interface Has {
  readonly kind: "has";
  readonly of: Expression;
  readonly key: string;
  readonly span: Span;
}

/** `of[at]`, where `at` is no literal text. */
export interface Index {
  readonly kind: "index";
  readonly of: Expression;
  readonly at: Expression;
  readonly span: Span;
}

/** A minus before a literal number is part of the literal. */
export interface Unary {
  readonly kind: "unary";
  readonly operator: "!" | "-";
  readonly of: Expression;
  readonly span: Span;
}

export interface Binary {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly span: Span;
}

export interface Conditional {
  readonly kind: "conditional";
  readonly test: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
  readonly span: Span;
}

/** A function or a method: the receiver is the first argument. All optional arguments are there. */
export interface Call {
  readonly kind: "call";
  readonly name: FunctionName;
  readonly args: readonly Expression[];
  readonly span: Span;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Expression[];
  readonly span: Span;
}

/** Keys are distinct. */
export interface MapLiteral {
  readonly kind: "map";
  readonly entries: readonly { readonly key: string; readonly value: Expression }[];
  readonly span: Span;
}

export interface Macro {
  readonly kind: "macro";
  readonly name: MacroName;
  readonly over: Expression;
  readonly variable: string;
  /** Of `map` with three arguments only. */
  readonly filter: Expression | undefined;
  readonly body: Expression;
  readonly span: Span;
}

/** One expression, as `parse` gives it: everything in it is within the language. */
export type Expression =
  | Literal
  | Name
  | Select
  | Has
  | Index
  | Unary
  | Binary
  | Conditional
  | Call
  | List
  | MapLiteral
  | Macro;

/** The same expression, which fails unless it yields a bool. */
export function asBool(expression: Expression): Expression {
  const { span } = expression;
  return { kind: "unary", operator: "!", of: { kind: "unary", operator: "!", of: expression, span }, span };
}
