import { createHash } from "node:crypto";
import type { Wanted } from "../provider/provider.ts";
import { canonical } from "./canonical.ts";
import { diff } from "./diff.ts";
import type { Progress } from "./gather.ts";
import type { Seen } from "./report.ts";

/** How far the cloud is; undefined where it shows nothing that could come further. */
export function progressOf<Want extends Wanted>(want: Want | undefined, seen: Seen<Want>): Progress | undefined {
  if (!seen.exists || seen.phase === "failed") return undefined;
  const left = want ? diff(want, seen.actual) : [];
  const text = canonical([seen.id, seen.phase, seen.message, left]);
  return {
    mark: createHash("sha256").update(text).digest("hex").slice(0, 16),
    working: seen.phase === "pending" || seen.phase === "deleting",
  };
}

/** Keys that are waited for, and what was seen of each meanwhile. In memory: after a restart all waits begin anew. */
export interface ProgressMemory {
  /** True when this mark was not seen since the key was last at rest. */
  isNew(key: string, mark: string): boolean;
  /** The key is waited for no more. */
  forget(key: string): void;
}

/** What comes further more often than this goes round in circles, as far as waiting is concerned. */
const MOST_MARKS = 256;

export function createProgressMemory(): ProgressMemory {
  const seen = new Map<string, Set<string>>();
  return {
    isNew(key, mark) {
      const marks = seen.get(key) ?? new Set();
      seen.set(key, marks);
      if (marks.has(mark) || marks.size >= MOST_MARKS) return false;
      marks.add(mark);
      return true;
    },
    forget: (key) => void seen.delete(key),
  };
}
