import type { Block } from "./cloud-workflows-block.ts";
import type { HelperName } from "./cloud-workflows-helpers.ts";
import type { Expression, Literal } from "./tree.ts";
import type { Type } from "./types.ts";
import type { Value } from "./values.ts";

/** What an operand may have to be. */
export type OperandKind = "number" | "bool" | "string" | "list";

/**
 * Lowers expressions to the steps of one block. What it gives is good for what follows in that block: no variable of an
 * expression changes once it is used.
 */
export interface Lowering {
  readonly block: Block;
  /** How a name of the scope is written. */
  readonly names: (name: string) => string;
  typeOf(expression: Expression): Type;
  fresh(): string;
  /** For an assign, an argument or a return. */
  value(expression: Expression): Value;
  /** The source of an operand: short, and in parentheses where it has an operator. */
  source(expression: Expression): string;
  /** The same of one kind: it fails, or a step before it does, on any other. */
  as(kind: OperandKind, expression: Expression): string;
  literal(value: Literal["value"]): string;
  /** A variable of that value. */
  keep(value: Value): string;
  /** A variable of the value of a source, which may be one already: what `[…]` may follow. */
  variable(source: string): string;
  /** A variable of what a helper gives. */
  call(helper: HelperName, args: Readonly<Record<string, string>>): string;
  /** The steps of a block within, with names of its own where they differ. */
  within(fill: (inner: Lowering) => void, names?: (name: string) => string): Block["steps"];
}

/** Whether the type is known to be of the kind. */
export function isA(kind: OperandKind | "map", type: Type): boolean {
  return type.kind === kind || (kind === "number" && isTime(type));
}

/** Times are whole seconds on the way, which no more needs to be known of. */
export function isTime(type: Type): boolean {
  return type.kind === "timestamp" || type.kind === "duration";
}
