/** From grants to memberships in allow policies, and the text forms in between. Pure. */
import type { Grant } from "../../controllers/leaf/wants.ts";
import type { Access, GrantableKind } from "../../crds/access.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Deviation } from "../../operator/provider/provider.ts";
import { KEY_USER_ROLE } from "./key-agents.ts";
import { checkedKey, databaseName, databaseOfTable, projectOf, topicOf, topicOfQueue, workflowOf } from "./names.ts";
import type { Membership } from "./policy.ts";
import { type CustomRole, ROLES, roleName } from "./roles.ts";

/** A role on one thing. Its text form is `<role> on <thing>`. */
export interface Right {
  readonly role: string;
  /** The topic, subscription, crypto key, secret, bucket, database or project that it is a right on. */
  readonly on: string;
}

/** Whose right it is: a Kubernetes ServiceAccount. Its text form is `ns/<namespace>/sa/<name> in <pool>`. */
export interface Workload {
  readonly pool: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** One right of one workload: a place in a policy where we leave a trace. Its text form is `<right> for <workload>`. */
export interface Trace {
  readonly right: Right;
  readonly workload: Workload;
}

/** cloud.google.com/iam/quotas: bindings of one role and principal that differ only in their condition. */
const CONDITIONED_BINDINGS = 20;

/**
 * The rights behind grants, without doubles, sorted by their text.
 *
 * @param project of the operator, whose roles are used where an id names no project: a bucket's
 * @throws ProviderError invalid for an id that is none of Google Cloud, or an access that the kind does not have;
 *         quota when the project's policy can't hold them
 */
export function rightsOf(grants: readonly Grant[], project: string): readonly Right[] {
  const all = grants.flatMap((grant) => rightsOfGrant(grant, project));
  const rights = new Map(all.map((right) => [rightText(right), right]));
  const sorted = [...rights].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, right]) => right);
  for (const [role, same] of Map.groupBy(sorted, ({ role }) => role)) {
    const conditioned = same.filter((right) => policyPlace(right).condition !== undefined);
    if (conditioned.length > CONDITIONED_BINDINGS)
      throw new ProviderError(
        "quota",
        `${conditioned.length} tables with ${role} are too many for one ServiceAccount: Google Cloud allows ${CONDITIONED_BINDINGS}. Divide the service, or its tables.`,
        { code: "CONDITIONED_BINDINGS" },
      );
  }
  return sorted;
}

type Rule = (id: string, project: string) => readonly Right[];

const onSubscription: Rule = (id) => {
  const topic = topicOfQueue(id);
  return [{ role: roleName(projectOf(topic), ROLES.queueConsumer), on: id }];
};
const onTopic: Rule = (id) => [{ role: "roles/pubsub.publisher", on: topicOfQueue(id) }];
const onDatabase =
  (role: CustomRole): Rule =>
  (id) => {
    const { project, database } = databaseOfTable(id);
    return [{ role: roleName(project, role), on: databaseName(project, database) }];
  };
const reads = onDatabase(ROLES.tableReader);
const writes = onDatabase(ROLES.tableWriter);

const onKey: Rule = (id) => [{ role: KEY_USER_ROLE, on: checkedKey(id) }];

const onSecret =
  (role: string): Rule =>
  (id) => {
    if (!/^projects\/[^/]+\/secrets\/[^/]+$/.test(id))
      throw new ProviderError(
        "invalid",
        `"${id}" is no id of a secret on Google Cloud: projects/<project>/secrets/<name> is expected.`,
        {
          code: "ID",
        },
      );
    return [{ role, on: id }];
  };

/** The id of a bucket names no project: bucket names are everybody's. */
const onBucket =
  (role: CustomRole): Rule =>
  (id, project) => {
    if (!/^projects\/_\/buckets\/[^/]+$/.test(id))
      throw new ProviderError(
        "invalid",
        `"${id}" is no id of a bucket on Google Cloud: projects/_/buckets/<name> is expected.`,
        { code: "ID" },
      );
    return [{ role: roleName(project, role), on: id }];
  };
const bucketReads = onBucket(ROLES.bucketReader);
const bucketWrites = onBucket(ROLES.bucketWriter);

/**
 * A workflow has no policy of its own, and conditions of IAM know no resources of Workflows
 * (cloud.google.com/iam/docs/conditions-resource-attributes), so it is the project that a right to start one is on.
 */
export const startRight = (project: string, role: StartRole = ROLES.workflowStarter): Right => ({
  role: roleName(project, role),
  on: `projects/${project}`,
});

type StartRole = typeof ROLES.workflowStarter | typeof ROLES.workflowRunner;

/**
 * What rights to start workflows give beyond what was asked for.
 *
 * @param asks what needs them, as a sentence begins with it, and in which field of spec it stands
 * @param who gets them
 */
export function startDeviations(
  rights: readonly Right[],
  asks: { readonly field: string; readonly what: string },
  who: string,
): readonly Deviation[] {
  return rights.flatMap(({ role, on }): Deviation[] => {
    const project = projectOf(on);
    const runs = role === roleName(project, ROLES.workflowRunner);
    if (!runs && role !== roleName(project, ROLES.workflowStarter)) return [];
    const more = runs ? " and read what its runs were given and gave" : "";
    return [
      {
        field: asks.field,
        kind: "Covered",
        message: `${asks.what} need a right to start the Workflows that they name; Google Cloud has none on a single workflow, so ${who} may start every workflow of the project ${project}${more}.`,
      },
    ];
  });
}

const RULES: Readonly<Record<GrantableKind, Partial<Record<Access, Rule>>>> = {
  Queue: { Consume: onSubscription, Produce: onTopic },
  EncryptionKey: { Use: onKey },
  ManagedSecret: {
    Read: onSecret("roles/secretmanager.secretAccessor"),
    Write: onSecret("roles/secretmanager.secretVersionAdder"),
  },
  Topic: { Produce: (id) => [{ role: "roles/pubsub.publisher", on: topicOf(id) }] },
  Table: { Read: reads, Write: writes, ReadWrite: both(reads, writes) },
  Workflow: { Start: (id) => [startRight(projectOf(workflowOf(id)))] },
  Bucket: { Read: bucketReads, Write: bucketWrites, ReadWrite: both(bucketReads, bucketWrites) },
};

function both(...rules: readonly Rule[]): Rule {
  return (id, project) => rules.flatMap((rule) => rule(id, project));
}

function rightsOfGrant({ kind, id, access }: Grant, project: string): readonly Right[] {
  const rule = RULES[kind][access];
  if (!rule)
    throw new ProviderError(
      "invalid",
      `A ${kind} has no access ${access}: choose ${Object.keys(RULES[kind]).join(", ")}.`,
      {
        code: "ACCESS",
      },
    );
  return rule(id, project);
}

export const rightText = ({ role, on }: Right): string => `${role} on ${on}`;
export const workloadText = ({ pool, namespace, serviceAccount }: Workload): string =>
  `ns/${namespace}/sa/${serviceAccount} in ${pool}`;
export const traceText = ({ right, workload }: Trace): string => `${rightText(right)} for ${workloadText(workload)}`;

export function parseRight(text: string): Right | undefined {
  const [, role, on] = /^(\S+) on (projects\/\S+)$/.exec(text) ?? [];
  return role && on ? { role, on } : undefined;
}

export function parseWorkload(text: string): Workload | undefined {
  const [, namespace, serviceAccount, pool] = /^ns\/([^/\s]+)\/sa\/([^/\s]+) in (\S+)$/.exec(text) ?? [];
  return namespace && serviceAccount && pool ? { pool, namespace, serviceAccount } : undefined;
}

/** Undefined for a line of a footprint that is no trace of a right. */
export function parseTrace(text: string): Trace | undefined {
  const [, left, who] = /^(.*) for (ns\/.*)$/.exec(text) ?? [];
  const right = parseRight(left ?? "");
  const workload = parseWorkload(who ?? "");
  return right && workload ? { right, workload } : undefined;
}

/** The member that stands for a workload in policies: direct Workload Identity Federation for GKE. */
export const principalOf = ({ pool, namespace, serviceAccount }: Workload, projectNumber: string): string =>
  `principal://iam.googleapis.com/projects/${projectNumber}/locations/global/workloadIdentityPools/${pool}/subject/ns/${namespace}/sa/${serviceAccount}`;

/**
 * Where a right is written: the resource with the policy, and the condition in it. A Firestore database has no policy of
 * its own, so its rights stand in the project's, under a condition that all who have the role on it share.
 */
export function policyPlace({ on }: Right): {
  readonly resource: string;
  readonly condition: Membership["condition"];
} {
  if (!on.includes("/databases/")) return { resource: on, condition: undefined };
  const { project, database } = databaseOfTable(on);
  return {
    resource: `projects/${project}`,
    condition: {
      title: `onyx-${database}`,
      description: "Made by the Onyx operator: one table.",
      expression: `resource.type == "firestore.googleapis.com/Database" && resource.name == "${on}"`,
    },
  };
}

/** The membership that a right of a member is, in the policy of `policyPlace(right).resource`. */
export function membershipOf(right: Right, member: string): Membership {
  const { condition } = policyPlace(right);
  return { role: right.role, member, ...(condition ? { condition } : {}) };
}
