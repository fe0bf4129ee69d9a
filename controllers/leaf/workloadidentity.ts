import type { GrantableKind } from "../../crds/access.ts";
import type { WorkloadIdentitySpec } from "../../crds/workloadidentity.ts";
import type { Leaf, Target } from "../../operator/reconcile/leaf-object.ts";
import { overridesFor } from "./overrides.ts";
import { refuseSubscriber } from "./subscription.ts";
import type { Grant, IdentityWant } from "./wants.ts";

/** The output that is the id of a resource of each kind that can be granted. */
const ID_OUTPUT = {
  Queue: "QUEUE_ID",
  Table: "TABLE_ID",
  Topic: "TOPIC_ID",
  Bucket: "BUCKET_ID",
  EncryptionKey: "KEY_ID",
  ManagedSecret: "SECRET_ID",
  Workflow: "WORKFLOW_ID",
} as const satisfies Record<GrantableKind, string>;

type GrantSpec = NonNullable<WorkloadIdentitySpec["grants"]>[number];
const fieldOf = ({ kind, name }: GrantSpec) => `grants[${kind}/${name}]`;

/** The cloud identity of one ServiceAccount, with just the rights it is granted. */
export const workloadIdentity: Leaf<WorkloadIdentitySpec, IdentityWant> = {
  kind: "WorkloadIdentity",
  dataBearing: false,
  // The name of an IAM role.
  nameLimit: 64,
  // Dead letters stay under the key of the queue that they come from.
  referrerKinds: ["Queue"],
  references: ({ grants = [] }) =>
    [...new Map(grants.map((grant) => [fieldOf(grant), grant])).values()].map((grant) => ({
      field: fieldOf(grant),
      kind: grant.kind,
      name: grant.name,
      ...(grant.kind === "Queue" && { referredBy: { kind: "Queue", field: "deadLetter.queueRef" } }),
    })),
  problem: ({ grants = [] }, given) =>
    grants
      .filter(({ kind, access }) => kind === "Queue" && access === "Produce")
      .map((grant) => refuseSubscriber(fieldOf(grant), given.target(fieldOf(grant)), "access Produce"))
      .find((problem) => problem !== undefined),
  want: (spec, given) => ({
    serviceAccount: { namespace: given.namespace, name: spec.serviceAccountRef.name },
    grants: (spec.grants ?? [])
      .map((grant): Grant => {
        const target = given.target(fieldOf(grant));
        return {
          kind: grant.kind,
          id: target.outputs[ID_OUTPUT[grant.kind]] ?? "",
          access: grant.access,
          encryptionKey: (target.effective.encryptionKey as string | undefined) ?? null,
          ...deadLettersFrom(grant, target),
        };
      })
      .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)),
    permissions: [],
    trust: [],
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
};

/** The encrypted queues whose dead letters are consumed, in one order. */
function deadLettersFrom({ kind, access }: GrantSpec, { referrers = [] }: Target): Pick<Grant, "from"> {
  if (kind !== "Queue" || access !== "Consume") return {};
  const from = referrers.flatMap(({ outputs, effective }) => {
    const [id, key] = [outputs[ID_OUTPUT.Queue], effective.encryptionKey as string | undefined];
    return id && key ? [{ id, encryptionKey: key }] : [];
  });
  return from.length > 0 ? { from: from.sort((a, b) => (a.id < b.id ? -1 : 1)) } : {};
}

const sortKey = ({ kind, id, access }: Grant) => `${kind}\n${id}\n${access}`;
