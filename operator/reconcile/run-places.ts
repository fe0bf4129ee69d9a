import { keyOf } from "../runtime/resource.ts";
import { isDeleting, isPaused } from "./object.ts";
import type { RunObject } from "./run-object.ts";

/** Who may begin, where only so many runs of one thing may be under way at once. */
export interface RunPlaces {
  /**
   * Takes a place for a run. A place that was taken is held until the cache shows how that run went on: what was begun a
   * moment ago counts, too.
   *
   * @param all every run of the same thing, as the cache has it
   */
  admit(object: RunObject, all: readonly RunObject[], most: number): boolean;
  /** The one that may begin next: the oldest that waits. Undefined: none does. */
  next(all: readonly RunObject[]): RunObject | undefined;
  /** The cache shows this state, or that it is gone. */
  seen(object: RunObject, gone: boolean): void;
}

export function createRunPlaces(): RunPlaces {
  /** Uids of those that were let begin, and that the cache does not show as begun yet. */
  const admitted = new Set<string>();
  const uidOf = ({ metadata }: RunObject): string => metadata.uid ?? "";
  const isBegun = (run: RunObject): boolean => admitted.has(uidOf(run)) || run.status?.attemptedAt !== undefined;
  const isUnderWay = (run: RunObject): boolean => isBegun(run) && run.status?.finishedAt === undefined;
  const waits = (run: RunObject): boolean =>
    !isBegun(run) && run.status?.finishedAt === undefined && !isDeleting(run) && !isPaused(run);

  return {
    admit(object, all, most) {
      const others = all.filter((run) => uidOf(run) !== uidOf(object));
      const free = most - others.filter(isUnderWay).length;
      const older = others.filter((run) => waits(run) && isOlder(run, object)).length;
      if (older >= free) return false;
      admitted.add(uidOf(object));
      return true;
    },
    next: (all) => all.filter(waits).sort((a, b) => (isOlder(a, b) ? -1 : 1))[0],
    seen(object, gone) {
      if (gone || object.status?.attemptedAt !== undefined) admitted.delete(uidOf(object));
    },
  };
}

/** By when they were made; those of one second by their names. */
function isOlder({ metadata: a }: RunObject, { metadata: b }: RunObject): boolean {
  const [one, other] = [a.creationTimestamp ?? "", b.creationTimestamp ?? ""];
  return one === other ? keyOf(a) < keyOf(b) : one < other;
}
