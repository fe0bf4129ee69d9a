import type { RunProblem, RunSeen } from "../provider/runs.ts";
import { canonical } from "./canonical.ts";
import { mergeConditions, timestamp, type Verdicts } from "./conditions.ts";
import type { Blocked, Next } from "./gather.ts";
import { verdicts } from "./leaf-status.ts";
import type { Reason } from "./reasons.ts";
import type { Notice } from "./report.ts";
import type { RunObject, RunPhase, RunStatus } from "./run-object.ts";

/** What a pass came to. */
export interface RunPass {
  readonly status: RunStatus;
  /** True: nothing of it runs any more, the finalizer can go. */
  readonly released: boolean;
  /** True: its time after the end is over, the object is to be deleted. */
  readonly expired: boolean;
  readonly next: Next;
  readonly notices: readonly Notice[];
}

type Now = () => Date;
type Ended = Pick<RunSeen, "id" | "problem"> &
  Partial<RunSeen> & { readonly phase: Exclude<RunPhase, "Pending" | "Running"> };

/** The longest texts that status holds, in UTF-16 units; the schema has the same. */
const MAX = { output: 8_192, message: 1_024, code: 256 };

const ENDS = { Succeeded: "It came to its end.", Failed: "It failed.", Cancelled: "It was ended." } as const;

const say = (status: "True" | "False", reason: Reason, message: string) => ({ status, reason, message }) as const;

/** It goes on by itself. */
export const running = (message: string): Verdicts => ({
  Ready: say("False", "Running", message),
  Synced: say("True", "Running", message),
  Reconciling: say("True", "Running", message),
  Stalled: null,
  Paused: null,
});

export const ending = (message: string): Verdicts => ({
  Ready: say("False", "Deleting", message),
  Reconciling: say("True", "Deleting", message),
  Stalled: null,
});

/** The cloud says that it came to an end, which is told once. */
export function ended(object: RunObject, now: Now, seen: Ended): RunPass {
  const { id, phase, startedAt, finishedAt, steps, problem } = seen;
  const output = seen.output === undefined ? undefined : compact(seen.output);
  const status: RunStatus = {
    ...object.status,
    phase,
    externalId: id,
    ...(startedAt && { startedAt }),
    ...(finishedAt && { finishedAt }),
    ...(steps && { steps }),
    ...(output !== undefined && output.length <= MAX.output && { output }),
    ...(problem && { error: shortened(problem) }),
  };
  const said = problem && `${problem.class}${problem.code && ` ${problem.code}`}: ${problem.message}`;
  return over(object, now, { ...status, phase }, said ?? ENDS[phase]);
}

const shortened = (problem: RunProblem): RunProblem => ({
  class: problem.class,
  code: problem.code.slice(0, MAX.code).toWellFormed(),
  message: problem.message.slice(0, MAX.message).toWellFormed(),
});

/** The same text on every cloud: each has spaces and an order of its own in JSON. */
function compact(json: string): string {
  try {
    return canonical(JSON.parse(json));
  } catch {
    return json;
  }
}

/** It was ended before the cloud had it. */
export const neverBegun = (object: RunObject, now: Now): RunPass =>
  over(object, now, { ...object.status, phase: "Cancelled" }, "It was not begun: spec.cancel.");

/** It can't begin, ever: spec can't be changed. */
export function refused(object: RunObject, now: Now, invalid: string): RunPass {
  const error = { class: "Expression", code: "", message: invalid };
  return over(object, now, { ...object.status, phase: "Failed", error }, `spec.${invalid}`);
}

function over(object: RunObject, now: Now, known: RunStatus & Pick<Ended, "phase">, message: string): RunPass {
  const { phase } = known;
  const failed = phase === "Failed";
  const says: Verdicts = {
    Ready: say(phase === "Succeeded" ? "True" : "False", phase, message),
    Synced: say("True", phase, message),
    Reconciling: null,
    Stalled: failed ? say("True", phase, message) : null,
    Paused: null,
  };
  const done = pass(object, now, { finishedAt: timestamp(now()), ...known }, says, { when: "change" });
  const { next, expired } = afterEnd({ ...object, status: done.status }, now);
  const note = `${known.externalId ?? "The run"}: ${message}`;
  return {
    ...done,
    next,
    expired,
    notices: [{ type: failed ? "Warning" : "Normal", reason: phase, action: "Run", note }],
  };
}

/** Something stands in the way; what is known stays. */
export function blocked(object: RunObject, now: Now, { blocked: why }: Blocked): RunPass {
  const { reason, message, stalled, next } = why;
  const before = object.status?.conditions ?? [];
  const says = verdicts({ kind: "blocked", reason, message, stalled }, before, undefined);
  const status = { ...object.status, phase: object.status?.phase ?? ("Pending" as const) };
  const told: Notice[] = before.some((one) => one.type === "Synced" && one.reason === reason)
    ? []
    : [{ type: stalled ? "Warning" : "Normal", reason, action: "Reconcile", note: message }];
  return { ...pass(object, now, status, says, next), notices: told };
}

/** Status with these conditions, on the generation that was looked at. */
export function pass(object: RunObject, now: Now, status: RunStatus, says: Verdicts, next: Next): RunPass {
  const generation = object.metadata.generation ?? 0;
  const conditions = mergeConditions(object.status?.conditions ?? [], says, generation, now);
  return {
    status: { ...status, observedGeneration: generation, conditions },
    released: false,
    expired: false,
    next,
    notices: [],
  };
}

/** What ended is not looked up again; its object may go some time later. */
export function afterEnd(object: RunObject, now: Now): RunPass {
  const status = object.status ?? {};
  const { ttlAfterFinished } = object.spec;
  const same = { status: { ...status, observedGeneration: object.metadata.generation }, released: false, notices: [] };
  if (ttlAfterFinished === undefined) return { ...same, expired: false, next: { when: "change" } };
  const left = Date.parse(status.finishedAt ?? "") + millisecondsOf(ttlAfterFinished) - now().getTime();
  return left > 0
    ? { ...same, expired: false, next: { when: "after", ms: left } }
    : { ...same, expired: true, next: { when: "change" } };
}

/** Of a duration that the schema has taken: `1h30m`. */
function millisecondsOf(duration: string): number {
  const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 };
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!,
    0,
  );
}
