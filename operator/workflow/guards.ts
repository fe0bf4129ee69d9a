import type { Expression, Span } from "./expression/index.ts";
import type { BinaryOperator } from "./expression/tree.ts";
import { LIMITS } from "./limits.ts";

/** The same expression, which fails with class Expression where its value does not fit: on every engine alike. */
export type Guard = (expression: Expression) => Expression;

/** A text. */
export const asText: Guard = (of) => binary("+", literal("", of.span), of);

/** A list. */
export const asList: Guard = (of) => binary("+", { kind: "list", items: [], span: of.span }, of);

/** A list that is short enough for bodies that run at once. */
export const asShortList: Guard = (of) => {
  const { span } = of;
  const size: Expression = { kind: "call", name: "size", args: [of], span };
  return onlyIf(asList(of), binary("<=", size, literal(LIMITS.concurrentItems, span)));
};

/** A map. */
export const asMap: Guard = (of) => {
  const { span } = of;
  return { kind: "conditional", test: { kind: "has", of, key: "_", span }, whenTrue: of, whenFalse: of, span };
};

/** A map or a list: the engines write those as JSON alike, and texts each in its own way. */
export const asDocument: Guard = (of) => {
  const { span } = of;
  return { kind: "conditional", test: binary("in", literal("", span), of), whenTrue: of, whenFalse: of, span };
};

/** Whole seconds that a wait may take. */
export const asSeconds: Guard = (of) => {
  const { span } = of;
  const inRange = and(
    binary(">=", of, literal(0, span)),
    and(
      binary("<=", of, literal(LIMITS.waitSeconds, span)),
      binary("==", binary("%", of, literal(1, span)), literal(0, span)),
    ),
  );
  return onlyIf(of, inRange);
};

/** A moment as text. */
export const asMoment: Guard = (of) => {
  const pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$";
  return onlyIf(of, { kind: "call", name: "matches", args: [of, literal(pattern, of.span)], span: of.span });
};

/** The only item of a list, or one that is not there. */
function onlyIf(of: Expression, test: Expression): Expression {
  const { span } = of;
  const at: Expression = { kind: "conditional", test, whenTrue: literal(0, span), whenFalse: literal(1, span), span };
  return { kind: "index", of: { kind: "list", items: [of], span }, at, span };
}

const and = (left: Expression, right: Expression) => binary("&&", left, right);

const binary = (operator: BinaryOperator, left: Expression, right: Expression): Expression => ({
  kind: "binary",
  operator,
  left,
  right,
  span: left.span,
});

const literal = (value: string | number, span: Span): Expression => ({ kind: "literal", value, double: false, span });
