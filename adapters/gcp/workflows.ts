import type { Place } from "../../operator/provider/cloud.ts";
import { ifThere, toProviderError } from "./errors.ts";
import type { Operation } from "./firestore.ts";
import { failure, restCaller, unreadable } from "./rest.ts";

/** The fields of google.cloud.workflows.v1.Workflow that we read and write, in JSON. */
export interface Workflow {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly state?: string;
  readonly stateError?: { readonly details?: string; readonly type?: string };
  readonly sourceContents?: string;
  /** `projects/P/serviceAccounts/<email>`, or the email alone. */
  readonly serviceAccount?: string;
  readonly callLogLevel?: string;
  readonly executionHistoryLevel?: string;
}

/** A field that an update can be about, as the mask names it in JSON. */
export type WorkflowField = Exclude<keyof Workflow, "name" | "state" | "stateError">;

/**
 * The calls of Workflows that we make. Names are `projects/P/locations/L/workflows/N`; what changes something answers an
 * operation. Every one throws ProviderError.
 */
export interface Workflows {
  /** Undefined: it does not exist. */
  get(name: string, signal: AbortSignal): Promise<Workflow | undefined>;
  /** All of them in `projects/P/locations/L`. */
  list(parent: string, signal: AbortSignal): Promise<readonly Workflow[]>;
  create(name: string, workflow: Workflow, signal: AbortSignal): Promise<Operation>;
  update(name: string, workflow: Workflow, mask: readonly WorkflowField[], signal: AbortSignal): Promise<Operation>;
  /** Ends what runs. Undefined: there was nothing to delete. */
  delete(name: string, signal: AbortSignal): Promise<Operation | undefined>;
  /** Undefined: it is forgotten, so long ago it ended. */
  operation(name: string, signal: AbortSignal): Promise<Operation | undefined>;
}

const API = "Workflows";

interface RawOperation {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly code?: number; readonly message?: string };
}

interface Page {
  readonly workflows?: readonly Workflow[];
  readonly nextPageToken?: string;
}

/** Workflows by REST: the registry that this project is built from has no client of Google's for it. */
export function createWorkflows(place: Pick<Place, "endpoints" | "credentials" | "account">): Workflows {
  const call = restCaller(place, "workflows", API);

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
    get: (name, signal) => ifThere(named<Workflow>(call("GET", name, signal))),
    async list(parent, signal) {
      const all: Workflow[] = [];
      let pageToken: string | undefined;
      do {
        const params = { pageSize: "100", ...(pageToken && { pageToken }) };
        const page = (await call("GET", `${parent}/workflows`, signal, { params })) as Page | null;
        if (typeof page !== "object" || page === null) throw unreadable(API);
        all.push(...(page.workflows ?? []));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return all;
    },
    create(name, body, signal) {
      const at = name.lastIndexOf("/");
      return operation(call("POST", name.slice(0, at), signal, { params: { workflowId: name.slice(at + 1) }, body }));
    },
    update: (name, body, mask, signal) =>
      operation(call("PATCH", name, signal, { params: { updateMask: mask.join(",") }, body })),
    delete: (name, signal) => ifThere(operation(call("DELETE", name, signal))),
    operation: (name, signal) => ifThere(operation(call("GET", name, signal))),
  };
}
