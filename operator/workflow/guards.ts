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
export const asMap: Guard = (of) => after({ kind: "has", of, key: "_", span: of.span }, of);

/** A map or a list: the engines write those as JSON alike, and texts each in its own way. */
export const asDocument: Guard = (of) => after(binary("in", literal("", of.span), of), of);

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

/** A moment as text: what `timestamp` takes. */
export const asMoment: Guard = (of) => {
  const { span } = of;
  const time = (text: Expression): Expression => ({ kind: "call", name: "timestamp", args: [text], span });
  return after(binary(">=", time(of), time(literal("1970-01-01T00:00:00Z", span))), of);
};

/** The expression, once a test of it has not failed, whatever the test says. */
function after(test: Expression, of: Expression): Expression {
  return { kind: "conditional", test, whenTrue: of, whenFalse: of, span: of.span };
}

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
