import type { Place } from "../place.ts";

/** What the references of a workflow, and its calls of the cloud itself, lead to. */
export interface CloudWorkflowsPlace extends Place {
  /**
   * What the object gives: `QUEUE_URL` of a Queue and `TOPIC_ID` of a Topic, each `projects/P/topics/T`, `TABLE_ID`
   * (`projects/P/databases/D`) and `COLLECTION` of a Table, `BUCKET` of a Bucket.
   */
  target: Place["target"];
  /** The Workflow's resource: `projects/P/locations/L/workflows/W`. */
  workflow(name: string): string;
  /** Without a slash at the end. A token of the workflow's account goes to hosts of `googleapis.com` only. */
  readonly endpoints: {
    readonly pubsub: string;
    readonly executions: string;
    readonly firestore: string;
    readonly storage: string;
  };
}

/** Google's own. */
export const ENDPOINTS: CloudWorkflowsPlace["endpoints"] = {
  pubsub: "https://pubsub.googleapis.com",
  executions: "https://workflowexecutions.googleapis.com",
  firestore: "https://firestore.googleapis.com",
  storage: "https://storage.googleapis.com",
};

/** Another host must not get the token. */
export function authFor(endpoint: string): { readonly auth?: { readonly type: "OAuth2" } } {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" && hostname.endsWith(".googleapis.com") ? { auth: { type: "OAuth2" } } : {};
}
