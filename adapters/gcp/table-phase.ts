/** In which phase a Table is, and why it can't be deleted or read. Pure. */
import type { TableOutputs, TableWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Present } from "../../operator/provider/provider.ts";
import type { Database } from "./firestore.ts";
import type { Running } from "./progress.ts";
import { type LiveTable, neededIndexes, shapesOf, ttlFieldName } from "./table-shape.ts";

type Seen = Present<TableWant, TableOutputs>;

/** How long a new database may not show itself, or not let us in: Google's answers lag behind its own operations. */
export const YOUNG_MS = 10 * 60_000;

/** What stops a delete. */
export const guard = (database: Database): Pick<Seen, "deleteBlockedBy"> =>
  database.deleteProtectionState === "DELETE_PROTECTION_ENABLED"
    ? {
        deleteBlockedBy: {
          field: "deletionProtection",
          message: `Deletion protection of ${database.name} is on. Set spec.deletionProtection: false first.`,
        },
      }
    : {};

export function phaseOf(table: LiveTable, doing: Running | undefined, region: string): Pick<Seen, "phase" | "message"> {
  const unusable = unfit(table.database, region);
  if (unusable) return { phase: "failed", message: unusable };
  if (doing?.doing === "delete") return { phase: "deleting", message: "Firestore is deleting the database." };
  if (doing?.doing === "create") return { phase: "pending", message: "Firestore is making the database." };
  const { building, broken } = buildState(table);
  if (building.length > 0) return { phase: "pending", message: `Firestore is building ${building.join(", ")}.` };
  if (doing) return { phase: "pending", message: "Firestore is changing the database." };
  if (broken.length > 0)
    return {
      phase: "failed",
      message: `Firestore could not build ${broken.join(", ")}. Take it out of spec and put it back to have it built anew.`,
    };
  return { phase: "ready" };
}

/** A database that is there and does not let us read: too young, or its key is out of reach. Undefined: another error. */
export function closed(database: Database, error: unknown, now: number): Pick<Seen, "phase" | "message"> | undefined {
  if (!(error instanceof ProviderError)) return undefined;
  const made = Number(database.createTime?.seconds ?? 0) * 1000;
  const opening = error.fault === "notFound" || error.fault === "denied" || error.fault === "conflict";
  if (opening && now - made < YOUNG_MS)
    return { phase: "pending", message: `Firestore does not let us into the new database yet.` };
  if (database.cmekConfig?.kmsKeyName && error.code.startsWith("FAILED_PRECONDITION"))
    return { phase: "failed", message: `The key ${database.cmekConfig.kmsKeyName} can't be used: ${error.message}` };
  return undefined;
}

/** What Firestore still builds, and what it could not build, of what is ours. For people. */
function buildState({ meta, indexes, ttlFields }: LiveTable): { building: string[]; broken: string[] } {
  const ours = (meta?.schema ? neededIndexes(meta.schema) : []).flatMap((index) =>
    shapesOf(index).map((shape) => [`index ${index.name}`, indexes.get(shape)?.state] as const),
  );
  const ttl = ttlFields.map((field) => [`time to live by ${ttlFieldName(field)}`, field.ttlConfig?.state] as const);
  const named = (state: string) => [
    ...new Set([...ours, ...ttl].flatMap(([what, is]) => (is === state ? [what] : []))),
  ];
  return { building: named("CREATING"), broken: named("NEEDS_REPAIR") };
}

/** What makes a database unfit to be this table, for people; undefined when it is fit. */
function unfit(database: Database, region: string): string | undefined {
  if (database.type !== "FIRESTORE_NATIVE") return `${database.name} is not in Firestore's native mode.`;
  if (database.locationId !== region) return `${database.name} lies in ${database.locationId}, not in ${region}.`;
  return undefined;
}
