import type { ProviderError } from "../provider/fault.ts";
import type { Deviation } from "../provider/provider.ts";
import type { Condition, Verdict, Verdicts } from "./conditions.ts";
import { condition } from "./conditions.ts";
import type { Decision } from "./decide.ts";
import { describe } from "./diff.ts";
import { FAULTS, type Reason, type RetryClass } from "./reasons.ts";

/** What one pass came to, before it is put into words. */
export type Outcome =
  | { readonly kind: "decided"; readonly decision: Decision; readonly seen: ObservationLike }
  | { readonly kind: "blocked"; readonly reason: Reason; readonly message: string; readonly stalled: boolean }
  | { readonly kind: "failed"; readonly error: ProviderError; readonly doing: string };

/** The part of an Observation that verdicts need. */
export type ObservationLike =
  | { readonly exists: false }
  | {
      readonly exists: true;
      readonly phase: "ready" | "pending" | "deleting" | "failed";
      readonly message?: string | undefined;
    };

const say = (status: Verdict["status"], reason: Reason, message: string): Verdict => ({ status, reason, message });
const AVAILABLE = say("True", "Available", "It is there as spec asks.");

/** The conditions that a pass sets. `before` keeps Ready where a pass must not take it away. */
export function verdicts(outcome: Outcome, before: readonly Condition[], off: OffState): Verdicts {
  const paused = off ? say("True", off.reason, off.message) : null;
  const base = outcomeVerdicts(outcome, condition(before, "Ready"), off);
  return { ...base, Paused: paused };
}

/** Why the object is not worked on: paused by annotation, or disabled in spec. */
export type OffState = { readonly reason: "Paused" | "Disabled"; readonly message: string } | undefined;

function outcomeVerdicts(outcome: Outcome, ready: Condition | undefined, off: OffState): Verdicts {
  switch (outcome.kind) {
    case "blocked":
      return notSynced(
        outcome.reason,
        outcome.message,
        outcome.stalled,
        keepReady(ready, outcome.reason, outcome.message),
      );
    case "failed":
      return failed(outcome, ready);
    case "decided":
      return decided(outcome.decision, outcome.seen, ready, off);
  }
}

function failed(outcome: { error: ProviderError; doing: string }, ready: Condition | undefined): Verdicts {
  const { reason, retry } = FAULTS[outcome.error.fault];
  const message = errorMessage(outcome.error, outcome.doing);
  return notSynced(reason, message, retry !== "backoff", keepReady(ready, reason, message));
}

function decided(decision: Decision, seen: ObservationLike, ready: Condition | undefined, off: OffState): Verdicts {
  switch (decision.do) {
    case "wait":
      return {
        Ready: keepReady(ready, decision.reason, decision.message),
        Synced: say("True", decision.reason, decision.message),
        Reconciling: say("True", decision.reason, decision.message),
        Stalled: null,
        Drifted: null,
      };
    case "refuse":
      return notSynced(decision.reason, decision.message, true, refusedReady(seen, ready, decision));
    default:
      return settled(decision, seen, off);
  }
}

function settled(decision: Decision, seen: ObservationLike, off: OffState): Verdicts {
  const drift = decision.do === "none" ? decision.drift : [];
  const drifted = drift.length === 0 ? null : say("True", "DriftDetected", drift.slice(0, 3).map(describe).join("; "));
  const working = workInProgress(seen);
  const ready =
    seen.exists && seen.phase === "ready"
      ? AVAILABLE
      : off && !seen.exists
        ? say("False", off.reason, off.message)
        : working;
  return {
    Ready: ready ?? say("False", "Pending", "It is not there yet."),
    Synced: say("True", "Available", "The last look at the cloud found what spec asks, or made it so."),
    Reconciling: off || !working ? null : { ...working, status: "True" },
    Stalled: null,
    Drifted: drifted,
  };
}

function workInProgress(seen: ObservationLike): Verdict | null {
  if (!seen.exists) return null;
  if (seen.phase === "pending") return say("Unknown", "Creating", seen.message ?? "The cloud is working on it.");
  if (seen.phase === "deleting") return say("False", "Deleting", seen.message ?? "The cloud is deleting it.");
  if (seen.phase === "failed") return say("False", "CloudFailed", seen.message ?? "The cloud reports it as failed.");
  return null;
}

function notSynced(reason: Reason, message: string, stalled: boolean, ready: Verdict | undefined): Verdicts {
  return {
    ...(ready ? { Ready: ready } : {}),
    Synced: say("False", reason, message),
    Reconciling: stalled ? null : say("True", reason, message),
    Stalled: stalled ? say("True", reason, message) : null,
  };
}

/** What works goes on working: a failed update or look never takes Ready away (it is left as it was). */
function keepReady(ready: Condition | undefined, reason: Reason, message: string): Verdict | undefined {
  if (ready?.status === "True") return undefined;
  return say("False", reason, message);
}

function refusedReady(
  seen: ObservationLike,
  ready: Condition | undefined,
  decision: { reason: Reason; message: string },
) {
  const lost =
    decision.reason === "DataLost" ||
    decision.reason === "CloudFailed" ||
    decision.reason === "NotFound" ||
    decision.reason === "Conflict";
  if (lost || !seen.exists) return say("False", decision.reason, decision.message);
  return keepReady(ready, decision.reason, decision.message);
}

/** The Portable condition from what the adapter deviates in. */
export function portable(deviations: readonly Deviation[]): Verdict {
  const worst = deviations.find((deviation) => deviation.kind !== "Covered");
  if (!worst || worst.kind === "Covered")
    return say("True", "Portable", "Every field is inside the range that both clouds have.");
  const rest = deviations.filter((deviation) => deviation.kind !== "Covered").length - 1;
  return say(
    "False",
    worst.kind,
    `spec.${worst.field}: ${worst.message}${rest > 0 ? ` (and ${rest} more in status.deviations)` : ""}`,
  );
}

/** The cloud's error with what we were at, for a condition. */
export function errorMessage(error: ProviderError, doing: string): string {
  return `Could not ${error.step ?? doing}: ${error.message} (${error.code})`;
}

/** How a failed call is tried again. */
export const retryOf = (error: ProviderError): RetryClass => FAULTS[error.fault].retry;
