/** Whether a policy lets a member do something: for what the cloud's own service agents do. */
import { list } from "../../engine/messages.ts";
import { projectOf } from "../../engine/names.ts";
import { bindingsOf, policyOf } from "../../engine/policies.ts";
import type { World } from "../../engine/world.ts";

export const ROLE = "iam.googleapis.com/Role";

/** Predefined roles that hold a permission: https://cloud.google.com/iam/docs/roles-permissions/pubsub, …/storage, …/workflows, …/iam */
const PREDEFINED: Readonly<Record<string, readonly string[]>> = {
  "pubsub.topics.publish": [
    "roles/pubsub.publisher",
    "roles/pubsub.editor",
    "roles/pubsub.admin",
    "roles/editor",
    "roles/owner",
  ],
  "storage.objects.get": [
    "roles/storage.objectViewer",
    "roles/storage.legacyObjectReader",
    "roles/storage.objectUser",
    "roles/storage.objectAdmin",
    "roles/storage.admin",
  ],
  "workflows.executions.create": [
    "roles/workflows.invoker",
    "roles/workflows.editor",
    "roles/workflows.admin",
    "roles/editor",
    "roles/owner",
  ],
  "iam.serviceAccounts.getAccessToken": ["roles/iam.serviceAccountTokenCreator"],
  "pubsub.subscriptions.consume": [
    "roles/pubsub.subscriber",
    "roles/pubsub.editor",
    "roles/pubsub.admin",
    "roles/editor",
    "roles/owner",
  ],
};

function roleHolds(world: World, role: string, permission: string): boolean {
  const custom = world.store.get(ROLE, role);
  if (custom !== undefined)
    return custom.deleted !== true && list<string>(custom, "includedPermissions").includes(permission);
  return PREDEFINED[permission]?.includes(role) ?? false;
}

/** By the policies of the resource and of its project. A binding with a condition counts for nothing here. */
export function allows(world: World, member: string, permission: string, resource: string): boolean {
  return [resource, `projects/${projectOf(resource)}`].some((name) =>
    bindingsOf(policyOf(world.store, name)).some(
      ({ role, members, condition }) =>
        condition === undefined && members.includes(member) && roleHolds(world, role, permission),
    ),
  );
}
