import { type Condition, condition, type Verdict, type Verdicts } from "./conditions.ts";
import type { OffState } from "./leaf-status.ts";
import type { Reason } from "./reasons.ts";

/** What keeps a composite from being done. */
export interface Trouble {
  /** The child that it is about, or undefined for the composite itself. */
  readonly child?: string | undefined;
  /**
   * - `working`  it gets there by itself
   * - `failed`   the child says that somebody has to do something
   * - `refused`  we could not, or would not, apply it
   */
  readonly state: "working" | "failed" | "refused";
  /** What it takes from consumers: false counts against Ready. */
  readonly usable: boolean;
  readonly reason: Reason;
  readonly message: string;
}

const SEVERITY = { refused: 0, failed: 1, working: 2 } as const;

/** The trouble that says most: the worst, and among equals the first. */
export const worst = (troubles: readonly Trouble[]): Trouble | undefined =>
  troubles.toSorted((a, b) => SEVERITY[a.state] - SEVERITY[b.state])[0];

const say = (status: Verdict["status"], reason: Reason, message: string): Verdict => ({ status, reason, message });
const tell = (status: Verdict["status"], trouble: Trouble): Verdict =>
  say(status, trouble.reason, trouble.child ? `${trouble.child}: ${trouble.message}` : trouble.message);

/** The conditions after every child was looked at. */
export function composedVerdicts(
  troubles: readonly Trouble[],
  unresolved: Omit<Trouble, "state" | "usable"> | undefined,
  off: OffState,
): Verdicts {
  const lacking = worst(troubles.filter((trouble) => !trouble.usable));
  const bad = worst(troubles);
  const refused = worst(troubles.filter((trouble) => trouble.state === "refused"));
  const notSynced = refused ?? (unresolved && { ...unresolved, state: "working" as const, usable: true });
  return {
    Ready: off
      ? say("False", off.reason, off.message)
      : lacking
        ? tell("False", lacking)
        : say("True", "Available", "Every object that it is made of is there and usable."),
    Synced: notSynced
      ? tell("False", notSynced)
      : bad?.state === "working"
        ? tell("True", bad)
        : say("True", "Available", "Every object that it is made of is as spec asks."),
    Reconciling: bad?.state === "working" ? tell("True", bad) : null,
    Stalled: bad && bad.state !== "working" ? tell("True", bad) : null,
    ReferencesResolved: unresolved
      ? say("False", unresolved.reason, unresolved.message)
      : say("True", "Resolved", "All references are resolved."),
    Paused: off ? say("True", off.reason, off.message) : null,
  };
}

/** The conditions when nothing was applied: what works goes on working. */
export function blockedVerdicts(trouble: Trouble, before: readonly Condition[], off: OffState): Verdicts {
  const stalled = trouble.state !== "working";
  return {
    ...(condition(before, "Ready")?.status === "True" ? {} : { Ready: tell("False", trouble) }),
    Synced: tell("False", trouble),
    Reconciling: stalled ? null : tell("True", trouble),
    Stalled: stalled ? tell("True", trouble) : null,
    Paused: off ? say("True", off.reason, off.message) : null,
  };
}

/** The conditions of what is held: it is not worked on, and stays as it was. */
export function pausedVerdicts(
  before: readonly Condition[],
  { reason, message }: { readonly reason: Reason; readonly message: string },
): Verdicts {
  return {
    ...(condition(before, "Ready") ? {} : { Ready: say("Unknown", reason, message) }),
    Reconciling: null,
    Stalled: null,
    Paused: say("True", reason, message),
  };
}

/** The conditions while it is being deleted. */
export const leavingVerdicts = (trouble: Trouble): Verdicts => ({
  Ready: tell("False", trouble),
  Synced: tell("True", trouble),
  Reconciling: trouble.state === "working" ? tell("True", trouble) : null,
  Stalled: trouble.state === "working" ? null : tell("True", trouble),
});
