import { createHash } from "node:crypto";

/** Of a state's name, in characters: "State machine quotas" of AWS. */
const MAX_NAME = 80;

/** Stands in the names of helper states only: of those that a task needs besides its own. */
export const HELPER_MARK = "#";

/**
 * The state of a task: its path, or where that is too long its end, after a hash of it.
 * @param helper what a state besides the task's own is for, such as `retry`
 */
export function stateName(path: string, helper?: string): string {
  const suffix = helper === undefined ? "" : `${HELPER_MARK}${helper}`;
  if (path.length + suffix.length <= MAX_NAME) return path + suffix;
  const start = `${createHash("sha256").update(path).digest("hex").slice(0, 8)}…`;
  return start + path.slice(start.length + suffix.length - MAX_NAME) + suffix;
}
