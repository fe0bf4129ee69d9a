import type { ProviderError } from "../provider/fault.ts";
import type { Deviation } from "../provider/provider.ts";
import type { Condition, Verdict, Verdicts } from "./conditions.ts";
import { condition } from "./conditions.ts";
import type { Decision } from "./decide.ts";
import { type Change, describe } from "./diff.ts";
import { FAULTS, type Reason, type RetryClass } from "./reasons.ts";

/** What one pass came to, before it is put into words. */
export type Outcome =
  | {
      readonly kind: "decided";
      readonly decision: Decision;
      /** What is there after the decision was carried out. */
      readonly seen: ObservationLike;
      /** Just this want was in force before the pass. */
      readonly applied: boolean;
      /** What still differs although it was to be put right: the cloud takes it in steps, or does not show it yet. */
      readonly left: readonly Change[];
      /** What went wrong beside the cloud, with the copy of a value. */
      readonly trouble?: { readonly reason: Reason; readonly message: string; readonly stalled: boolean } | undefined;
    }
  /** It is switched off, and was so from the beginning: nothing was looked at. */
  | { readonly kind: "off" }
  | { readonly kind: "blocked"; readonly reason: Reason; readonly message: string; readonly stalled: boolean }
  | {
      readonly kind: "failed";
      readonly error: ProviderError;
      /** For people. */
      readonly doing: string;
      /** What was decided, when it came to that. */
      readonly during?: Decision["do"] | undefined;
      readonly retry: RetryClass;
    };

/** The part of an Observation that verdicts need. */
export type ObservationLike =
  | { readonly exists: false }
  | {
      readonly exists: true;
      readonly phase: "ready" | "pending" | "deleting" | "failed";
      readonly message?: string | undefined;
    };

const say = (status: Verdict["status"], reason: Reason, message: string): Verdict => ({ status, reason, message });
const AVAILABLE = say("True", "Available", "It is there and usable.");
const SYNCED = say("True", "Available", "The last look at the cloud found what spec asks, or made it so.");
const NONE = say("True", "Available", "There is none in the cloud, and there need not be: spec.optional.");
const LEFT = say("True", "Available", "The cloud differs from spec and is left so by policy; Drifted tells where.");

/** The conditions that a pass sets. `before` keeps Ready where a pass must not take it away. */
export function verdicts(outcome: Outcome, before: readonly Condition[], off: OffState): Verdicts {
  const paused = off ? say("True", off.reason, off.message) : null;
  const base = outcomeVerdicts(outcome, condition(before, "Ready"), off);
  return { ...base, Paused: paused };
}

/** Why the object is not worked on: by its metadata, or disabled in spec. */
export type OffState = { readonly reason: "Paused" | "Blueprint" | "Disabled"; readonly message: string } | undefined;

type Decided = Extract<Outcome, { kind: "decided" }>;

function outcomeVerdicts(outcome: Outcome, ready: Condition | undefined, off: OffState): Verdicts {
  switch (outcome.kind) {
    case "off":
      return {
        Ready: off ? say("False", off.reason, off.message) : null,
        Synced: off ? say("Unknown", off.reason, `Spec is not applied: ${off.message}`) : null,
        Reconciling: null,
        Stalled: null,
      };
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
      return troubled(decided(outcome, ready, off), outcome, ready);
  }
}

function troubled(base: Verdicts, { trouble }: Decided, ready: Condition | undefined): Verdicts {
  if (!trouble) return base;
  const { reason, message, stalled } = trouble;
  return { ...base, ...notSynced(reason, message, stalled, keepReady(ready, reason, message)) };
}

function failed({ error, doing, retry }: Extract<Outcome, { kind: "failed" }>, ready: Condition | undefined): Verdicts {
  const { reason } = FAULTS[error.fault];
  const message = errorMessage(error, doing);
  return notSynced(reason, message, retry !== "backoff", keepReady(ready, reason, message));
}

function decided(outcome: Decided, ready: Condition | undefined, off: OffState): Verdicts {
  const { decision, seen } = outcome;
  switch (decision.do) {
    case "wait":
      return waiting(outcome, decision.reason, decision.message, ready);
    case "refuse":
      return {
        ...notSynced(decision.reason, decision.message, true, refusedReady(seen, ready, decision)),
        Drifted: null,
      };
    case "release":
      return gone(decision.reason, decision.message);
    case "delete":
      return seen.exists
        ? waiting(outcome, "Deleting", seen.message ?? "The cloud is deleting it.", undefined)
        : gone("Deleted", "It is gone from the cloud.");
    default:
      return settled(outcome, ready, off);
  }
}

/** Nothing of it is ours any more. */
const gone = (reason: Reason, message: string): Verdicts => ({
  Ready: say("False", reason, message),
  Synced: say("True", reason, message),
  Reconciling: null,
  Stalled: null,
  Drifted: null,
});

/** What is changed in the cloud stays usable meanwhile; what isn't there or goes away isn't. */
function waiting(outcome: Decided, why: Reason, message: string, ready: Condition | undefined): Verdicts {
  const { seen } = outcome;
  const reason = why === "Updating" && ready?.status !== "True" ? "Creating" : why;
  const usable = seen.exists && seen.phase !== "deleting";
  return {
    Ready: usable ? keepReady(ready, reason, message) : say("False", reason, message),
    Synced: outcome.applied ? SYNCED : say("Unknown", reason, message),
    Reconciling: say("True", reason, message),
    Stalled: null,
    Drifted: null,
  };
}

function settled(outcome: Decided, before: Condition | undefined, off: OffState): Verdicts {
  const { decision, seen, applied } = outcome;
  const drift = decision.do === "none" ? decision.drift : [];
  const working = workInProgress(seen, before) ?? unfinished(outcome, before);
  const usable = seen.exists && (seen.phase === "ready" || (seen.phase === "pending" && before?.status === "True"));
  const missing = off ? say("False", off.reason, off.message) : say("False", "Creating", "It is not there yet.");
  const complete = outcome.left.length === 0;
  if (decision.do === "none" && decision.optional)
    return { Ready: NONE, Synced: NONE, Reconciling: null, Stalled: null, Drifted: null };
  return {
    Ready: usable && (complete || before?.status === "True") ? AVAILABLE : (working ?? missing),
    Synced:
      off && !applied
        ? say("Unknown", off.reason, `Spec is not applied: ${off.message}`)
        : !complete && working
          ? { ...working, status: "Unknown" }
          : drift.length > 0
            ? LEFT
            : SYNCED,
    Reconciling: off || !working ? null : { ...working, status: "True" },
    Stalled: null,
    Drifted:
      drift.length === 0
        ? null
        : say("True", "DriftDetected", `Cloud → spec: ${drift.slice(0, 3).map(describe).join("; ")}`),
  };
}

/** Why it isn't at rest, as the verdict of Ready if it was not usable before. */
function workInProgress(seen: ObservationLike, before: Condition | undefined): Verdict | null {
  if (!seen.exists || seen.phase === "ready") return null;
  switch (seen.phase) {
    case "pending":
      return say(
        "False",
        before?.status === "True" ? "Updating" : "Creating",
        seen.message ?? "The cloud is working on it.",
      );
    case "deleting":
      return say("False", "Deleting", seen.message ?? "The cloud is deleting it.");
    case "failed":
      return say("False", "CloudFailed", seen.message ?? "The cloud reports it as failed.");
  }
}

function unfinished({ left }: Decided, before: Condition | undefined): Verdict | null {
  if (left.length === 0) return null;
  const fields = [...new Set(left.map(({ field }) => field))].join(", ");
  return say("False", before?.status === "True" ? "Updating" : "Creating", `Still to be put in force: ${fields}.`);
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

/** Reasons that say: what was there can't be relied on any more. */
const LOST: readonly Reason[] = ["DataLost", "CloudFailed", "NotFound", "Conflict"];

function refusedReady(
  seen: ObservationLike,
  ready: Condition | undefined,
  { reason, message, consent }: Extract<Decision, { do: "refuse" }>,
): Verdict | undefined {
  // All but what can't be undone is as spec asks.
  if (consent?.act === "lock" && seen.exists && seen.phase === "ready") return AVAILABLE;
  if (LOST.includes(reason) || !seen.exists) return say("False", reason, message);
  return keepReady(ready, reason, message);
}

/** The Portable condition from what the adapter deviates in. */
export function portable(deviations: readonly Deviation[]): Verdict {
  const [worst, ...rest] = deviations.filter((deviation) => deviation.kind !== "Covered");
  if (!worst || worst.kind === "Covered")
    return say("True", "Portable", "Every field is inside the range that both clouds have.");
  const more = rest.length > 0 ? ` (and ${rest.length} more in status.deviations)` : "";
  return say("False", worst.kind, `spec.${worst.field}: ${worst.message}${more}`);
}

/** The cloud's error with what we were at, for a condition. */
export function errorMessage(error: ProviderError, doing: string): string {
  const code = error.message.includes(error.code) || error.code === error.fault ? "" : ` (${error.code})`;
  return `Could not ${error.step ?? doing}: ${error.message}${code}`;
}

/** How long a right that was just granted may not be in force yet. Google: two minutes, seven and more at times. */
const GRANT_MS = 10 * 60_000;

/** How a failed call is tried again. Who is denied may have been granted it a moment ago: at first that is waited for. */
export function retryOf(error: ProviderError, before: readonly Condition[], now: Date): RetryClass {
  const { reason, retry } = FAULTS[error.fault];
  if (error.fault !== "denied") return retry;
  const synced = condition(before, "Synced");
  const known = synced?.status === "False" && synced.reason === reason;
  return known && now.getTime() - Date.parse(synced.lastTransitionTime) >= GRANT_MS ? retry : "backoff";
}
