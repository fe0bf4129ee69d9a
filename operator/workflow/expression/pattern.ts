/** A regular expression in the spellings of those who match it. */
export interface Pattern {
  /** For JavaScript and JSONata, without flags. */
  readonly ecma: string;
  /** For RE2. */
  readonly re2: string;
}

/** The pattern is outside the language. The message says where and what to write instead. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

interface Piece extends Pattern {
  /** Characters of the source. */
  readonly length: number;
}

const CLASSES: Readonly<Record<string, string>> = { d: "0-9", w: "0-9A-Za-z_", s: "\\t\\n\\f\\r " };
const CONTROLS: Readonly<Record<string, string>> = { t: "\\t", n: "\\n", r: "\\r", f: "\\f" };
const MAX_REPEAT = 1000;
/** A character beyond the 16 bits of a JavaScript unit. */
const PAIR = "[\\ud800-\\udbff][\\udc00-\\udfff]";

/**
 * What `matches` takes: characters, `.`, classes, groups, `|`, `^`, `$`, and one of `* + ? {n,m}` after each of them.
 * `\d \w \s` are ASCII; `.` is any character but a newline; `^` and `$` are the ends of the whole text.
 * @throws PatternError
 */
export function readPattern(text: string): Pattern {
  if (text === "") throw new PatternError("an empty pattern matches everything: leave it out");
  const pieces: Pattern[] = [];
  /** Of each open group, how often at most one piece of it is counted out. */
  const counts = [1];
  /** The same of the piece that was just read; undefined: there is nothing to repeat. */
  let last: number | undefined;
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const repeat = /^(?:[*+?]|\{\d{1,4}(?:,\d{0,4})?\})/.exec(rest)?.[0];
    const group = /^\((?:\?:)?/.exec(rest)?.[0];
    if (repeat) {
      if (!last) throw wrong(text, at, `"${repeat}" has nothing to repeat; only one repetition may follow a piece`);
      last *= timesOf(text, at, repeat);
      if (last > MAX_REPEAT) throw wrong(text, at, `repetitions in repetitions multiply to more than ${MAX_REPEAT}`);
      counts.push(Math.max(counts.pop()!, last));
      last = undefined;
    } else if (group) {
      if (rest[group.length] === "?") throw wrong(text, at, "groups are written (…) or (?:…) only");
      counts.push(1);
      last = undefined;
    } else if (rest.startsWith(")")) {
      last = counts.pop();
      if (!last || counts.length === 0)
        throw wrong(text, at, '")" closes nothing; for the character itself write "\\)"');
      counts.push(Math.max(counts.pop()!, last));
    } else {
      last = "|^$".includes(rest[0]!) ? undefined : 1;
    }
    const piece = repeat ? fixed(repeat) : group ? fixed("(?:", group.length) : readPiece(text, at);
    pieces.push(piece);
    at += piece.length;
  }
  if (counts.length > 1) throw wrong(text, text.length, '")" is missing');
  return { ecma: pieces.map(({ ecma }) => ecma).join(""), re2: pieces.map(({ re2 }) => re2).join("") };
}

/** How often a repetition counts its piece out, at most. */
function timesOf(text: string, at: number, repeat: string): number {
  const [from = 1, to = from] = (repeat.match(/\d+/g) ?? []).map(Number);
  if (from > to) throw wrong(text, at, `"${repeat}" should be {n,m} with n ≤ m`);
  return Math.max(to, 1);
}

function readPiece(text: string, at: number): Piece {
  const char = text[at]!;
  if (char === "[") return readClass(text, at);
  if (char === "\\") return readEscape(text, at);
  if (char === "$") return { ecma: "(?![\\s\\S])", re2: "$", length: 1 };
  if (char === ".") return { ...outside("\\n"), length: 1 };
  if (char === "^" || char === "|" || char === ")") return fixed(char);
  if ("{}]".includes(char)) throw wrong(text, at, `for the character itself write "\\${char}"`);
  return fixed(character(text, at), 1);
}

function readEscape(text: string, at: number): Piece {
  const char = text[at + 1] ?? "";
  const set = CLASSES[char.toLowerCase()];
  if (set) return char === char.toLowerCase() ? fixed(`[${set}]`, 2) : { ...outside(set), length: 2 };
  return fixed(escaped(text, at), 2);
}

function readClass(text: string, at: number): Piece {
  const negated = text[at + 1] === "^";
  let set = "";
  let end = at + (negated ? 2 : 1);
  while (text[end] !== "]") {
    if (end >= text.length) throw wrong(text, at, '"]" is missing');
    const first = readMember(text, end);
    end += first.length;
    const ranged = text[end] === "-" && text[end + 1] !== "]";
    if (!ranged) {
      set += first.set;
      continue;
    }
    const last = readMember(text, end + 1);
    if (first.code === undefined || last.code === undefined || first.code > last.code)
      throw wrong(text, end, 'a range goes from a lower character to a higher one; for "-" itself write "\\-"');
    set += `${first.set}-${last.set}`;
    end += 1 + last.length;
  }
  if (set === "") throw wrong(text, at, "the class is empty");
  const length = end + 1 - at;
  return negated ? { ...outside(set), length } : fixed(`[${set}]`, length);
}

/** One character of a class, or a whole `\d`; `code` is what a range compares. */
function readMember(text: string, at: number): { set: string; code: number | undefined; length: number } {
  const char = text[at] ?? "";
  if (char === "[") throw wrong(text, at, 'for the character itself write "\\["');
  if (char !== "\\") return { set: character(text, at), code: char.charCodeAt(0), length: 1 };
  const next = text[at + 1] ?? "";
  if (CLASSES[next]) return { set: CLASSES[next], code: undefined, length: 2 };
  return { set: escaped(text, at), code: CONTROLS[next] ? undefined : next.charCodeAt(0), length: 2 };
}

function escaped(text: string, at: number): string {
  const char = text[at + 1] ?? "";
  if (CONTROLS[char]) return CONTROLS[char];
  if (/^[!-/:-@[-`{-~]$/.test(char)) return hex(char);
  const known = "\\d \\w \\s \\t \\n \\r \\f";
  throw wrong(
    text,
    at,
    `"\\${char}" is not known: there are ${known}, \\D \\W \\S outside classes, and \\ before a sign`,
  );
}

function character(text: string, at: number): string {
  const char = text[at] ?? "";
  if (!/^[ -~]$/.test(char)) throw wrong(text, at, "a pattern is written in printable ASCII");
  return /[0-9A-Za-z _]/.test(char) ? char : hex(char);
}

/** No sign stands for itself, so that none can mean something to whoever reads the pattern. */
function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** Any one character that is not of the set. */
function outside(set: string): Pattern {
  return { ecma: `(?:[^${set}\\ud800-\\udfff]|${PAIR})`, re2: `[^${set}]` };
}

function fixed(text: string, length = text.length): Piece {
  return { ecma: text, re2: text, length };
}

function wrong(text: string, at: number, what: string): PatternError {
  return new PatternError(`in the pattern ${JSON.stringify(text)}, at character ${at + 1}: ${what}`);
}
