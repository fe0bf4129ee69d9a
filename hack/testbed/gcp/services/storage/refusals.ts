/**
 * How Cloud Storage's JSON API words what it refuses:
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes. Its statuses differ from those of other Google APIs: a
 * precondition that does not hold is 412, a name that is taken and a bucket that isn't empty are 409.
 */
import { CloudError, type Code, httpStatus } from "../../engine/errors.ts";
import type { HttpAnswer } from "../../engine/rest.ts";

export class StorageError extends CloudError {
  readonly status: number;
  readonly reason: string;

  constructor(code: Code, status: number, reason: string, message: string) {
    super(code, message);
    this.status = status;
    this.reason = reason;
  }
}

export const bad = (message: string) => new StorageError("INVALID_ARGUMENT", 400, "invalid", message);
export const forbidden = (message: string) => new StorageError("PERMISSION_DENIED", 403, "forbidden", message);
export const retained = (message: string) =>
  new StorageError("PERMISSION_DENIED", 403, "retentionPolicyNotMet", message);
export const absent = (message: string) => new StorageError("NOT_FOUND", 404, "notFound", message);
export const conflict = (message: string) => new StorageError("ALREADY_EXISTS", 409, "conflict", message);
export const conditionNotMet = (message = "At least one of the pre-conditions you specified did not hold.") =>
  new StorageError("FAILED_PRECONDITION", 412, "conditionNotMet", message);
export const notHere = (message: string) => new StorageError("UNIMPLEMENTED", 501, "notImplemented", message);

/** What faults and the parts that are shared with other APIs refuse with. */
const REASONS: Partial<Record<Code, readonly [number, string]>> = {
  INVALID_ARGUMENT: [400, "invalid"],
  UNAUTHENTICATED: [401, "authError"],
  PERMISSION_DENIED: [403, "forbidden"],
  NOT_FOUND: [404, "notFound"],
  ALREADY_EXISTS: [409, "conflict"],
  ABORTED: [412, "conditionNotMet"],
  FAILED_PRECONDITION: [412, "conditionNotMet"],
  RESOURCE_EXHAUSTED: [429, "rateLimitExceeded"],
  INTERNAL: [500, "internalError"],
  UNAVAILABLE: [503, "backendError"],
};

export function refusalAnswer(error: CloudError): HttpAnswer {
  const [status, reason] =
    error instanceof StorageError
      ? [error.status, error.reason]
      : (REASONS[error.code] ?? [httpStatus(error.code), "backendError"]);
  const { message } = error;
  return { status, body: { error: { code: status, message, errors: [{ message, domain: "global", reason }] } } };
}

/** What can be asked of the number that a resource has: `ifMetagenerationMatch`, `ifGenerationNotMatch`, … */
export function checkNumber(query: URLSearchParams, name: "Generation" | "Metageneration", live: string): void {
  const match = query.get(`if${name}Match`);
  const other = query.get(`if${name}NotMatch`);
  for (const asked of [match, other])
    if (asked !== null && !/^\d+$/.test(asked)) throw bad(`Invalid value for if${name}Match: "${asked}".`);
  if ((match !== null && match !== live) || (other !== null && other === live)) throw conditionNotMet();
}
