import type { BucketSpecInput } from "../../../crds/bucket.ts";
import { API_VERSION } from "../../../crds/define.ts";
import type { OnyxServiceSpecInput } from "../../../crds/onyxservice.ts";
import type { QueueSpecInput } from "../../../crds/queue.ts";
import type { TableItemSpecInput } from "../../../crds/tableitem.ts";
import type { TenantCostSourceSpec } from "../../../crds/tenantcostsource.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";
import { leafHealth } from "../health.ts";

type Spec = TenantCostSourceSpec;

/** Bucket and Queue have the same name: each is the only one of its kind here. */
const reports = (seen: Seen) => `${seen.name}-reports`;

const GIB = 2 ** 30;

function child(id: string, kind: string, name: string, spec: Spec, body: object): Child {
  const { environmentRef } = spec;
  return {
    id,
    health: leafHealth,
    object: {
      apiVersion: API_VERSION,
      kind,
      metadata: { name },
      spec: { ...(environmentRef ? { environmentRef } : {}), ...body },
    },
  };
}

/** What is told of each report. A worker holds a message for as long as it needs. */
export function queue(spec: Spec, seen: Seen): Child {
  const wanted: QueueSpecInput = {
    processingTimeout: "2m",
    retention: "336h",
    ...(spec.encryption ? { encryption: spec.encryption } : {}),
  };
  return child("queue", "Queue", reports(seen), spec, wanted);
}

/** Where reports are delivered to. */
export function bucket(spec: Spec, seen: Seen): Child {
  const wanted: BucketSpecInput = {
    ...(spec.deletionPolicy ? { deletionPolicy: spec.deletionPolicy } : {}),
    ...(spec.encryption ? { encryption: spec.encryption } : {}),
    lifecycle: [
      { name: "expire", action: "Expire", days: spec.keepDays },
      { name: "abandoned-uploads", action: "AbortMultipart", days: 7 },
    ],
    notifications: [
      {
        name: "reports",
        events: ["ObjectCreated"],
        ...(spec.prefix ? { prefix: spec.prefix } : {}),
        queueRef: { name: reports(seen) },
      },
    ],
    ...deliverers(spec),
  };
  return child("bucket", "Bucket", reports(seen), spec, wanted);
}

/** Who it is differs between the clouds, so it has to be taken as it is on each. */
function deliverers({ delivery = {}, prefix }: Spec): Partial<Pick<BucketSpecInput, "overrides" | "portability">> {
  const { awsAccounts = [], gcpServiceAccounts = [] } = delivery;
  const within = prefix ? { prefix } : {};
  const aws = awsAccounts.toSorted().map((account) => ({ account, ...within }));
  const gcp = gcpServiceAccounts.toSorted().map((serviceAccount) => ({ serviceAccount, ...within }));
  const overrides = {
    ...(aws.length > 0 ? { aws: { deliverers: aws } } : {}),
    ...(gcp.length > 0 ? { gcp: { deliverers: gcp } } : {}),
  };
  return Object.keys(overrides).length > 0 ? { overrides, portability: "Warn" } : {};
}

/** The worker: docs/guides/cost-reports.md. */
export function service(spec: Spec, seen: Seen): Child {
  const name = reports(seen);
  const wanted: OnyxServiceSpecInput = {
    image: spec.image,
    env: { ONYX_COSTS: JSON.stringify(settings(spec, seen)) },
    resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "512Mi" } },
    tmpSize: `${3 * spec.maxReportGiB}Gi`,
    bindings: [
      { queue: name, access: "Consume" },
      { bucket: name, access: "Read" },
      { table: spec.tableRef.name, access: "ReadWrite" },
    ],
    scaling: { min: 1, max: 1, toZero: true, queueBacklog: { queue: name, perReplica: 100 } },
  };
  return child("worker", "OnyxService", `${seen.name}-ingest`, spec, wanted);
}

/** The name of this source in the table. */
const sourceName = (seen: Seen) => `${seen.namespace}/${seen.name}`;

function settings(spec: Spec, seen: Seen): Readonly<Record<string, unknown>> {
  const name = reports(seen);
  return {
    source: sourceName(seen),
    generation: seen.generation,
    queue: name,
    bucket: name,
    table: spec.tableRef.name,
    folder: "/tmp",
    maxBytes: spec.maxReportGiB * GIB,
    ...(spec.prefix ? { prefix: spec.prefix } : {}),
    ...(spec.tagKeys ? { tagKeys: spec.tagKeys } : {}),
    ...(spec.allocations ? { allocations: spec.allocations.map(allocation) } : {}),
    ...(spec.rejectedShare ? { rejectedShare: Number(spec.rejectedShare) } : {}),
    ...(spec.anomalyFloor ? { anomalyFloor: spec.anomalyFloor } : {}),
  };
}

const allocation = ({ name, from, tag, by, weights }: NonNullable<Spec["allocations"]>[number]) => ({
  name,
  from,
  over: tag === undefined ? "account" : { tag },
  by: by === "Weights" ? weights : by,
});

/** What the worker tells of the source, looked at and never changed. Before the first report there is none. */
export function summaryItem(spec: Spec, seen: Seen): Child {
  const wanted: TableItemSpecInput = {
    managementPolicy: "Observe",
    optional: true,
    tableRef: spec.tableRef,
    key: { partition: `${sourceName(seen)}#summary`, sort: "now" },
  };
  return { ...child("summary", "TableItem", `${seen.name}-summary`, spec, wanted), companion: true };
}

/** Where reports go. Undefined: the bucket is not there yet. */
export function urlOf(live: KubeObject | undefined, prefix: string | undefined): string | undefined {
  const url = (live?.status as { readonly outputs?: Readonly<Record<string, string>> } | undefined)?.outputs
    ?.BUCKET_URL;
  return url && `${url}/${prefix ?? ""}`;
}
