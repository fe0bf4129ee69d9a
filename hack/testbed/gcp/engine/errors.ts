/**
 * Errors as Google's APIs return them: a canonical code, a message and typed details.
 * Codes and their HTTP statuses: google/rpc/code.proto.
 */

const HTTP = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
} as const;

export type Code = keyof typeof HTTP;

const NUMBERS: Record<Code, number> = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/** One entry of google.rpc.BadRequest. `field` is the dotted proto path. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** The only error that handlers throw on purpose; anything else becomes INTERNAL. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly code: Code;
  readonly violations: readonly FieldViolation[];

  constructor(code: Code, message: string, violations: readonly FieldViolation[] = []) {
    super(message);
    this.code = code;
    this.violations = violations;
  }
}

export const codeNumber = (code: Code): number => NUMBERS[code];
export const httpStatus = (code: Code): number => HTTP[code];
export const isCode = (text: string): text is Code => Object.hasOwn(HTTP, text);
export const codeOfNumber = (number: number): Code =>
  (Object.keys(NUMBERS) as Code[]).find((code) => NUMBERS[code] === number) ?? "UNKNOWN";

export const invalid = (message: string, field?: string): CloudError =>
  new CloudError("INVALID_ARGUMENT", message, field === undefined ? [] : [{ field, description: message }]);
export const notFound = (name: string): CloudError =>
  new CloudError("NOT_FOUND", `Resource not found (resource=${name}).`);
export const alreadyExists = (name: string): CloudError =>
  new CloudError("ALREADY_EXISTS", `Resource already exists in the project (resource=${name}).`);
export const precondition = (message: string): CloudError => new CloudError("FAILED_PRECONDITION", message);
export const unimplemented = (message: string): CloudError => new CloudError("UNIMPLEMENTED", message);

/** Whatever was thrown, as a CloudError. */
export function toCloudError(thrown: unknown): CloudError {
  if (thrown instanceof CloudError) return thrown;
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new CloudError("INTERNAL", `The test bed's cloud failed: ${text}`);
}
