import { type Fault, ProviderError } from "../../operator/provider/fault.ts";
import { stable } from "./errors.ts";

const API = "Cloud Storage";

/** The body of a refusal of the JSON API. */
interface Refusal {
  readonly error?: {
    readonly message?: string;
    readonly errors?: readonly { readonly reason?: string }[];
    readonly details?: readonly { readonly reason?: string }[];
  };
}

interface Rule {
  readonly status: number;
  readonly reason?: RegExp;
  readonly fault: Fault;
  /** The name that gRPC APIs have for it, so that one code means the same everywhere in this adapter. */
  readonly code: string;
}

/**
 * Refusals of the JSON API, the first line that fits: cloud.google.com/storage/docs/json_api/v1/status-codes.
 * 412 means that somebody wrote between our read and our write, as ABORTED does elsewhere.
 */
const RULES: readonly Rule[] = [
  { status: 400, fault: "invalid", code: "INVALID_ARGUMENT" },
  { status: 401, fault: "denied", code: "UNAUTHENTICATED" },
  { status: 403, reason: /RateLimitExceeded|^rateLimitExceeded/, fault: "throttled", code: "RESOURCE_EXHAUSTED" },
  { status: 403, reason: /^(quotaExceeded|dailyLimitExceeded)/, fault: "quota", code: "RESOURCE_EXHAUSTED" },
  { status: 403, reason: /^retentionPolicyNotMet$/, fault: "conflict", code: "FAILED_PRECONDITION" },
  { status: 403, fault: "denied", code: "PERMISSION_DENIED" },
  { status: 404, fault: "notFound", code: "NOT_FOUND" },
  { status: 408, fault: "transient", code: "DEADLINE_EXCEEDED" },
  { status: 409, fault: "conflict", code: "ALREADY_EXISTS" },
  { status: 412, fault: "transient", code: "ABORTED" },
  { status: 429, fault: "throttled", code: "RESOURCE_EXHAUSTED" },
];

/** What is told by its status alone. */
const BARE: ReadonlySet<number> = new Set([404]);

/** A refusal of Cloud Storage as a ProviderError. @param body as it came, parsed or not */
export function storageRefusal(status: number, body: unknown, retryAfter?: string | null): ProviderError {
  const refusal = (typeof body === "object" && body !== null ? body : {}) as Refusal;
  const reason = refusal.error?.errors?.[0]?.reason ?? refusal.error?.details?.[0]?.reason ?? "";
  const rule = RULES.find((one) => one.status === status && (one.reason?.test(reason) ?? true));
  const text = stable(refusal.error?.message ?? "");
  const code = rule?.code ?? (status >= 500 ? "UNAVAILABLE" : `HTTP ${status}`);
  const say = text || `${API} refused the call (HTTP ${status}).`;
  return new ProviderError(
    rule?.fault ?? "transient",
    rule === undefined
      ? `${API} can't be reached: ${say}`
      : status === 401
        ? `${API} does not accept our credentials: ${say}`
        : say,
    { code: reason === "" || BARE.has(status) ? code : `${code}/${reason}`, retryAfterMs: seconds(retryAfter) },
  );
}

/** What was thrown before there was any answer. */
export function storageFailure(thrown: unknown, aborted: boolean): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  if (aborted)
    return new ProviderError("transient", `The call to ${API} was cut off.`, { code: "CANCELLED", cause: thrown });
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new ProviderError("transient", `${API} can't be reached: ${stable(text)}`, {
    code: "UNAVAILABLE",
    cause: thrown,
  });
}

function seconds(text: string | null | undefined): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) && value > 0 ? value * 1000 : undefined;
}
