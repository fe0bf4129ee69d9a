import type { PolicyDocument, Statement } from "../policy.ts";

/** One call as IAM sees it. */
export interface Request {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

const KNOWN_KEYS = [
  "kms:ViaService",
  "kms:EncryptionContext:aws:sqs:arn",
  "kms:EncryptionContext:aws:dynamodb:tableName",
  "kms:EncryptionContext:aws:s3:arn",
  "dynamodb:ReturnValues",
];

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/**
 * Whether a document of ours allows a call. It knows what we write and nothing more: an operator, key or element that
 * it doesn't know is an error, never "no match".
 */
export function allows(document: PolicyDocument, request: Request): boolean {
  return list<Statement>(document.Statement).some((statement) => matches(statement, request));
}

function matches(statement: Statement, { action, resource, context }: Request): boolean {
  const { Effect, Action, Resource, Condition = {}, ...rest } = statement;
  if (Effect !== "Allow" || Object.keys(rest).length > 0) throw new Error(`not ours: ${JSON.stringify(statement)}`);
  const conditions = Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      if (!KNOWN_KEYS.includes(key)) throw new Error(`unknown key ${key}`);
      const value = context[key];
      if (operator === "StringEquals") return value !== undefined && list(values).includes(value);
      if (operator === "StringLike") return value !== undefined && list(values).some((one) => covers(one, value));
      if (operator === "StringEqualsIfExists") return value === undefined || list(values).includes(value);
      throw new Error(`unknown operator ${operator}`);
    }),
  );
  return conditions && list(Action).includes(action) && list(Resource).some((pattern) => covers(pattern, resource));
}

/** `*` only at the end. */
function covers(pattern: string, resource: string): boolean {
  if (pattern.endsWith("*")) return resource.startsWith(pattern.slice(0, -1));
  return pattern === resource;
}
