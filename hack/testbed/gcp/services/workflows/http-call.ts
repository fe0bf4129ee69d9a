/**
 * The one HTTP call that jobs and pipelines make here: Workflows' CreateExecution by REST, with an OAuth token of an account.
 * https://cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions/create
 */
import { CloudError, invalid, notFound, unimplemented } from "../../engine/errors.ts";
import { fromJson } from "../../engine/json.ts";
import { type Message, text } from "../../engine/messages.ts";
import type { World } from "../../engine/world.ts";
import { allows } from "../iam/grants.ts";
import { SERVICE_ACCOUNT } from "../iam/service-accounts.ts";
import { begun, EXECUTION, WORKFLOW } from "./resources.ts";

const URI =
  /^https:\/\/workflowexecutions\.googleapis\.com\/v1\/(projects\/[^/]+\/locations\/[^/]+\/workflows\/[^/]+)\/executions$/;

/** @throws CloudError for an address that nothing here answers at */
export function checkUri(uri: string, what: string): void {
  if (!URI.test(uri)) throw unimplemented(`${what} of the test bed call workflowexecutions.googleapis.com only.`);
}

/** The name of an account that may be used. @throws CloudError when it isn't there: Google tells it from a missing right by nothing */
export function checkAccount({ store, project }: World, email: string): string {
  const name = `projects/${project.id}/serviceAccounts/${email}`;
  if (store.get(SERVICE_ACCOUNT, name) !== undefined) return name;
  throw new CloudError(
    "PERMISSION_DENIED",
    `The principal lacks IAM permission "iam.serviceAccounts.actAs" for the resource "${email}" (or the resource may not exist).`,
  );
}

/**
 * Makes the call.
 *
 * @param account email of who calls; absent: nobody
 * @throws CloudError as Workflows answers
 */
export type CallWorkflows = (uri: string, body: Buffer, account: string | undefined) => void;

/** @param begin has the execution of this name run */
export function workflowsCaller(world: World, begin: (execution: string) => void): CallWorkflows {
  return (uri, body, account) => {
    const execution = created(world, uri, body, account);
    const name = text(execution, "name");
    begin(name);
    world.store.put(EXECUTION, name, execution);
  };
}

function created(world: World, uri: string, body: Buffer, account: string | undefined): Message {
  const { store, clock, definitions } = world;
  const workflow = URI.exec(uri)?.[1] ?? "";
  if (account === undefined) throw new CloudError("UNAUTHENTICATED", "The call has no credentials.");
  if (!allows(world, `serviceAccount:${account}`, "workflows.executions.create", workflow))
    throw new CloudError(
      "PERMISSION_DENIED",
      `Permission 'workflows.executions.create' denied on '${workflow}' (or it may not exist).`,
    );
  const found = store.get(WORKFLOW, workflow);
  if (found === undefined) throw notFound(workflow);
  const sent = fromJson(definitions.type("google.cloud.workflows.executions.v1.Execution"), parsed(body));
  const name = `${workflow}/executions/${crypto.randomUUID()}`;
  return { name, ...begun(sent, found, clock.now()) };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw invalid("Invalid JSON payload received. It is no JSON.");
  }
}
