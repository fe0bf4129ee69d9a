import { kinds } from "../../../crds/index.ts";
import type { TenantSpec, TenantStatus } from "../../../crds/tenant.ts";
import type {
  ChildRef,
  CompositeObject,
  Departure,
  Leaving,
  Seen,
} from "../../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";
import { namespaceOf, refOf } from "./names.ts";
import { refOfNamespace } from "./namespace.ts";
import { type Left, leftRow } from "./rows.ts";

type Retained = NonNullable<NonNullable<TenantStatus["offboarding"]>["retained"]>[number];

/** What makes others work: it goes before what it uses. */
const WORKING = ["TenantCostSource", "OnyxService", "EventRule"];
const RUNS = ["WorkflowRun"];

/**
 * Off-boarding, in order: what runs; runs of workflows; all else of ours in the namespace, each by its own
 * deletionPolicy; the namespace; the rows, so that nobody signs in any more to what is gone; a look through the cloud for
 * what no object stands for; the row that stays.
 */
export function depart(object: CompositeObject<TenantSpec>, seen: Seen): Leaving {
  const { spec, metadata } = object;
  const within = namespaceOf(metadata.name, spec);
  const contents = within && isIts(within, object, seen) ? seen.within(within) : [];
  const status = (object.status ?? {}) as TenantStatus;
  const removed = status.offboarding?.removed ?? contents.length;
  const retained = retainedOf(status, contents, seen);
  const { searched = [], unsearched = [] } = status.swept ?? {};
  const left = {
    uid: metadata.uid ?? "",
    at: metadata.deletionTimestamp ?? "",
    removed,
    retained,
    searched,
    unsearched,
  };
  const steps: readonly Departure[] = [
    ...(spec.preventDeletion ? [HELD] : []),
    remove(contents.filter(({ kind }) => WORKING.includes(kind)).map(refOf), "Being stopped"),
    remove(contents.filter(({ kind }) => RUNS.includes(kind)).map(refOf), "Being ended"),
    remove(contents.map(refOf), "Being removed"),
    ...(within ? [remove([refOfNamespace(within)], "Being removed")] : []),
    remove(rowsOf(object, seen), "Being removed"),
    ...(within ? [{ sweep: within }] : []),
    ...leftRow(spec, seen, left).map((apply) => ({ apply })),
  ];
  const offboarding = { removed, ...(retained.length > 0 ? { retained: [...retained] } : {}) };
  return { steps, status: { phase: "Offboarding", offboarding }, farewell: farewellOf(metadata.name, left) };
}

const HELD: Departure = {
  blocked: {
    reason: "DeletionBlocked",
    message: "spec.preventDeletion is true. Nothing of it was touched; set it to false to have it off-boarded.",
  },
};

function remove(refs: readonly ChildRef[], what: string): Departure {
  const shown = refs.slice(0, 5).map(({ kind, name }) => `${kind} ${name}`);
  const more = refs.length > shown.length ? ` and ${refs.length - shown.length} more` : "";
  return { remove: refs, message: `${what}: ${shown.join(", ")}${more}.` };
}

/** The namespace is this very tenant's, and not somebody else's of that name. */
const isIts = (within: string, { metadata }: KubeObject, seen: Seen): boolean =>
  seen.live(refOfNamespace(within))?.metadata.ownerReferences?.some((one) => one.uid === metadata.uid) === true;

/** Its rows in the platform's tables, but for the one that stays. */
function rowsOf({ status }: CompositeObject, seen: Seen): readonly ChildRef[] {
  const home = seen.environment.tenancy?.namespace;
  return (status?.inventory ?? []).filter(({ kind, namespace }) => kind === "TableItem" && namespace === home);
}

/** What stays in the cloud: what was known before, and what of the contents will stay. */
function retainedOf(status: TenantStatus, contents: readonly KubeObject[], seen: Seen): readonly Retained[] {
  const known = status.offboarding?.retained ?? [];
  const found = contents.flatMap((object) => stays(object, seen) ?? []);
  const added = found.filter((one) => !known.some(({ externalId }) => externalId === one.externalId));
  return [...known, ...added].slice(0, 256);
}

function stays({ kind, metadata, spec, status }: KubeObject, seen: Seen): Retained | undefined {
  const externalId = (status as { readonly externalId?: string } | undefined)?.externalId;
  if (!externalId) return undefined;
  const { deletionPolicy, managementPolicy } = (spec ?? {}) as Readonly<Record<string, string | undefined>>;
  const said = (why: string): Retained => ({ kind, name: metadata.name, externalId, why });
  if (managementPolicy === "Observe") return said("It was only observed.");
  if (deletionPolicy === "Retain") return said("spec.deletionPolicy is Retain.");
  if (deletionPolicy !== undefined) return undefined;
  const usual = seen.environment.deletionPolicies[kind];
  if (usual === "Retain") return said(`Environment ${seen.environment.name} retains what is a ${kind}.`);
  const holdsData = kinds.some((one) => one.kind === kind && one.stateful);
  return usual === undefined && holdsData ? said("It holds data, and nobody said that it may go.") : undefined;
}

function farewellOf(
  tenant: string,
  { removed, retained, searched }: Pick<Left, "removed" | "searched"> & { readonly retained: readonly Retained[] },
): string {
  const kept = retained.slice(0, 5).map(({ kind, name, externalId }) => `${kind} ${name} (${externalId})`);
  const more = retained.length > kept.length ? ` and ${retained.length - kept.length} more` : "";
  const looked = searched.length > 0 ? ` The cloud was searched for what was left: ${searched.join(", ")}.` : "";
  const rest = kept.length > 0 ? `These stay in the cloud: ${kept.join(", ")}${more}.` : "Nothing stays in the cloud.";
  return `Tenant ${tenant} is off-boarded: ${removed} objects of its namespace are removed. ${rest}${looked}`;
}
