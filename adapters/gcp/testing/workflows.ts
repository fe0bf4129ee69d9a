/** What a platform team has in its project before rules start workflows: docs/guides/google-cloud.md. */
import { ROLES, roleName } from "../roles.ts";
import { starterOf } from "../workflow-start.ts";

/** Where the cloud's REST answers. */
export interface CloudAt {
  readonly rest: string;
  readonly project: string;
  readonly projectNumber: string;
}

async function ask({ rest }: CloudAt, method: "GET" | "POST", path: string, body?: object): Promise<unknown> {
  const reply = await fetch(`${rest}/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(`${method} ${path}: ${await reply.text()}`);
  return reply.json();
}

/** Lets the account start workflows, and Eventarc act as it. The custom roles must be there. */
export async function makeStarter(cloud: CloudAt): Promise<void> {
  const { project, projectNumber } = cloud;
  const email = starterOf(project);
  await ask(cloud, "POST", `v1/projects/${project}/serviceAccounts`, { accountId: email.split("@")[0] });
  await addBinding(cloud, `v1/projects/${project}/serviceAccounts/${email}`, {
    role: "roles/iam.serviceAccountTokenCreator",
    members: [`serviceAccount:service-${projectNumber}@gcp-sa-eventarc.iam.gserviceaccount.com`],
  });
  await addBinding(cloud, `v3/projects/${project}`, {
    role: roleName(project, ROLES.workflowStarter),
    members: [`serviceAccount:${email}`],
  });
}

async function addBinding(cloud: CloudAt, resource: string, binding: object): Promise<void> {
  const policy = (await ask(cloud, "POST", `${resource}:getIamPolicy`, {})) as { readonly bindings?: object[] };
  const bindings = [...(policy.bindings ?? []), binding];
  await ask(cloud, "POST", `${resource}:setIamPolicy`, { policy: { ...policy, bindings } });
}

/** A workflow that takes an input. @returns its name, the WORKFLOW_ID */
export async function makeWorkflow(cloud: CloudAt, location: string, id: string): Promise<string> {
  const parent = `projects/${cloud.project}/locations/${location}`;
  const sourceContents = "main: {params: [input], steps: [{done: {return: 1}}]}";
  const operation = (await ask(cloud, "POST", `v1/${parent}/workflows?workflowId=${id}`, { sourceContents })) as {
    readonly name: string;
  };
  const { done } = (await ask(cloud, "GET", `v1/${operation.name}`)) as { readonly done?: boolean };
  if (!done) throw new Error(`${operation.name} is not through.`);
  return `${parent}/workflows/${id}`;
}

/** Arguments of the executions of a workflow, newest last. */
export async function argumentsOf(cloud: CloudAt, workflow: string): Promise<readonly string[]> {
  const { executions = [] } = (await ask(cloud, "GET", `v1/${workflow}/executions?view=FULL`)) as {
    readonly executions?: readonly { readonly argument?: string; readonly startTime: string }[];
  };
  return executions.toSorted((a, b) => a.startTime.localeCompare(b.startTime)).map(({ argument = "" }) => argument);
}
