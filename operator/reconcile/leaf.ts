import { ProviderError } from "../provider/fault.ts";
import { type At, type Call, createIntent, type Present, type Wanted } from "../provider/provider.ts";
import type { Attempts } from "./attempts.ts";
import { confidential, copyOf } from "./confidential.ts";
import { type Copies, dropCopy, withCopy } from "./copy.ts";
import { outdated, writes } from "./current.ts";
import { type Decision, isRestorable } from "./decide.ts";
import { type Change, diff } from "./diff.ts";
import { type Lookups, type Next, type Prepared, prepare, SLOW } from "./gather.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus, Means } from "./leaf-object.ts";
import { type ObservationLike, type Outcome, retryOf } from "./leaf-status.ts";
import { decideKnowing, look } from "./look.ts";
import { blueprintOf, hasFinalizer, isDeleting, pollInterval } from "./object.ts";
import { progressOf } from "./progress.ts";
import type { RetryClass } from "./reasons.ts";
import { beginReplacement, type Tidied, tidyReplaced, waitingOnes } from "./replacement.ts";
import { finish, identity, type Pass, type Seen, told, withoutUndefined } from "./report.ts";
import { situationOf } from "./situation.ts";

/** What a pass may write to Kubernetes on its way; the caller writes the returned status once at the end. */
export interface LeafHost extends Lookups {
  /** Makes sure that the finalizer is there. Before the first call to a cloud. */
  claim(object: LeafObject): Promise<void>;
  /** Writes part of status now: what must be found again if the process ends in the next moment. */
  record(object: LeafObject, status: LeafStatus): Promise<void>;
  /** Whether the API server holds what is here, or held it when this process already led. Absent: it does. */
  isCurrent?(object: LeafObject): Promise<boolean>;
  /** What is known of creates of which status does not tell. */
  readonly attempts: Attempts;
  /** What values are made with. Absent: nothing here has any. */
  readonly means?: Means | undefined;
  /** Where copies of values are kept. Absent: nothing here has any. */
  readonly copies?: Copies | undefined;
  readonly now: () => Date;
  /** Time between two looks at the cloud when nothing happens, in ms. */
  readonly resyncMs: number;
}

/**
 * One pass over one leaf: gather, decide, execute, tell. Level-based: it starts from the object and the cloud, never
 * from an event, so it can be cut off anywhere and run again.
 *
 * Guarantees: no call to a cloud without the finalizer, but for looking under managementPolicy Observe; no write to a cloud
 * for an object of which the API server had a later state before this process led; no write to what lacks our marks; a
 * failed observe is never read as absence; status is returned once, equal to the old one when nothing changed.
 */
export async function leafPass<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  object: LeafObject<Spec>,
  host: LeafHost,
  signal: AbortSignal,
): Promise<Pass> {
  const pass = await workOn(leaf, object, host, signal);
  if (!pass.released || !host.copies) return pass;
  try {
    await dropCopy(object, pass.decision, leaf.copy?.(object.spec), host.copies);
    return pass;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const retry = retryOf(error, object.status?.conditions ?? [], host.now());
    const outcome: Outcome = { kind: "failed", error, doing: "delete the copy of its value", retry };
    return finish(object, host.now, undefined, outcome, retry === "backoff" ? { when: "backoff" } : SLOW);
  }
}

async function workOn<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  object: LeafObject<Spec>,
  host: LeafHost,
  signal: AbortSignal,
): Promise<Pass> {
  if (isDeleting(object) && (!hasFinalizer(object) || object.spec.managementPolicy === "Observe")) return letGo(object);
  if (blueprintOf(object) !== undefined && object.status?.externalName === undefined)
    return isDeleting(object)
      ? letGo(object)
      : finish(object, host.now, undefined, { kind: "off" }, { when: "change" });
  const gathered = prepare(leaf, object, host);
  if ("blocked" in gathered) {
    const { reason, message, stalled, next, nothingMade } = gathered.blocked;
    if (nothingMade && isDeleting(object)) return letGo(object);
    return finish(object, host.now, undefined, { kind: "blocked", reason, message, stalled }, next);
  }
  let prepared = gathered;
  const { provider } = prepared;
  const { means } = host;
  const call: Call = {
    signal,
    owner: prepared.owner,
    token: `${object.metadata.uid}-${object.metadata.generation}`,
    ...(leaf.value && means ? { value: () => confidential(leaf, object.spec, means) } : {}),
  };
  let recorded = object.status ?? {};
  const record = async (status: LeafStatus) => {
    await host.record(object, status);
    recorded = status;
  };
  let asked: Promise<boolean> | undefined;
  const isCurrent = () => {
    asked ??= host.isCurrent?.(object) ?? Promise.resolve(true);
    return asked;
  };
  if (!isDeleting(object) && prepared.policy.management !== "Observe") {
    if (!hasFinalizer(object)) {
      await host.claim(object);
      // It was put on this very state, or it would have been a conflict.
      asked = Promise.resolve(true);
    }
    const before = object.status?.footprint ?? [];
    if (prepared.footprint.some((place) => !before.includes(place)))
      await record({ ...identity(object, prepared), footprint: prepared.footprint });
  }
  let doing = "look at it";
  let during: Decision["do"] | undefined;
  let seen: Seen<Want> | undefined;
  let unsend: (() => void) | undefined;
  try {
    if (isDeleting(object) && waitingOnes(object.status).length > 0) {
      if (!(await isCurrent())) return outdated(recorded);
      doing = "let go of the one that it replaced";
      const tidied = await tidyReplaced(object.status ?? {}, prepared, call);
      if (tidied.waiting) return stillThere(object, host, tidied);
    }
    doing = "look at it";
    const found = await look(prepared, object, call);
    const { at } = found;
    ({ prepared, seen } = found);
    const situation = situationOf(object, prepared, seen, host.now(), host.attempts.quietMs(call.owner.uid));
    const decision = await decideKnowing(situation, prepared, call);
    if (writes(decision) && !(await isCurrent())) return outdated(recorded);
    during = decision.do;
    doing = VERBS[decision.do];
    if (decision.do === "replace" && seen.exists) return beginReplacement(object, host.now, prepared, decision, seen);
    if (decision.do === "delete" && decision.backup && seen.exists) {
      doing = "make a final backup of it";
      const backup = await provider.finalBackup?.(seen, call);
      if (backup && !backup.ready)
        return conclude(leaf, object, host, prepared, backingUp(backup.id), seen, false, call);
      doing = VERBS[decision.do];
    }
    if (decision.do === "create" && provider.recordsIntent) {
      prepared = withIntent(prepared);
      await record({ ...identity(object, prepared), footprint: prepared.footprint });
    }
    if (decision.do === "create") unsend = host.attempts.sent(call.owner.uid);
    const meanwhile = "later" in decision ? (decision.later?.meanwhile as Want | undefined) : undefined;
    const made = await execute(decision, seen, prepared, at, call, meanwhile ?? prepared.want);
    doing = "look at it again";
    const id = decision.do === "delete" ? undefined : (idOf(seen) ?? at.id);
    const after = made ?? ((await provider.observe({ ...at, id }, call)) as Seen<Want>);
    const pass = await conclude(leaf, object, host, prepared, decision, after, situation.applied, call);
    if (!serves(pass, after) || waitingOnes(pass.status).length === 0) return pass;
    if (!(await isCurrent())) return outdated(recorded);
    doing = "let go of the one that it replaced";
    const { replaced, waiting, notices } = await tidyReplaced(pass.status, prepared, call);
    return {
      ...pass,
      status: withoutUndefined({ ...pass.status, replaced }),
      next: waiting ? { when: "backoff" } : pass.next,
      notices: [...pass.notices, ...notices],
    };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (madeNothing(error)) unsend?.();
    const retry = retryOf(error, object.status?.conditions ?? [], host.now());
    const outcome: Outcome = { kind: "failed", error, doing, during, retry };
    return finish(object, host.now, prepared, outcome, nextAfterFault(error, retry), seen);
  }
}

/** The budget of its service already paces who asks a cloud that throttles: longer waits would only leave it idle. */
const THROTTLED_AT_MOST_MS = 15_000;

export function nextAfterFault({ fault, retryAfterMs }: ProviderError, retry: RetryClass): Next {
  if (retryAfterMs !== undefined) return { when: "after", ms: retryAfterMs };
  if (retry === "slow") return SLOW;
  if (retry === "never") return { when: "change" };
  return fault === "throttled" ? { when: "backoff", atMostMs: THROTTLED_AT_MOST_MS } : { when: "backoff" };
}

/** The cloud refused the create as a whole. A later step of one that has several says nothing of those before it. */
const madeNothing = ({ fault, step }: ProviderError): boolean => fault !== "transient" && step === undefined;

/** What takes the place of another one is as spec asks, and can be used. */
const serves = ({ decision, next }: Pass, after: ObservationLike): boolean =>
  next.when === "after" && isAtRest(after) && decision?.do !== "refuse" && decision?.do !== "wait";

const backingUp = (id: string): Decision => ({
  do: "wait",
  reason: "Deleting",
  message: `The cloud is making the final backup ${id}; then it is deleted.`,
});

/** The object goes, and what it replaced is still on its way out. */
function stillThere(object: LeafObject, host: LeafHost, { replaced, notices }: Tidied): Pass {
  const message = `The cloud is deleting ${replaced?.find((one) => one.state === "Waiting")?.externalId}, which was replaced.`;
  const decision: Decision = { do: "wait", reason: "Deleting", message };
  const outcome: Outcome = { kind: "decided", decision, seen: { exists: false }, applied: false, left: [] };
  const status = withoutUndefined({ ...object.status, replaced });
  const pass = finish({ ...object, status }, host.now, undefined, outcome, { when: "backoff" });
  return { ...pass, decision, notices };
}

const VERBS: Record<Decision["do"], string> = {
  create: "create it",
  update: "update it",
  adopt: "mark it as ours",
  delete: "delete it",
  release: "let go of it",
  replace: "replace it",
  wait: "look at it",
  refuse: "look at it",
  none: "look at it",
};

/** The footprint with the intent to create, which the status keeps until the resource was seen to be as it should. */
function withIntent<Want extends Wanted>(prepared: Prepared<Want>): Prepared<Want> {
  const intent = createIntent(prepared.name);
  return { ...prepared, footprint: [...new Set([...prepared.footprint, intent])].sort() };
}

const idOf = (seen: { exists: false } | { exists: true; id: string }): string | undefined =>
  seen.exists ? seen.id : undefined;

/** The object goes and the cloud is not asked: it made nothing, only observed, or its finalizer was taken off by hand. */
function letGo(object: LeafObject): Pass {
  const message = "Nothing of it is in a cloud that would be ours to delete.";
  return {
    status: object.status ?? {},
    released: true,
    next: { when: "change" },
    notices: [],
    decision: { do: "release", reason: "Retained", message, unmark: false },
  };
}

/** Carries the decision out. Gives back what is there afterwards, or undefined when that has to be looked at. */
async function execute<Want extends Wanted>(
  decision: Decision,
  seen: Seen<Want>,
  prepared: Prepared<Want>,
  at: At,
  call: Call,
  want: Want | undefined,
): Promise<Seen<Want> | undefined> {
  const { provider } = prepared;
  const present = seen as Present<Want, Readonly<Record<string, string>>>;
  switch (decision.do) {
    case "create": {
      const { id, outputs, versions } = await provider.create(at.name, want, call);
      const made = { exists: true, id, owner: call.owner } as const;
      if (!outputs) return { ...made, phase: "pending", actual: {}, outputs: {} };
      return { ...made, phase: "ready", actual: (want ?? {}) as Partial<Want>, outputs, versions };
    }
    case "adopt":
      await provider.adopt(present, want, call);
      return undefined;
    case "update":
      await provider.update(present, want, new Set(decision.changes.map((change) => change.field)), call);
      return undefined;
    case "delete":
      await provider.delete(present, at, call);
      return undefined;
    case "release":
      if (decision.unmark && provider.release) await provider.release(present, call);
      return seen;
    default:
      return seen;
  }
}

async function conclude<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  object: LeafObject<Spec>,
  host: LeafHost,
  prepared: Prepared<Want>,
  decision: Decision,
  after: Seen<Want>,
  applied: boolean,
  call: Call,
): Promise<Pass> {
  const left = leftOver(prepared, decision, after);
  const copied = await copyOf(leaf, object, host, prepared, decision, after, call);
  const { trouble } = copied;
  const outcome: Outcome = { kind: "decided", decision, seen: after, applied, left, trouble };
  const usual: Next = left.length > 0 ? { when: "backoff" } : nextAfter(decision, after, object, host);
  const progress = progressOf(prepared.want, after);
  const next = usual.when !== "backoff" ? (trouble?.next ?? usual) : progress ? { ...usual, progress } : usual;
  const finished = finish(object, host.now, prepared, outcome, next, after);
  const pass = { ...finished, status: withCopy(finished.status, copied.syncedTo) };
  const released = decision.do === "release" || (decision.do === "delete" && (!after.exists || isRestorable(after)));
  return { ...pass, decision, released, notices: [...told(object, decision, after), ...pass.notices] };
}

/** What a write was to put right and did not yet. */
function leftOver<Want extends Wanted>(
  { want, policy }: Prepared<Want>,
  decision: Decision,
  after: Seen<Want>,
): readonly Change[] {
  const meant =
    decision.do === "create" ||
    decision.do === "adopt" ||
    (decision.do === "update" && decision.because !== "deletion");
  if (!meant || !want || !after.exists || policy.management === "CreateOnly") return [];
  return diff(want, after.actual);
}

function nextAfter<Want>(decision: Decision, after: Seen<Want>, object: LeafObject, host: LeafHost): Next {
  const resync: Next = { when: "after", ms: pollInterval(object, host.resyncMs) };
  switch (decision.do) {
    case "wait":
      return decision.afterMs !== undefined ? { when: "after", ms: decision.afterMs } : { when: "backoff" };
    case "refuse":
      return SLOW;
    case "adopt":
    case "delete":
      return { when: "backoff" };
    case "update":
      return decision.because === "deletion" || !isAtRest(after) ? { when: "backoff" } : resync;
    case "none":
      return after.exists && !isAtRest(after) ? { when: "backoff" } : resync;
    default:
      return isAtRest(after) ? resync : { when: "backoff" };
  }
}

const isAtRest = (seen: ObservationLike): boolean => seen.exists && seen.phase === "ready";
