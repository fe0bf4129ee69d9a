/** Pub/Sub's filter language: https://cloud.google.com/pubsub/docs/subscription-message-filter */
import { invalid } from "../../engine/errors.ts";

export type Attributes = Readonly<Record<string, string>>;
export type Filter = (attributes: Attributes) => boolean;

const MAXIMUM_BYTES = 256;
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([\p{L}\p{N}_][\p{L}\p{N}_-]*)|(!=|[=:.,()-]))/uy;

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw invalid(`Invalid filter: can't read "${text.slice(at).trim()}".`, "filter");
    found.push(match[0].trim());
  }
  return found;
}

/** @throws CloudError INVALID_ARGUMENT */
export function parseFilter(text: string): Filter {
  if (Buffer.byteLength(text) > MAXIMUM_BYTES)
    throw invalid(
      `The filter has ${String(Buffer.byteLength(text))} bytes: at most ${String(MAXIMUM_BYTES)} are allowed.`,
      "filter",
    );
  const rest = tokens(text);
  const fail = (wanted: string) =>
    invalid(
      `Invalid filter "${text}": expected ${wanted}, found ${rest[0] === undefined ? "its end" : `"${rest[0]}"`}.`,
      "filter",
    );
  const take = (token: string) => {
    if (rest[0] !== token) throw fail(`"${token}"`);
    rest.shift();
  };
  const string = (): string => {
    if (rest[0]?.startsWith('"') !== true) throw fail("a quoted string");
    try {
      return JSON.parse(rest.shift() as string) as string;
    } catch {
      throw invalid(`Invalid filter "${text}": a string has an escape that is not understood.`, "filter");
    }
  };
  const key = (): string => {
    if (rest[0]?.startsWith('"') === true) return string();
    if (!/^[\p{L}\p{N}_]/u.test(rest[0] ?? "")) throw fail("an attribute's name");
    return rest.shift() as string;
  };

  function comparison(): Filter {
    take("attributes");
    if (rest[0] === ":") {
      rest.shift();
      const name = key();
      return (attributes) => Object.hasOwn(attributes, name);
    }
    take(".");
    const name = key();
    const operator = rest[0];
    if (operator !== "=" && operator !== "!=") throw fail('"=" or "!="');
    rest.shift();
    const value = string();
    return (attributes) => (attributes[name] === value) === (operator === "=");
  }

  function prefix(): Filter {
    take("hasPrefix");
    take("(");
    take("attributes");
    take(".");
    const name = key();
    take(",");
    const start = string();
    take(")");
    return (attributes) => attributes[name]?.startsWith(start) ?? false;
  }

  function term(): Filter {
    if (rest[0] === "NOT" || rest[0] === "-") {
      rest.shift();
      const negated = term();
      return (attributes) => !negated(attributes);
    }
    if (rest[0] === "(") {
      rest.shift();
      const inner = expression();
      take(")");
      return inner;
    }
    return rest[0] === "hasPrefix" ? prefix() : comparison();
  }

  function expression(): Filter {
    const terms = [term()];
    const operator = rest[0];
    while (rest[0] === "AND" || rest[0] === "OR") {
      if (rest[0] !== operator)
        throw invalid(`Invalid filter "${text}": use parentheses to combine AND and OR.`, "filter");
      rest.shift();
      terms.push(term());
    }
    if (operator === "OR") return (attributes) => terms.some((matches) => matches(attributes));
    return (attributes) => terms.every((matches) => matches(attributes));
  }

  const filter = expression();
  if (rest.length > 0) throw fail("AND, OR or the end");
  return filter;
}
