import { GoogleError, type grpc, Status } from "google-gax";
import { type Fault, ProviderError } from "../../operator/provider/fault.ts";

/** What a failed call tells: the gRPC status and, where Google sends them, its typed details (google/rpc/error_details.proto). */
interface Failure {
  readonly status: keyof typeof Status;
  readonly text: string;
  /** `google.rpc.ErrorInfo.reason`, such as `SERVICE_DISABLED` or `RATE_LIMIT_EXCEEDED`. */
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** One line of the table: the first line that fits decides. */
interface Rule {
  readonly status: keyof typeof Status;
  readonly reason?: RegExp;
  readonly text?: RegExp;
  readonly fault: Fault;
  /** For people, when Google's own words don't help. */
  readonly say?: (failure: Failure, api: string) => string;
}

const enable = ({ metadata }: Failure, api: string) =>
  `${api} is not enabled in this project. Run: gcloud services enable ${metadata.service ?? "<service>.googleapis.com"}${
    metadata.consumer ? ` --project ${metadata.consumer.replace(/^projects\//, "")}` : ""
  }`;

/**
 * Google's errors, most specific first. Statuses: google/rpc/code.proto. Reasons: google/api/error_reason.proto.
 * RESOURCE_EXHAUSTED means two things: too many calls (goes away by itself) and too many things (does not).
 * FAILED_PRECONDITION means that something has to change first; where that happens by itself it is transient.
 */
const RULES: readonly Rule[] = [
  { status: "CANCELLED", fault: "transient", say: (_, api) => `The call to ${api} was cut off.` },
  { status: "DEADLINE_EXCEEDED", fault: "transient", say: (_, api) => `${api} did not answer in time.` },
  { status: "UNAVAILABLE", fault: "transient", say: ({ text }, api) => `${api} can't be reached: ${text}` },
  { status: "INTERNAL", fault: "transient" },
  { status: "UNKNOWN", fault: "transient" },
  { status: "DATA_LOSS", fault: "transient" },
  { status: "ABORTED", fault: "transient" },

  { status: "NOT_FOUND", fault: "notFound" },
  { status: "ALREADY_EXISTS", fault: "conflict" },

  { status: "PERMISSION_DENIED", reason: /^SERVICE_DISABLED$/, fault: "denied", say: enable },
  { status: "PERMISSION_DENIED", reason: /^RATE_LIMIT_EXCEEDED$/, fault: "throttled" },
  { status: "PERMISSION_DENIED", fault: "denied" },
  {
    status: "UNAUTHENTICATED",
    fault: "denied",
    say: ({ text }, api) => `${api} does not accept our credentials: ${text}`,
  },

  { status: "RESOURCE_EXHAUSTED", reason: /^RATE_LIMIT_EXCEEDED$/, fault: "throttled" },
  { status: "RESOURCE_EXHAUSTED", reason: /^RESOURCE_(QUOTA|USAGE_RESTRICTION|EXHAUSTED)/, fault: "quota" },
  {
    status: "RESOURCE_EXHAUSTED",
    text: /per (second|minute|hour|day)|rate|too many requests|too quickly/i,
    fault: "throttled",
  },
  {
    status: "RESOURCE_EXHAUSTED",
    text: /exceeded a limit|maximum|per-project|limit of|number of|its quota/i,
    fault: "quota",
  },
  { status: "RESOURCE_EXHAUSTED", fault: "throttled" },

  {
    status: "FAILED_PRECONDITION",
    text: /etag|concurrent|data changed|in progress|another operation|being (created|updated|deleted|restored)|try again|retry (in|later)|not (yet )?ready|recently deleted/i,
    fault: "transient",
  },
  { status: "FAILED_PRECONDITION", text: /kms|crypto ?key|encryption key/i, fault: "denied" },
  { status: "FAILED_PRECONDITION", fault: "conflict" },

  { status: "INVALID_ARGUMENT", fault: "invalid" },
  { status: "OUT_OF_RANGE", fault: "invalid" },
  { status: "UNIMPLEMENTED", fault: "invalid" },
];

/**
 * Whatever a Google client threw, as a ProviderError.
 *
 * @param api  how people call the service, such as `Pub/Sub`
 */
export function toProviderError(thrown: unknown, api: string): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const failure = failureOf(thrown);
  if (!failure) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new ProviderError("transient", `${api} failed: ${stable(text)}`, { code: "UNKNOWN", cause: thrown });
  }
  const rule = RULES.find(
    (one) =>
      one.status === failure.status &&
      (one.reason === undefined || one.reason.test(failure.reason ?? "")) &&
      (one.text === undefined || one.text.test(failure.text)),
  );
  return new ProviderError(
    rule?.fault ?? "transient",
    rule?.say?.(failure, api) ?? (failure.text || `${api} refused the call.`),
    {
      code: failure.reason ? `${failure.status}/${failure.reason}` : failure.status,
      requestId: failure.requestId,
      retryAfterMs: failure.retryAfterMs,
      cause: thrown,
    },
  );
}

/** True when the call failed because the thing is not there. */
export const isNotFound = (error: unknown): boolean => error instanceof ProviderError && error.code === "NOT_FOUND";

/** Absence is an answer, not an error. Anything else that fails stays one. */
export async function ifThere<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** True when the thing was there before. */
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ProviderError && error.code.split("/")[0] === "ALREADY_EXISTS";

/** True when somebody else wrote between our read and our write. */
export const isRaced = (error: unknown): boolean =>
  error instanceof ProviderError && error.code.split("/")[0] === "ABORTED";

function failureOf(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const error = thrown as Partial<grpc.ServiceError> & GoogleError;
  const status = typeof error.code === "number" ? (Status[error.code] as keyof typeof Status | undefined) : undefined;
  if (status === undefined) return undefined;
  const said = error.details ?? error.message;
  const details = DETAILED.has(status) ? detailsOf(error) : undefined;
  return {
    status,
    text: stable(said),
    reason: details?.reason || undefined,
    metadata: (details?.errorInfoMetadata as Record<string, string> | undefined) ?? {},
    requestId: find(details?.statusDetails, "requestId"),
    retryAfterMs: retryDelay(details?.statusDetails) ?? saidDelay(said),
  };
}

/** Absence and our own aborts are common and need no details, which are slow to decode. */
const DETAILED: ReadonlySet<keyof typeof Status> = new Set([
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "INVALID_ARGUMENT",
  "UNAVAILABLE",
  "INTERNAL",
  "ABORTED",
]);

/** Errors taken by callback come as gRPC gives them; gax decodes their `grpc-status-details-bin`. */
function detailsOf(error: GoogleError): GoogleError {
  if (error.statusDetails !== undefined || error.reason !== undefined || !error.metadata) return error;
  return GoogleError.parseGRPCStatusDetails(error);
}

function find(details: unknown, field: string): string | undefined {
  for (const detail of Array.isArray(details) ? details : [])
    if (typeof detail?.[field] === "string" && detail[field] !== "") return detail[field];
  return undefined;
}

/** google.rpc.RetryInfo. */
function retryDelay(details: unknown): number | undefined {
  for (const detail of Array.isArray(details) ? details : []) {
    const delay = detail?.retryDelay as { seconds?: unknown; nanos?: unknown } | null | undefined;
    if (!delay) continue;
    const ms = Number(delay.seconds ?? 0) * 1000 + Number(delay.nanos ?? 0) / 1e6;
    if (Number.isFinite(ms) && ms > 0) return Math.round(ms);
  }
  return undefined;
}

/** Firestore holds the id of a deleted database for some minutes and says in words for how long. */
function saidDelay(text: string): number | undefined {
  const seconds = /\bretry in (\d+) seconds?\b/i.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** The same error says the same each time: what changes from call to call is taken out. */
export function stable(text: string): string {
  return text
    .replace(/^\d+ [A-Z_]+: /, "")
    .replace(/^Getting metadata from plugin failed with error: /, "")
    .replace(/\s*\(?\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)\)?/g, "")
    .replace(/\s*\bHelp Token:\s*\S+/gi, "")
    .replace(/\s*\[?\brequest[- ]?id[:=]\s*[\w-]+\]?/gi, "")
    .replace(/\bretry in \d+ seconds?\b/gi, "retry later")
    .replace(/\s*\bResolution note:\s*$/, "")
    .trim();
}
