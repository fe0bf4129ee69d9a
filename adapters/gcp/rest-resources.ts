import type { Place } from "../../operator/provider/cloud.ts";
import { ifThere, toProviderError } from "./errors.ts";
import type { Operation } from "./firestore.ts";
import { failure, restCaller, unreadable } from "./rest.ts";

interface RawOperation {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly code?: number; readonly message?: string };
}

/** The calls of a service whose resources are changed by operations, as https://google.aip.dev/151 has them. Every one throws ProviderError. */
export interface RestResources {
  /** Undefined: it does not exist. */
  get<T extends Named>(name: string, signal: AbortSignal): Promise<T | undefined>;
  /** All of a collection below the parent. */
  list<T>(collection: string, parent: string, signal: AbortSignal): Promise<readonly T[]>;
  /** @param idParam the parameter that has the last part of the name */
  create(name: string, idParam: string, body: object, signal: AbortSignal): Promise<Operation>;
  /** @param mask fields as they are called in JSON: google/protobuf/field_mask.proto */
  update(name: string, body: object, mask: readonly string[], signal: AbortSignal): Promise<Operation>;
  /** Undefined: there was nothing to delete. */
  delete(name: string, signal: AbortSignal): Promise<Operation | undefined>;
  /** Undefined: it is forgotten, so long ago it ended. */
  operation(name: string, signal: AbortSignal): Promise<Operation | undefined>;
}

interface Named {
  readonly name?: string;
}

/**
 * Such a service by REST, for those that the registry this project is built from has no client of Google's for.
 *
 * @param service as `endpoints` of the Environment name it; `api` for people
 */
export function restResources(
  place: Pick<Place, "endpoints" | "credentials" | "account">,
  service: string,
  api: string,
): RestResources {
  const call = restCaller(place, service, api);

  /** @throws ProviderError transient, when the answer is none: a proxy's page, or nothing */
  async function named<T extends Named>(reply: Promise<unknown>): Promise<T> {
    const found = (await reply) as T | null;
    if (typeof found === "object" && found !== null && typeof found.name === "string") return found;
    throw unreadable(api);
  }

  const operation = async (reply: Promise<unknown>): Promise<Operation> => {
    const { name, done = false, error } = await named<RawOperation>(reply);
    return { name, done, error: error && toProviderError(failure(error.code, error.message), api) };
  };

  return {
    get: <T extends Named>(name: string, signal: AbortSignal) => ifThere(named<T>(call("GET", name, signal))),
    async list<T>(collection: string, parent: string, signal: AbortSignal) {
      const all: T[] = [];
      let pageToken: string | undefined;
      do {
        const params = { pageSize: "100", ...(pageToken && { pageToken }) };
        const page = (await call("GET", `${parent}/${collection}`, signal, { params })) as Record<
          string,
          unknown
        > | null;
        if (typeof page !== "object" || page === null) throw unreadable(api);
        all.push(...((page[collection] ?? []) as readonly T[]));
        pageToken = page.nextPageToken as string | undefined;
      } while (pageToken);
      return all;
    },
    create(name, idParam, body, signal) {
      const at = name.lastIndexOf("/");
      return operation(call("POST", name.slice(0, at), signal, { params: { [idParam]: name.slice(at + 1) }, body }));
    },
    update: (name, body, mask, signal) =>
      operation(call("PATCH", name, signal, { params: { updateMask: mask.join(",") }, body })),
    delete: (name, signal) => ifThere(operation(call("DELETE", name, signal))),
    operation: (name, signal) => ifThere(operation(call("GET", name, signal))),
  };
}
