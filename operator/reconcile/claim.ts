import { isReleased, type Owner, sameObject, tagValue } from "../provider/owner.ts";
import type { Present } from "../provider/provider.ts";

/** Whose a resource is, seen from one object. */
export type Claim = "ours" | "unmarked" | "foreign" | "otherCluster";

/** @param found the marks on it @param succeeds names of clusters whose resources are ours */
export function claimOf(found: Owner | undefined, owner: Owner, succeeds: readonly string[]): Claim {
  if (!found) return "unmarked";
  if (isReleased(found)) return sameObject(found, owner) ? "ours" : "unmarked";
  if (!sameObject(found, owner)) return "foreign";
  if (tagValue(found.cluster) === tagValue(owner.cluster)) return "ours";
  return succeeds.some((cluster) => tagValue(cluster) === tagValue(found.cluster)) ? "ours" : "otherCluster";
}

/** True when what is there may be treated as the resource of this object. */
export const isOurs = (found: Owner | undefined, owner: Owner, succeeds: readonly string[]): boolean =>
  claimOf(found, owner, succeeds) === "ours";

/** Who holds it instead, and what to do. */
export function foreignMessage<Want, Outputs>(seen: Present<Want, Outputs>, owner: Owner, claim: Claim): string {
  const found = seen.owner;
  if (claim === "otherCluster")
    return `${seen.id} belongs to this object in cluster "${found?.cluster}". Nothing was changed. If that cluster is lost, add it to spec.successorOf of Environment "${owner.environment}".`;
  return `${seen.id} belongs to ${found?.kind} ${found?.namespace}/${found?.name} of environment "${found?.environment}". Nothing was changed. Give this object another name.`;
}
