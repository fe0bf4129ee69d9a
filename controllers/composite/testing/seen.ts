import type { Platform } from "../../../operator/provider/cloud.ts";
import type {
  ChildRef,
  CompositeStatus,
  Resolved,
  Seen,
  Tenancy,
} from "../../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";

/** Outputs as the adapters give them, by kind. */
export const outputsOf = (kind: string, name: string): Record<string, string> =>
  kind === "Queue"
    ? { QUEUE_ID: `id/${name}`, QUEUE_URL: `https://queue.example/${name}`, REGION: "eu-west-1" }
    : kind === "Bucket"
      ? { BUCKET_ID: `id/${name}`, BUCKET: name, BUCKET_URL: `s3://${name}`, REGION: "eu-west-1" }
      : kind === "Workflow"
        ? { WORKFLOW_ID: `id/${name}`, REGION: "eu-west-1" }
        : { TABLE_ID: `id/${name}`, TABLE_NAME: name, COLLECTION: name, REGION: "eu-west-1" };

/** A platform that shows in the children what was asked of it. */
export const platform: Platform = {
  backlogTrigger: ({ outputs }, perReplica, activation) => ({
    type: "test-queue",
    metadata: { queue: outputs.QUEUE_URL ?? "", target: String(perReplica), activation: String(activation) },
    authentication: { podIdentity: { provider: "test" } },
  }),
  credentialEgress: () => [
    { to: [{ ipBlock: { cidr: "169.254.170.23/32" } }], ports: [{ protocol: "TCP", port: 80 }] },
  ],
  serviceAccountAnnotations: ({ IDENTITY }) => (IDENTITY ? { "test.example/identity": IDENTITY } : {}),
  workloadEnv: () => ({ ONYX_CLOUD: "test" }),
};

/** What `compose` sees of a quiet world: every reference resolved, nothing made yet. */
export function seenWith(
  over: {
    readonly namespace?: string;
    readonly name?: string;
    readonly platform?: Platform;
    readonly imageRegistry?: string | undefined;
    readonly references?: Readonly<Record<string, Resolved>>;
    readonly live?: readonly KubeObject[];
    readonly secretVersions?: Readonly<Record<string, string>>;
    readonly deletionPolicies?: Readonly<Record<string, string>>;
    readonly tenancy?: Tenancy;
    readonly status?: CompositeStatus;
    readonly monthlyCost?: string;
    readonly parts?: readonly KubeObject[];
  } = {},
): Seen {
  const same = (ref: ChildRef) => (one: KubeObject) =>
    one.kind === ref.kind &&
    one.metadata.name === ref.name &&
    (ref.namespace === undefined || (one.metadata.namespace ?? "") === ref.namespace);
  const isOurs = (namespace: string) => (one: KubeObject) =>
    one.metadata.namespace === namespace && one.apiVersion.startsWith("onyx.onelens.io/");
  return {
    namespace: over.namespace ?? "shop",
    name: over.name ?? "orders",
    generation: 1,
    environment: {
      name: "prod",
      cloud: "aws",
      platform: over.platform ?? platform,
      imageRegistry: "imageRegistry" in over ? over.imageRegistry : "registry.example/p",
      deletionPolicies: over.deletionPolicies ?? {},
      tenancy: over.tenancy,
    },
    reference: (field) =>
      over.references?.[field] ?? { outputs: outputsOf(field.endsWith(".queue") ? "Queue" : "Table", "x") },
    live: (ref) => over.live?.find(same(ref)),
    secretVersion: (name) => over.secretVersions?.[name],
    status: over.status,
    monthlyCost: () => over.monthlyCost,
    within: (namespace) => (over.live ?? []).filter(isOurs(namespace)),
    blueprint: (namespace, name) =>
      (over.live ?? []).filter(
        (one) => isOurs(namespace)(one) && one.metadata.labels?.["onyx.onelens.io/blueprint"] === name,
      ),
    parts: () => over.parts ?? [],
  };
}
