/** What the references of a workflow, and its calls of the cloud itself, lead to. */
export interface CloudWorkflowsPlace {
  /** What the object gives: `QUEUE_URL` of a Queue, `TOPIC_ID` of a Topic, each `projects/P/topics/T`. */
  target(kind: "Queue" | "Topic", name: string): Readonly<Record<string, string>>;
  /** The Workflow's resource: `projects/P/locations/L/workflows/W`. */
  workflow(name: string): string;
  /**
   * `projects/P/topics/T`, the topic of the signal gateway. For each `listen` it gets `{run, signal, key, url}`: id of the run,
   * name of the signal, the idempotency key of the task, which is the same for each try of it, and where to POST `{value}`,
   * with a token of Google's. 429 means that another answer came first, 404 that the run is over.
   */
  readonly signals: string | undefined;
  /** Without a slash at the end. A token of the workflow's account goes to hosts of `googleapis.com` only. */
  readonly endpoints: { readonly pubsub: string; readonly executions: string };
}

/** Google's own. */
export const ENDPOINTS: CloudWorkflowsPlace["endpoints"] = {
  pubsub: "https://pubsub.googleapis.com",
  executions: "https://workflowexecutions.googleapis.com",
};

/** Another host must not get the token. */
export function authFor(endpoint: string): { readonly auth?: { readonly type: "OAuth2" } } {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" && hostname.endsWith(".googleapis.com") ? { auth: { type: "OAuth2" } } : {};
}
