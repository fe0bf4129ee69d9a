/** Filters as they stand on a Pub/Sub subscription: https://cloud.google.com/pubsub/docs/subscription-message-filter. Pure. */
import { type Condition, canonicalFilter, type Filter, pubSubFilter } from "../../crds/filter.ts";

const TEXT = '"([^"\\\\]+)"';
const EQUALS = `attributes\\.${TEXT} = ${TEXT}`;
const HEAD = new RegExp(
  [`attributes:${TEXT}`, `hasPrefix\\(attributes\\.${TEXT}, ${TEXT}\\)`, EQUALS, `\\(${EQUALS}`].join("|"),
  "y",
);
const MORE = new RegExp(` OR ${EQUALS}`, "y");

/** The filter of a subscription; the text itself where it is not one that we write. */
export function fromPubSubFilter(text: string): Filter | string {
  const conditions: Condition[] = [];
  const take = (pattern: RegExp, from: number): RegExpExecArray | null => {
    pattern.lastIndex = from;
    return pattern.exec(text);
  };
  let at = 0;
  while (at < text.length) {
    const head = take(HEAD, at);
    if (!head) return text;
    const [, exists, starts, prefix, equals, value, first = "", option] = head;
    at += head[0].length;
    if (exists !== undefined) conditions.push({ attribute: exists, exists: true });
    else if (starts !== undefined) conditions.push({ attribute: starts, prefix });
    else {
      const anyOf = [value ?? option ?? ""];
      for (let more = take(MORE, at); more; more = take(MORE, at)) {
        anyOf.push(more[2] ?? "");
        at += more[0].length;
      }
      conditions.push({ attribute: equals ?? first, anyOf });
      if (option !== undefined) at += ")".length;
    }
    at += " AND ".length;
  }
  const filter = canonicalFilter(conditions);
  return pubSubFilter(filter) === text ? filter : text;
}
