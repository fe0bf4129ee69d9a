import type { Decision } from "./decide.ts";
import { heldBy, isDeleting, type KubeObject } from "./object.ts";
import type { Pass } from "./report.ts";

/**
 * Whether the object that a cache shows asks for the same as the one that the API server holds: it is the same one, not
 * a later one of its name, its spec was not changed, and it was neither held nor deleted since.
 */
export const isStill = (shown: KubeObject, held: KubeObject | undefined): boolean =>
  held !== undefined &&
  held.metadata.uid === shown.metadata.uid &&
  held.metadata.generation === shown.metadata.generation &&
  isDeleting(held) === isDeleting(shown) &&
  heldBy(held)?.message === heldBy(shown)?.message;

/** Decisions that may come to a write to the cloud, now or in the next pass. */
const WRITES: ReadonlySet<Decision["do"]> = new Set(["create", "update", "adopt", "delete", "release", "replace"]);
export const writes = (decision: Decision): boolean => WRITES.has(decision.do);

/** Nothing was done: the cache has to catch up first. */
export const outdated = (status: Pass["status"]): Pass => ({
  status,
  released: false,
  decision: undefined,
  next: { when: "backoff" },
  notices: [],
});
