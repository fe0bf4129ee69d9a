import type { Place } from "../../operator/provider/cloud.ts";
import { ifThere, toProviderError } from "./errors.ts";
import type { Operation } from "./firestore.ts";
import { failure, restCaller, unreadable } from "./rest.ts";

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
interface RawOperation {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly code?: number; readonly message?: string };
}

/** Eventarc by REST: the registry that this project is built from has no client of Google's for it. */
export function createEventarc(place: Pick<Place, "endpoints" | "credentials" | "account">): Eventarc {
  const call = restCaller(place, "eventarc", API);

  /** @throws ProviderError transient, when the answer is none: a proxy's page, or nothing */
  async function named<T extends { readonly name?: string }>(reply: Promise<unknown>): Promise<T> {
    const found = (await reply) as T | null;
    if (typeof found === "object" && found !== null && typeof found.name === "string") return found;
    throw unreadable(API);
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
        if (typeof page !== "object" || page === null) throw unreadable(API);
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
