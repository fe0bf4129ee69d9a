import type { Place } from "../../operator/provider/cloud.ts";
import type { Operation } from "./firestore.ts";
import { restResources } from "./rest-resources.ts";

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

/** Eventarc by REST. */
export function createEventarc(place: Pick<Place, "endpoints" | "credentials" | "account">): Eventarc {
  const resources = restResources(place, "eventarc", "Eventarc");
  return {
    get: (_collection, name, signal) => resources.get(name, signal),
    list: <C extends Collection>(collection: C, parent: string, signal: AbortSignal) =>
      resources.list<Resources[C]>(collection, parent, signal),
    create: (collection, name, resource, signal) => resources.create(name, ID[collection], resource, signal),
    update: (_collection, resource, mask, signal) =>
      resources.update(resource.name ?? "", resource, mask.map(camel), signal),
    delete: (name, signal) => resources.delete(name, signal),
    operation: (name, signal) => resources.operation(name, signal),
  };
}

/** In JSON a mask has the names of JSON: google/protobuf/field_mask.proto. */
const camel = (path: string): string => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
