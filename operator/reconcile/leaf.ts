import { ProviderError } from "../provider/fault.ts";
import type { At, Call, Present, Wanted } from "../provider/provider.ts";
import { condition } from "./conditions.ts";
import { type Decision, decide } from "./decide.ts";
import { type Lookups, type Next, type Prepared, prepare, SLOW } from "./gather.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus } from "./leaf-object.ts";
import { type Outcome, retryOf } from "./leaf-status.ts";
import { ANNOTATIONS, hasFinalizer, isDeleting, pollInterval } from "./object.ts";
import { finish, identity, type Pass, type Seen, told } from "./report.ts";

/** What a pass may write to Kubernetes on its way; the caller writes the returned status once at the end. */
export interface LeafHost extends Lookups {
  /** Makes sure that the finalizer is there. Before the first call to a cloud. */
  claim(object: LeafObject): Promise<void>;
  /** Writes part of status now: what must be found again if the process ends in the next moment. */
  record(object: LeafObject, status: LeafStatus): Promise<void>;
  readonly now: () => Date;
  /** Time between two looks at the cloud when nothing happens, in ms. */
  readonly resyncMs: number;
}

/**
 * One pass over one leaf: gather, decide, execute, tell. Level-based: it starts from the object and the cloud, never
 * from an event, so it can be cut off anywhere and run again.
 *
 * Guarantees: no call to a cloud before the finalizer is there; no write to what lacks our marks; a failed observe is
 * never read as absence; status is returned once, equal to the old one when nothing changed.
 */
export async function leafPass<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  object: LeafObject<Spec>,
  host: LeafHost,
  signal: AbortSignal,
): Promise<Pass> {
  const prepared = prepare(leaf, object, host);
  if ("blocked" in prepared) {
    const { reason, message, stalled, next } = prepared.blocked;
    return finish(object, host.now, undefined, { kind: "blocked", reason, message, stalled }, next);
  }
  const { provider } = prepared;
  const call: Call = { signal, owner: prepared.owner, token: `${object.metadata.uid}-${object.metadata.generation}` };
  const at: At = { name: prepared.name, id: object.status?.externalId, footprint: prepared.footprint };
  if (!isDeleting(object) && prepared.policy.management !== "Observe") {
    if (!hasFinalizer(object)) await host.claim(object);
    const before = object.status?.footprint ?? [];
    if (prepared.footprint.some((place) => !before.includes(place)))
      await host.record(object, { ...identity(object, prepared), footprint: prepared.footprint });
  }
  let doing = "look at it";
  let seen: Seen<Want> | undefined;
  try {
    seen = (await provider.observe(at, call)) as Seen<Want>;
    const decision = decide({
      want: prepared.want,
      seen,
      owner: prepared.owner,
      deleting: isDeleting(object),
      known: object.status?.externalId !== undefined,
      applied:
        condition(object.status?.conditions, "Synced")?.status === "True" &&
        object.status?.observedGeneration === object.metadata.generation,
      policy: prepared.policy,
      immutable: provider.immutable,
      succeeds: prepared.environment.succeeds,
      approved: object.metadata.annotations?.[ANNOTATIONS.approve],
    });
    doing = VERBS[decision.do];
    const after = await execute(decision, seen, prepared, at, call);
    return conclude(object, host, prepared, decision, after);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const retry = retryOf(error);
    const next: Next =
      error.retryAfterMs !== undefined
        ? { when: "after", ms: error.retryAfterMs }
        : retry === "backoff"
          ? { when: "backoff" }
          : retry === "slow"
            ? SLOW
            : { when: "change" };
    return finish(object, host.now, prepared, { kind: "failed", error, doing }, next, seen);
  }
}

const VERBS: Record<Decision["do"], string> = {
  create: "create it",
  update: "update it",
  adopt: "mark it as ours",
  delete: "delete it",
  release: "let go of it",
  wait: "look at it",
  refuse: "look at it",
  none: "look at it",
};

/** Carries the decision out and gives back what is there afterwards. */
async function execute<Want extends Wanted>(
  decision: Decision,
  seen: Seen<Want>,
  prepared: Prepared<Want>,
  at: At,
  call: Call,
): Promise<Seen<Want>> {
  const { provider, want } = prepared;
  const present = seen as Present<Want, Readonly<Record<string, string>>>;
  switch (decision.do) {
    case "create": {
      const made = await provider.create(at.name, want, call);
      if (!made.outputs) return { exists: true, id: made.id, phase: "pending", actual: {}, outputs: {} };
      return {
        exists: true,
        id: made.id,
        owner: call.owner,
        phase: "ready",
        actual: (want ?? {}) as Partial<Want>,
        outputs: made.outputs,
      };
    }
    case "adopt":
      await provider.adopt(present, want, call);
      return provider.observe({ ...at, id: present.id }, call);
    case "update":
      await provider.update(present, want, new Set(decision.changes.map((change) => change.field)), call);
      return provider.observe({ ...at, id: present.id }, call);
    case "delete":
      await provider.delete(present, at, call);
      return provider.observe({ ...at, id: present.id }, call);
    case "release":
      if (decision.unmark && provider.release) await provider.release(present, call);
      return seen;
    default:
      return seen;
  }
}

function conclude<Want extends Wanted>(
  object: LeafObject,
  host: LeafHost,
  prepared: Prepared<Want>,
  decision: Decision,
  after: Seen<Want>,
): Pass {
  const outcome: Outcome = { kind: "decided", decision, seen: after };
  const next = nextAfter(decision, after, object, host);
  const pass = finish(object, host.now, prepared, outcome, next, after);
  const released = decision.do === "release" || (decision.do === "delete" && !after.exists);
  return { ...pass, decision, released, notices: [...told(object, decision, after), ...pass.notices] };
}

function nextAfter<Want>(decision: Decision, after: Seen<Want>, object: LeafObject, host: LeafHost): Next {
  const resync: Next = { when: "after", ms: pollInterval(object, host.resyncMs) };
  switch (decision.do) {
    case "wait":
      return decision.afterMs !== undefined ? { when: "after", ms: decision.afterMs } : { when: "backoff" };
    case "refuse":
      return decision.reason === "Immutable" ? { when: "change" } : SLOW;
    case "adopt":
    case "delete":
      return { when: "backoff" };
    default:
      return after.exists && after.phase !== "ready" ? { when: "backoff" } : resync;
  }
}
