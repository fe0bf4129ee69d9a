import type { Span } from "./tree.ts";

/** The expression itself is wrong, whatever the data: found before anything runs. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly span: Span;

  /** @param what what is wrong and what to write instead; the place is put before it */
  constructor(what: string, span: Span) {
    super(`${placeOf(span)}: ${what}`);
    this.span = span;
  }
}

/** The expression failed on the data it met: error class `Expression`, which is never retried. */
export class ExpressionFault extends Error {
  override readonly name = "ExpressionFault";
  readonly span: Span;

  constructor(what: string, span: Span) {
    super(`${placeOf(span)}: ${what}`);
    this.span = span;
  }
}

function placeOf({ path, line, column }: Span): string {
  const place = line === 1 ? `column ${column}` : `line ${line}, column ${column}`;
  return path === "" ? place : `${path}, ${place}`;
}
