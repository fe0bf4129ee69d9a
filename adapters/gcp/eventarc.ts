import { Status } from "google-gax";
import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { credentialsOf } from "./credentials.ts";
import { baseUrl } from "./endpoints.ts";
import { ifThere, toProviderError } from "./errors.ts";
import type { Operation } from "./firestore.ts";

/** The fields of Eventarc Advanced that we read and write: google/cloud/eventarc/v1/*.proto, in JSON. */
export interface MessageBus {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Enrollment {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** CEL over `message`. */
  readonly celMatch?: string;
  /** Fixed once it is made. */
  readonly messageBus?: string;
  /** Name of a pipeline. */
  readonly destination?: string;
}

export interface Pipeline {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly destinations?: readonly {
    readonly topic?: string;
    readonly httpEndpoint?: {
      readonly uri?: string;
      /** CEL that makes the request of a message. */
      readonly messageBindingTemplate?: string;
    };
    readonly authenticationConfig?: {
      readonly oauthToken?: { readonly serviceAccount?: string; readonly scope?: string };
    };
    readonly workflow?: string;
    readonly messageBus?: string;
  }[];
  readonly mediations?: readonly object[];
  readonly inputPayloadFormat?: object;
  readonly retryPolicy?: {
    readonly maxAttempts?: number;
    /** Such as `5s`. */
    readonly minRetryDelay?: string;
    readonly maxRetryDelay?: string;
  };
}

interface Resources {
  readonly messageBuses: MessageBus;
  readonly enrollments: Enrollment;
  readonly pipelines: Pipeline;
}

export type Collection = keyof Resources;

/** The query parameter that a create takes the id from. */
const ID = { messageBuses: "messageBusId", enrollments: "enrollmentId", pipelines: "pipelineId" } as const;

/**
 * The calls of Eventarc Advanced that we make. Names are `projects/P/locations/L/<collection>/N`; what changes something
 * answers an operation. Every one throws ProviderError.
 */
export interface Eventarc {
  /** Undefined: it does not exist. */
  get<C extends Collection>(collection: C, name: string, signal: AbortSignal): Promise<Resources[C] | undefined>;
  /** All of them in `projects/P/locations/L`. */
  list<C extends Collection>(collection: C, parent: string, signal: AbortSignal): Promise<readonly Resources[C][]>;
  create<C extends Collection>(
    collection: C,
    name: string,
    resource: Resources[C],
    signal: AbortSignal,
  ): Promise<Operation>;
  /** `mask`: paths as the API names them, such as `cel_match`. */
  update<C extends Collection>(
    collection: C,
    resource: Resources[C],
    mask: readonly string[],
    signal: AbortSignal,
  ): Promise<Operation>;
  /** Undefined: there was nothing to delete. */
  delete(name: string, signal: AbortSignal): Promise<Operation | undefined>;
  /** Undefined: it is forgotten, so long ago it ended. */
  operation(name: string, signal: AbortSignal): Promise<Operation | undefined>;
}

const API = "Eventarc";
/** How long one call may take, in ms. The attempt's own deadline comes by the signal. */
const TIMEOUT_MS = 30_000;

interface Refusal {
  readonly error?: {
    readonly message?: string;
    readonly status?: string;
    readonly details?: readonly { readonly reason?: string; readonly metadata?: Readonly<Record<string, string>> }[];
  };
}

interface RawOperation {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly code?: number; readonly message?: string };
}

/** Eventarc by REST: the registry that this project is built from has no client of Google's for it. */
export function createEventarc(place: Pick<Place, "endpoints" | "credentials" | "account">): Eventarc {
  const base = `${baseUrl(place, "eventarc", "https://eventarc.googleapis.com")}/v1`;
  let auth: ReturnType<typeof credentialsOf> | undefined;

  async function call(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    signal: AbortSignal,
    { params = {}, body }: { params?: Readonly<Record<string, string>>; body?: object } = {},
  ): Promise<unknown> {
    auth ??= credentialsOf(place as Place, base.startsWith("http:"));
    const ended = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const query = new URLSearchParams(params).toString();
    const asked = auth
      .request<unknown>({
        url: `${base}/${path}${query === "" ? "" : `?${query}`}`,
        method,
        ...(body ? { data: body } : {}),
        signal: ended,
        retry: false,
        validateStatus: () => true,
      })
      .catch((error: unknown) => {
        throw unanswered(error, ended.aborted);
      });
    // The library asks for credentials before it looks at the signal.
    const response = await Promise.race([asked, cutOff(ended)]);
    if (response.status >= 200 && response.status < 300) return response.data;
    throw refused(response.status, response.data);
  }

  /** @throws ProviderError transient, when the answer is none: a proxy's page, or nothing */
  async function named<T extends { readonly name?: string }>(reply: Promise<unknown>): Promise<T> {
    const found = (await reply) as T | null;
    if (typeof found === "object" && found !== null && typeof found.name === "string") return found;
    throw unreadable();
  }

  const operation = async (reply: Promise<unknown>): Promise<Operation> => {
    const { name, done = false, error } = await named<RawOperation>(reply);
    return { name, done, error: error && toProviderError(failure(error.code, error.message), API) };
  };

  return {
    get: (_collection, name, signal) => ifThere(named(call("GET", name, signal))),
    async list<C extends Collection>(collection: C, parent: string, signal: AbortSignal) {
      const all: Resources[C][] = [];
      let pageToken: string | undefined;
      do {
        const params = { pageSize: "100", ...(pageToken && { pageToken }) };
        const page = (await call("GET", `${parent}/${collection}`, signal, { params })) as
          | ({ nextPageToken?: string } & { [K in C]?: readonly Resources[C][] })
          | null;
        if (typeof page !== "object" || page === null) throw unreadable();
        all.push(...(page[collection] ?? []));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return all;
    },
    create(collection, name, resource, signal) {
      const at = name.lastIndexOf("/");
      const params = { [ID[collection]]: name.slice(at + 1) };
      return operation(call("POST", name.slice(0, at), signal, { params, body: resource }));
    },
    update: (_collection, resource, mask, signal) =>
      operation(
        call("PATCH", resource.name ?? "", signal, {
          params: { updateMask: mask.map(camel).join(",") },
          body: resource,
        }),
      ),
    delete: (name, signal) => ifThere(operation(call("DELETE", name, signal))),
    operation: (name, signal) => ifThere(operation(call("GET", name, signal))),
  };
}

/** In JSON a mask has the names of JSON: google/protobuf/field_mask.proto. */
const camel = (path: string): string => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const unreadable = () =>
  new ProviderError("transient", `${API} gave an answer that can't be read.`, { code: "UNREADABLE" });

/** A refusal in the form that gRPC clients throw, so that one table of errors is enough. */
function failure(code: number | undefined, message = "", detail?: { reason?: string; metadata?: object }): Error {
  return Object.assign(new Error(message), {
    code: code ?? Status.UNKNOWN,
    details: message,
    statusDetails: [],
    ...(detail?.reason !== undefined && { reason: detail.reason, errorInfoMetadata: detail.metadata ?? {} }),
  });
}

function refused(status: number, body: unknown): ProviderError {
  const { error } = (typeof body === "object" && body !== null ? body : {}) as Refusal;
  const code = Status[(error?.status ?? "") as keyof typeof Status] ?? BY_HTTP[status] ?? Status.UNAVAILABLE;
  const detail = error?.details?.find(({ reason }) => reason !== undefined);
  return toProviderError(failure(code, error?.message ?? `HTTP ${status}`, detail), API);
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
function unanswered(thrown: unknown, aborted: boolean): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return toProviderError(failure(aborted ? Status.CANCELLED : Status.UNAVAILABLE, text), API);
}

/** Rejects when the signal aborts. */
const cutOff = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const give = () => reject(unanswered(signal.reason, true));
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
