/**
 * How a job of Cloud Scheduler and a pipeline of Eventarc start a workflow: by one call of Workflows' REST API, as one account
 * of the project. Pure. https://cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions/create
 */
import { ProviderError } from "../../operator/provider/fault.ts";
import { accountEmail, isWorkflow } from "./names.ts";

/** Account that workflows are started as. Whoever sets up the project makes it: docs/guides/google-cloud.md. */
const STARTER = "onyx-workflow-starter";
export const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
/** Of the one call, as it is sent. */
export const JSON_TYPE = { "Content-Type": "application/json" } as const;

const URI =
  /^https:\/\/workflowexecutions\.googleapis\.com\/v1\/(projects\/[^/]+\/locations\/[^/]+\/workflows\/[^/]+)\/executions$/;

/** A WORKFLOW_ID that is one. @throws ProviderError invalid */
export function checkedWorkflow(id: string): string {
  if (isWorkflow(id)) return id;
  throw new ProviderError(
    "invalid",
    `target.workflowRef: "${id}" is no id of a workflow on Google Cloud: projects/PROJECT/locations/LOCATION/workflows/NAME is expected`,
    { code: "ID" },
  );
}

/** Email of the account. */
export const starterOf = (project: string): string => accountEmail(project, STARTER);

/** Where an execution is created. */
export const startUri = (workflow: string): string =>
  `https://workflowexecutions.googleapis.com/v1/${workflow}/executions`;

/** The workflow that a call of this address starts. Undefined: it starts none. */
export const workflowAt = (uri: string): string | undefined => URI.exec(uri)?.[1];

/** Body of the call: the input as text in JSON. */
export const startBody = (input: string): string => JSON.stringify({ argument: input });

/** The input in a body that says nothing else. Of any other body a text that is no JSON, so that it equals no wish. */
export function inputIn(body: string): string {
  try {
    const { argument } = JSON.parse(body) as { argument?: unknown };
    if (typeof argument === "string" && startBody(argument) === body) return argument;
  } catch {
    // It is not JSON at all.
  }
  return `not an argument alone: ${body}`;
}

/** Line of `target.via` that says who starts it. */
export const startsAs = (account: string | null | undefined): string => `starts as ${account || "nobody"}`;

/**
 * Where Google refuses the account it says that something may be missing, not what to do.
 *
 * @throws ProviderError
 */
export async function asStarter<T>(project: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ProviderError) || !error.message.includes(starterOf(project))) throw error;
    throw new ProviderError(
      error.fault,
      `${error.message} Workflows are started as ${starterOf(project)}: make it, and let the operator use it, as docs/guides/google-cloud.md says.`,
      { code: error.code, requestId: error.requestId, step: error.step, cause: error },
    );
  }
}
