import { Status } from "google-gax";
import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { credentialsOf } from "./credentials.ts";
import { baseUrl } from "./endpoints.ts";
import { toProviderError } from "./errors.ts";

/** How long one call may take, in ms. The attempt's own deadline comes by the signal. */
const TIMEOUT_MS = 30_000;

interface Refusal {
  readonly error?: {
    readonly message?: string;
    readonly status?: string;
    readonly details?: readonly {
      readonly reason?: string;
      readonly metadata?: Readonly<Record<string, string>>;
      readonly fieldViolations?: readonly { readonly description?: string }[];
    }[];
  };
}

/** One call of a REST API of Google's. Gives back what was answered, unread. @throws ProviderError */
export type RestCall = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  signal: AbortSignal,
  more?: { readonly params?: Readonly<Record<string, string>>; readonly body?: object },
) => Promise<unknown>;

/** What goes wrong, in the words of one API. */
export interface Wording {
  /** Thrown before there was any answer. @param aborted the signal ended it, or the time was over */
  unanswered(thrown: unknown, aborted: boolean): ProviderError;
  /** @param body as it came, parsed or not */
  refused(status: number, body: unknown, retryAfter: string | null): ProviderError;
}

/**
 * Calls of one REST API, by the transport that Google's own clients use: unlike them it takes a signal, and it retries
 * nothing by itself.
 *
 * @param base what every path is put behind
 */
export function restTransport(place: Pick<Place, "credentials" | "account">, base: string, wording: Wording): RestCall {
  let auth: ReturnType<typeof credentialsOf> | undefined;
  return async (method, path, signal, { params = {}, body } = {}) => {
    auth ??= credentialsOf(place, base.startsWith("http:"));
    const ended = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const query = new URLSearchParams(params).toString();
    const asked = auth
      .request<unknown>({
        url: `${base}${path}${query === "" ? "" : `?${query}`}`,
        method,
        ...(body ? { data: body } : {}),
        signal: ended,
        retry: false,
        validateStatus: () => true,
      })
      .catch((error: unknown) => {
        throw wording.unanswered(error, ended.aborted);
      });
    // The library asks for credentials before it looks at the signal.
    const response = await Promise.race([asked, cutOff(ended, wording)]);
    if (response.status >= 200 && response.status < 300) return response.data;
    throw wording.refused(response.status, response.data, response.headers.get("retry-after"));
  };
}

/**
 * Calls of one service that answers errors as google.rpc.Status, for those that the registry this project is built from has
 * no client of Google's for.
 *
 * @param service as `endpoints` of the Environment name it; `api` for people
 */
export function restCaller(
  place: Pick<Place, "endpoints" | "credentials" | "account">,
  service: string,
  api: string,
): RestCall {
  const base = `${baseUrl(place, service, `https://${service}.googleapis.com`)}/v1/`;
  return restTransport(place, base, {
    unanswered: (thrown, aborted) => unanswered(thrown, aborted, api),
    refused: (status, body) => refused(status, body, api),
  });
}

export const unreadable = (api: string): ProviderError =>
  new ProviderError("transient", `${api} gave an answer that can't be read.`, { code: "UNREADABLE" });

/** A refusal in the form that gRPC clients throw, so that one table of errors is enough. */
export function failure(
  code: number | undefined,
  message = "",
  detail?: { reason?: string; metadata?: object },
): Error {
  return Object.assign(new Error(message), {
    code: code ?? Status.UNKNOWN,
    details: message,
    statusDetails: [],
    ...(detail?.reason !== undefined && { reason: detail.reason, errorInfoMetadata: detail.metadata ?? {} }),
  });
}

function refused(status: number, body: unknown, api: string): ProviderError {
  const { error } = (typeof body === "object" && body !== null ? body : {}) as Refusal;
  const code = Status[(error?.status ?? "") as keyof typeof Status] ?? BY_HTTP[status] ?? Status.UNAVAILABLE;
  const detail = detailsOf(error).find(({ reason }) => reason !== undefined);
  return toProviderError(failure(code, wordsOf(error) ?? `HTTP ${status}`, detail), api);
}

const detailsOf = (error: Refusal["error"]): NonNullable<NonNullable<Refusal["error"]>["details"]> =>
  Array.isArray(error?.details) ? error.details : [];

/** Some services say no more than "request contains errors", and which ones in google.rpc.BadRequest. */
function wordsOf(error: Refusal["error"]): string | undefined {
  const message = error?.message;
  const violations = detailsOf(error)
    .flatMap(({ fieldViolations = [] }) => fieldViolations)
    .flatMap(({ description = "" }) => (message?.includes(description) ? [] : [description]));
  return violations.length > 0 ? `${message ?? ""}: ${violations.join("; ")}` : message;
}

/** Where a proxy answers in Google's stead: google/rpc/code.proto. */
const BY_HTTP: Readonly<Record<number, number>> = {
  400: Status.INVALID_ARGUMENT,
  401: Status.UNAUTHENTICATED,
  403: Status.PERMISSION_DENIED,
  404: Status.NOT_FOUND,
  409: Status.ABORTED,
  429: Status.RESOURCE_EXHAUSTED,
};

/** What was thrown before there was any answer. */
function unanswered(thrown: unknown, aborted: boolean, api: string): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return toProviderError(failure(aborted ? Status.CANCELLED : Status.UNAVAILABLE, text), api);
}

/** Rejects when the signal aborts. */
const cutOff = (signal: AbortSignal, { unanswered }: Wording): Promise<never> =>
  new Promise((_, reject) => {
    const give = () => reject(unanswered(signal.reason, true));
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
