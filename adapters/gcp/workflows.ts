import type { Place } from "../../operator/provider/cloud.ts";
import type { Operation } from "./firestore.ts";
import { restResources } from "./rest-resources.ts";

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

/** Workflows by REST. */
export function createWorkflows(place: Pick<Place, "endpoints" | "credentials" | "account">): Workflows {
  const resources = restResources(place, "workflows", "Workflows");
  return {
    ...resources,
    list: (parent, signal) => resources.list<Workflow>("workflows", parent, signal),
    create: (name, workflow, signal) => resources.create(name, "workflowId", workflow, signal),
  };
}
