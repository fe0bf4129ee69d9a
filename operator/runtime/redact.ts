const REDACTED = "[redacted]";
const MAX_DEPTH = 8;

/** Names (lower case, without separators) whose values never leave the process. */
const SECRET_NAMES = new Set([
  "authorization",
  "proxyauthorization",
  "cookie",
  "setcookie",
  "password",
  "passwd",
  "passphrase",
  "token",
  "accesstoken",
  "refreshtoken",
  "idtoken",
  "sessiontoken",
  "securitytoken",
  "bearertoken",
  "clientsecret",
  "secret",
  "secretkey",
  "secretaccesskey",
  "awssecretaccesskey",
  "awssessiontoken",
  "apikey",
  "privatekey",
  "keydata",
  "clientkeydata",
  "credentials",
]);

/** What a secret looks like inside a longer text. */
const SECRET_TEXTS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${REDACTED}`],
];

/** The text without private keys, bearer tokens and JSON web tokens. */
export function redactText(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of SECRET_TEXTS) clean = clean.replace(pattern, replacement);
  return clean.includes("eyJ") ? clean.replace(/[\w.-]{20,}/g, withoutWebTokens) : clean;
}

/**
 * JSON web tokens are three parts with dots between, of which the first begins with `eyJ`. One pattern for all three would
 * begin anew at each `eyJ` of a long text, and take minutes for what somebody made for it.
 */
function withoutWebTokens(run: string): string {
  const parts = run.split(".");
  const clean: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const [head = "", body = "", signature] = parts.slice(at, at + 3);
    const begin = body.length >= 8 && signature !== undefined ? head.search(/\beyJ[\w-]{8}/) : -1;
    clean.push(begin < 0 ? head : head.slice(0, begin) + REDACTED);
    if (begin >= 0) at += 2;
  }
  return clean.join(".");
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replace(/[-_]/g, ""));
}

/**
 * A copy of `value` that is fit to be logged: values under secret names, the data of Secrets, private keys and
 * tokens inside texts are replaced. Errors become plain objects. What lies deeper than eight levels is cut.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set());
}

function copy(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (above.has(value)) return "[circular]";
  if (depth >= MAX_DEPTH) return "[deep]";
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  above.add(value);
  try {
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1, above));
    return copyFields(value instanceof Error ? describeError(value) : value, depth, above);
  } finally {
    above.delete(value);
  }
}

function copyFields(fields: object, depth: number, above: Set<object>): object {
  const isSecret = (fields as { kind?: unknown }).kind === "Secret";
  const clean = Object.entries(fields).map(([name, field]) => {
    const hidden = isSecretName(name) || (isSecret && (name === "data" || name === "stringData"));
    return [name, hidden && field !== undefined && field !== null ? REDACTED : copy(field, depth + 1, above)];
  });
  return Object.fromEntries(clean);
}

function describeError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return { ...error, type: name, message, stack, ...(cause === undefined ? {} : { cause }) };
}
