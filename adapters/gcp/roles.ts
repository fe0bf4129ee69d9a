import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { credentialsOf } from "./credentials.ts";
import { baseUrl } from "./endpoints.ts";

/** A role of a project that we define because every role of Google's that fits is wider. */
export interface CustomRole {
  /** Id in the project: `projects/P/roles/<id>`. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Sorted. */
  readonly permissions: readonly string[];
}

/**
 * The least that a workload needs for each access. `roles/pubsub.subscriber` may also seek (and so drop all messages)
 * and attach new subscriptions; `roles/datastore.user` and `viewer` may also read indexes, statistics and other projects'
 * metadata; `roles/storage.objectViewer` may also list managed folders, and of the roles that may delete each may read too;
 * `roles/workflows.invoker` may also cancel what runs and answer what it waits for. Permissions: docs.cloud.google.com/iam/docs/roles-permissions.
 */
export const ROLES = {
  queueConsumer: {
    id: "onyx.queueConsumer",
    title: "Onyx queue consumer",
    description: "Receive and acknowledge messages of the subscriptions it is granted on.",
    permissions: ["pubsub.subscriptions.consume"],
  },
  tableReader: {
    id: "onyx.tableReader",
    title: "Onyx table reader",
    description: "Read the documents of the Firestore databases it is granted on.",
    permissions: ["datastore.databases.get", "datastore.entities.get", "datastore.entities.list"],
  },
  tableWriter: {
    id: "onyx.tableWriter",
    title: "Onyx table writer",
    description: "Write the documents of the Firestore databases it is granted on.",
    permissions: [
      "datastore.databases.get",
      "datastore.entities.allocateIds",
      "datastore.entities.create",
      "datastore.entities.delete",
      "datastore.entities.update",
    ],
  },
  bucketReader: {
    id: "onyx.bucketReader",
    title: "Onyx bucket reader",
    description: "List and read the objects of the buckets it is granted on.",
    permissions: ["storage.objects.get", "storage.objects.list"],
  },
  bucketWriter: {
    id: "onyx.bucketWriter",
    title: "Onyx bucket writer",
    description: "Write and delete the objects of the buckets it is granted on.",
    permissions: [
      "storage.multipartUploads.abort",
      "storage.multipartUploads.create",
      "storage.multipartUploads.listParts",
      "storage.objects.create",
      "storage.objects.delete",
    ],
  },
  workflowStarter: {
    id: "onyx.workflowStarter",
    title: "Onyx workflow starter",
    description:
      "Start the workflows of the project: for the account that rules start them as, for workflows and workloads.",
    permissions: ["workflows.executions.create"],
  },
  workflowRunner: {
    id: "onyx.workflowRunner",
    title: "Onyx workflow runner",
    description: "Start the workflows of the project and see how their runs end: for workflows that wait for others.",
    permissions: ["workflows.executions.create", "workflows.executions.get"],
  },
  replicationSource: {
    id: "onyx.replicationSource",
    title: "Onyx replication source",
    description: "For Storage Transfer Service: read the buckets it is granted on, and have them tell it what is new.",
    permissions: ["storage.buckets.get", "storage.buckets.update", "storage.objects.get"],
  },
  replicationTarget: {
    id: "onyx.replicationTarget",
    title: "Onyx replication target",
    description: "For Storage Transfer Service: write copies to the buckets it is granted on, and over older ones.",
    permissions: ["storage.buckets.get", "storage.objects.create", "storage.objects.delete", "storage.objects.get"],
  },
  replicationAgent: {
    id: "onyx.replicationAgent",
    title: "Onyx replication agent",
    description:
      "For Storage Transfer Service, on the project: the topics and subscriptions by which it hears of objects.",
    permissions: ["pubsub.subscriptions.consume", "pubsub.subscriptions.create", "pubsub.topics.create"],
  },
} as const satisfies Record<string, CustomRole>;

/** `projects/P/roles/onyx.tableReader`: what a binding names. */
export const roleName = (project: string, role: CustomRole): string => `projects/${project}/roles/${role.id}`;

/** What `ensureRoles` did with one role. */
export interface RoleOutcome {
  readonly role: string;
  readonly done: "created" | "updated" | "restored" | "unchanged";
}

/**
 * Makes the custom roles in a project and puts their permissions right. Run at install and after an upgrade, by somebody
 * who may manage roles (roles/iam.roleAdmin): the operator itself may not, or it could give itself any right.
 *
 * @param place `endpoints.iam` is the HTTP address of an emulator of iam.googleapis.com
 * @throws ProviderError
 */
export async function ensureRoles(
  place: Pick<Place, "account" | "endpoints" | "credentials">,
  signal: AbortSignal,
): Promise<readonly RoleOutcome[]> {
  const call = iamCaller(place, signal);
  const outcomes: RoleOutcome[] = [];
  for (const role of Object.values(ROLES)) outcomes.push(await ensureRole(place.account, role, call));
  return outcomes;
}

/** google.iam.admin.v1.Role. */
interface LiveRole {
  readonly includedPermissions?: readonly string[];
  readonly deleted?: boolean;
}

async function ensureRole(project: string, role: CustomRole, call: IamCall): Promise<RoleOutcome> {
  const name = roleName(project, role);
  const { title, description, permissions } = role;
  const body = { title, description, includedPermissions: permissions, stage: "GA" };
  const found = (await call("GET", name)) as LiveRole | undefined;
  if (!found) {
    await call("POST", `projects/${project}/roles`, { roleId: role.id, role: body });
    return { role: name, done: "created" };
  }
  if (found.deleted) await call("POST", `${name}:undelete`, {});
  const same = [...(found.includedPermissions ?? [])].sort().join() === [...permissions].sort().join();
  if (!same) await call("PATCH", `${name}?updateMask=includedPermissions`, body);
  return { role: name, done: !same ? "updated" : found.deleted ? "restored" : "unchanged" };
}

/** One call of the IAM API. Undefined: NOT_FOUND on a GET. */
type IamCall = (method: "GET" | "POST" | "PATCH", path: string, body?: object) => Promise<unknown>;

function iamCaller(place: Pick<Place, "account" | "endpoints" | "credentials">, signal: AbortSignal): IamCall {
  const base = baseUrl(place, "iam", "https://iam.googleapis.com");
  const auth = credentialsOf(place, base.startsWith("http:"));
  return async (method, path, body) => {
    const response = await auth
      .request({
        url: `${base}/v1/${path}`,
        method,
        ...(body ? { data: body } : {}),
        signal,
        retry: false,
        validateStatus: () => true,
      })
      .catch((error: unknown) => {
        throw new ProviderError(
          "transient",
          `IAM can't be reached: ${error instanceof Error ? error.message : error}`,
          {
            code: "UNAVAILABLE",
            cause: error,
          },
        );
      });
    if (response.status === 404 && method === "GET") return undefined;
    if (response.status >= 200 && response.status < 300) return response.data;
    const said = (response.data as { error?: { message?: string; status?: string } } | undefined)?.error;
    throw new ProviderError(
      response.status === 401 || response.status === 403 ? "denied" : response.status === 400 ? "invalid" : "transient",
      `IAM refused ${method} ${path}: ${said?.message ?? `HTTP ${response.status}`}`,
      { code: said?.status ?? `HTTP ${response.status}` },
    );
  };
}
