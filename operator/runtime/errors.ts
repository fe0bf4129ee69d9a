/** Why the API server refused: the part of metav1.Status that callers act on. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  readonly retryAfterSeconds?: number;
}

/** The API server answered, and the answer is no. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status, or the code of a Status that came as a watch event. */
  readonly status: number;
  /** metav1.Status.reason (`NotFound`, `Conflict`, `Expired`, …), or `Unknown` when the answer was no Status. */
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** How long the server asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, answer: Pick<ApiError, "status" | "reason" | "details" | "retryAfterMs">) {
    super(message);
    this.status = answer.status;
    this.reason = answer.reason;
    this.details = answer.details;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

/** No answer came: the connection failed, or the time was up. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  /** `TIMEOUT`, or the code of the socket or of undici, such as `ECONNREFUSED` or `UND_ERR_SOCKET`. */
  readonly code: string;
  /** Whether the server may have received the request. If false, it certainly has not. */
  readonly sent: boolean;

  constructor(message: string, options: { code: string; sent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.sent = options.sent;
  }
}

/** A stream of JSON lines that can't be read on. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  /** `invalid`: a line is not JSON. `truncated`: the stream ended inside a line. `oversize`: a line has no end. */
  readonly kind: "invalid" | "truncated" | "oversize";

  constructor(kind: StreamError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A write was refused in this process, because it doesn't hold the lease (any more, or yet). */
export class NotLeaderError extends Error {
  override readonly name = "NotLeaderError";
}

/** An attempt took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

function isApiError(error: unknown, ...statuses: number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status);
}

/** The object (or the kind) is not there. */
export function isNotFound(error: unknown): boolean {
  return isApiError(error, 404);
}

/** The object changed since it was read. */
export function isConflict(error: unknown): boolean {
  return isApiError(error, 409) && error.reason !== "AlreadyExists";
}

/** An object of that name is there already. */
export function isAlreadyExists(error: unknown): boolean {
  return isApiError(error, 409) && error.reason === "AlreadyExists";
}

/** The resource version or the continue token is too old. */
export function isExpired(error: unknown): boolean {
  return isApiError(error, 410);
}

/** The server has not reached the resource version that was asked for. */
export function isTooLargeResourceVersion(error: unknown): boolean {
  if (!isApiError(error, 500, 504)) return false;
  const causes = error.details?.causes ?? [];
  return (
    causes.some((cause) => cause?.reason === "ResourceVersionTooLarge") ||
    /too large resource version/i.test(error.message)
  );
}

/** Makes an ApiError of what the server sent, whether or not it is a metav1.Status. */
export function toApiError(request: string, status: number, retryAfter: string | undefined, body: string): ApiError {
  const { message, reason, details } = parseStatus(body);
  const text = message ?? (body.replace(/\s+/g, " ").trim().slice(0, 200) || "no further explanation");
  return new ApiError(`${request}: the API server answered ${status}: ${text}`, {
    status,
    reason: reason || "Unknown",
    details,
    retryAfterMs: retryAfterMs(retryAfter) ?? secondsToMs(details?.retryAfterSeconds),
  });
}

/** Makes an ApiError of a Status object, such as the object of a watch's ERROR event. */
export function statusToApiError(request: string, status: unknown): ApiError {
  const { code, message, reason, details } = readStatus(status);
  return new ApiError(`${request}: the API server reported ${code ?? "an error"}: ${message ?? beginningOf(status)}`, {
    status: code ?? 0,
    reason: reason || "Unknown",
    details,
    retryAfterMs: secondsToMs(details?.retryAfterSeconds),
  });
}

/** The first characters of a value as JSON, for messages. */
export function beginningOf(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? "nothing").slice(0, 80);
  } catch {
    return "a value that is nested too deeply to be shown";
  }
}

interface MetaStatus {
  readonly code?: number | undefined;
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly details?: StatusDetails | undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The fields that are of their type; proxies in between answer in forms of their own. */
function readStatus(value: unknown): MetaStatus {
  const { code, message, reason, details } = isRecord(value) ? value : {};
  const { causes, ...others } = isRecord(details) ? details : {};
  return {
    code: typeof code === "number" ? code : undefined,
    message: typeof message === "string" ? message : undefined,
    reason: typeof reason === "string" ? reason : undefined,
    details: isRecord(details) ? { ...others, ...(Array.isArray(causes) && { causes }) } : undefined,
  };
}

function parseStatus(body: string): MetaStatus {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) && value.kind === "Status" ? readStatus(value) : {};
  } catch {
    return {};
  }
}

function secondsToMs(seconds: unknown): number | undefined {
  return typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined;
}

/** The API server sends whole seconds; the other form that HTTP allows, a date, is no use without a trusted clock. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header.trim()) ? Number(header) * 1000 : undefined;
}
