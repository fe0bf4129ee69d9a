/** A pattern in CEL, as an enrollment of Eventarc matches with it, and back. Pure. */
import { canonical, type Match, type Pattern } from "../../crds/pattern.ts";

/** An enrollment can't be paused: a rule that is suspended matches nothing, and still says what it would. */
const NEVER = "false && ";

/**
 * The expression of an enrollment. Extension attributes are text there whatever was sent, and what an event doesn't have
 * must be asked for before it is compared.
 */
export function celMatch(pattern: Pattern, suspended: boolean): string {
  const terms = pattern.map(term).join(" && ");
  return suspended ? `${NEVER}${terms}` : terms;
}

function term({ attribute, anyOf, prefix, exists = true }: Match): string {
  const field = `message.${attribute}`;
  if (anyOf) return `(has(${field}) && ${field} in [${anyOf.map(quoted).join(", ")}])`;
  if (prefix !== undefined) return `(has(${field}) && ${field}.startsWith(${quoted(prefix)}))`;
  return exists ? `has(${field})` : `!has(${field})`;
}

/** Values have neither quotes nor backslashes: see crds/pattern.ts. */
const quoted = (value: string) => `"${value}"`;

const NAME = "message\\.([a-z][a-z0-9]*)";
const TEXT = '"[^"\\\\\\p{Cc}]*"';
const TERM = new RegExp(
  `(?:\\(has\\(${NAME}\\) && message\\.\\1(?: in \\[(${TEXT}(?:, ${TEXT})*)\\]|\\.startsWith\\((${TEXT})\\))\\)|(!?)has\\(${NAME}\\))(?: && |$)`,
  "uy",
);

/** What an expression of ours stands for; undefined: it isn't one that spec can ask for. */
export function readCelMatch(text: string): { readonly pattern: Pattern; readonly suspended: boolean } | undefined {
  const suspended = text.startsWith(NEVER);
  const body = suspended ? text.slice(NEVER.length) : text;
  const found: Match[] = [];
  for (let at = 0; at < body.length; ) {
    TERM.lastIndex = at;
    const [whole, attribute, values, prefix, not, bare] = TERM.exec(body) ?? [];
    if (!whole) return undefined;
    at += whole.length;
    if (values !== undefined) found.push({ attribute: attribute ?? "", anyOf: JSON.parse(`[${values}]`) as string[] });
    else if (prefix !== undefined) found.push({ attribute: attribute ?? "", prefix: prefix.slice(1, -1) });
    else found.push({ attribute: bare ?? "", exists: not === "" });
  }
  if (found.length === 0 || body.endsWith(" && ")) return undefined;
  return { pattern: canonical(found), suspended };
}
