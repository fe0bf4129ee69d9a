import { ProviderError } from "../provider/fault.ts";
import { SETTLING_MS } from "../provider/provider.ts";
import type { RunSeen } from "../provider/runs.ts";
import { timestamp } from "./conditions.ts";
import { notServed } from "./environment-view.ts";
import { type Blocked, elsewhere, type Next } from "./gather.ts";
import { block, resolve } from "./gather-references.ts";
import { nextAfterFault } from "./leaf.ts";
import type { LeafObject } from "./leaf-object.ts";
import { retryOf, verdicts } from "./leaf-status.ts";
import { ANNOTATIONS, hasFinalizer, isDeleting, isPaused } from "./object.ts";
import type { RunKind, RunObject, RunSpec, RunStatus } from "./run-object.ts";
import { afterEnd, blocked, ended, ending, neverBegun, pass, type RunPass, refused, running } from "./run-report.ts";
import { bring, waitOf } from "./run-signals.ts";
import { dueOf, LOOK_MS, ofRun, type PlaceOfRun, type RunHost, SOON, type Work } from "./run-work.ts";

const CHANGE: Next = { when: "change" };
/** Whoever waits for a place is told when one becomes free; more of them may be allowed meanwhile. */
const WAIT: Next = { when: "after", ms: 60_000 };

/**
 * One pass over one run: starts it, follows it to its end, ends it where that is asked.
 *
 * Guarantees: a start is recorded before it is sent, on the latest state of the object; where one may have been sent before,
 * the cloud is asked first, and not believed to have none before it has settled. So each object has one run at most,
 * whatever is cut off. An end that was seen is never looked up again.
 */
export function runPass<Spec extends RunSpec>(
  kind: RunKind<Spec>,
  object: RunObject<Spec>,
  host: RunHost,
  signal: AbortSignal,
): Promise<RunPass> {
  const work = { kind, object, host, signal };
  const { attemptedAt, finishedAt } = object.status ?? {};
  if (isDeleting(object)) return failing(work, "end it", () => end(work));
  if (finishedAt !== undefined) return Promise.resolve(afterEnd(object, host.now));
  if (attemptedAt === undefined) return begin(work);
  return failing(work, "look at it", () => follow(work));
}

/** What a cloud answers wrongly is told; nothing that is known is forgotten over it. */
async function failing<Spec extends RunSpec>(
  { object, host }: Work<Spec>,
  doing: string,
  run: () => Promise<RunPass>,
): Promise<RunPass> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const before = object.status?.conditions ?? [];
    const retry = retryOf(error, before, host.now());
    const says = verdicts({ kind: "failed", error, doing, retry }, before, undefined);
    return pass(object, host.now, object.status ?? {}, says, nextAfterFault(error, retry));
  }
}

/** Starts what nobody has tried to start. */
async function begin<Spec extends RunSpec>(work: Work<Spec>): Promise<RunPass> {
  const { kind, object, host } = work;
  if (object.spec.cancel) return neverBegun(object, host.now);
  if (isPaused(object))
    return blocked(object, host.now, block("Paused", `The annotation ${ANNOTATIONS.paused} is "true".`, false, CHANGE));
  const of = targetOf(work);
  if ("blocked" in of) return blocked(object, host.now, of);
  const place = placeOf(work, of.object.status?.environment);
  if ("blocked" in place) return blocked(object, host.now, place);
  const most = kind.most(of.object);
  if (most !== undefined && !host.admit(object, most)) return blocked(object, host.now, atMost(most));
  const { environment } = place;
  return start(work, of.object, place, {
    phase: "Pending",
    environment: environment.name,
    cloud: environment.cloud,
    account: environment.who.account,
    region: environment.place.region,
    workflowId: of.id,
    attemptedAt: timestamp(host.now()),
  });
}

const atMost = (most: number): Blocked =>
  block(
    "Waiting",
    `${most === 1 ? "One run is" : `${most} runs are`} under way, which is the most: spec.maxRuns of what it runs.`,
    false,
    WAIT,
  );

async function start<Spec extends RunSpec>(
  work: Work<Spec>,
  of: LeafObject,
  { runs, call }: PlaceOfRun,
  known: RunStatus & { readonly attemptedAt: string; readonly workflowId: string },
): Promise<RunPass> {
  const { kind, object, host } = work;
  const given = kind.input(object.spec, of);
  if ("invalid" in given) return refused(object, host.now, given.invalid);
  if (!hasFinalizer(object)) await host.claim(object);
  const status = { ...object.status, ...known, triedAt: timestamp(host.now()) };
  await host.begin(object, status);
  const begun = { ...object, status };
  return failing({ ...work, object: begun }, "start it", async () => {
    const run = { id: object.metadata.uid ?? "", startedAt: known.attemptedAt, input: given.input };
    const { id } = await runs.start(known.workflowId, run, call);
    const started: RunStatus = { ...status, phase: "Running", externalId: id, startedAt: timestamp(host.now()) };
    return {
      ...pass(begun, host.now, started, running("It has begun."), SOON),
      notices: [{ type: "Normal", reason: "Running", action: "Start", note: `Started ${id}` }],
    };
  });
}

/** What was or may have been started. */
async function follow<Spec extends RunSpec>(work: Work<Spec>): Promise<RunPass> {
  const { object, host } = work;
  const status = object.status ?? {};
  const place = placeOf(work, status.environment);
  if ("blocked" in place) return blocked(object, host.now, place);
  const { runs, call } = place;
  const found = await runs.find(status.workflowId ?? "", status.externalId, call);
  if (!found) return unseen(work, place);
  const seen = withTasks(work, found);
  const { phase } = seen;
  if (phase !== "Running") return ended(object, host.now, { ...seen, phase });
  const known = {
    ...status,
    phase,
    externalId: seen.id,
    startedAt: seen.startedAt,
    steps: seen.steps,
  };
  if (!object.spec.cancel) {
    const waits = waitOf(work, seen);
    const given = waits && (await bring(work, place, waits, known));
    return given ?? pass(object, host.now, known, running(waits?.says ?? underWay(seen)), dueOf(object, host));
  }
  await runs.stop(seen.id, call);
  return pass(object, host.now, known, running("It is being ended: spec.cancel."), SOON);
}

/** Steps by the paths of their tasks, as far as the definition of now has them. */
function withTasks<Spec extends RunSpec>(work: Work<Spec>, seen: RunSeen): RunSeen {
  const of = ofRun(work);
  if (!of || seen.steps.length === 0) return seen;
  const tasks = work.kind.tasks(of);
  return { ...seen, steps: seen.steps.map((step) => ({ ...step, task: tasks.get(step.task) ?? step.task })) };
}

/** The cloud knows of no such run. */
async function unseen<Spec extends RunSpec>(work: Work<Spec>, place: PlaceOfRun): Promise<RunPass> {
  const { object, host } = work;
  const status = object.status ?? {};
  const { externalId, attemptedAt, workflowId } = status;
  const again = externalId === undefined && !object.spec.cancel;
  const leftMs = unsettledMs(object, host, again ? place.runs.settlingMs : SETTLING_MS);
  if (leftMs > 0) {
    const next: Next = { when: "after", ms: Math.min(leftMs, LOOK_MS.most) };
    return pass(object, host.now, status, running("The cloud does not show it yet."), next);
  }
  if (externalId !== undefined) {
    const message = `The cloud no longer knows ${externalId}: it was deleted there, or with what it ran.`;
    const problem = { class: "Lost", code: "", message };
    return ended(object, host.now, { id: externalId, phase: "Failed", problem });
  }
  if (object.spec.cancel || attemptedAt === undefined || workflowId === undefined) return neverBegun(object, host.now);
  const of = targetOf(work);
  if ("blocked" in of) return blocked(object, host.now, of);
  return start(work, of.object, place, { attemptedAt, workflowId });
}

/** The object is being deleted: what runs is ended first. */
async function end<Spec extends RunSpec>(work: Work<Spec>): Promise<RunPass> {
  const { object, host } = work;
  const status = object.status ?? {};
  const gone: RunPass = { status, released: true, expired: false, next: CHANGE, notices: [] };
  if (status.attemptedAt === undefined || status.finishedAt !== undefined) return gone;
  const place = placeOf(work, status.environment);
  if ("blocked" in place) return blocked(object, host.now, place);
  const { runs, call } = place;
  const seen = await runs.find(status.workflowId ?? "", status.externalId, call);
  const maybe = !seen && status.externalId === undefined && unsettledMs(object, host, SETTLING_MS) > 0;
  if (!maybe && seen?.phase !== "Running") return gone;
  if (seen) await runs.stop(seen.id, call);
  return pass(object, host.now, status, ending("It is being ended: the object is being deleted."), SOON);
}

/** What is run, once it is there. */
function targetOf<Spec extends RunSpec>({ kind, object, host }: Work<Spec>) {
  const { namespace = "" } = object.metadata;
  const { field, kind: ofKind, name, idOutput } = kind.of(object.spec);
  const of = host.lookup(ofKind, name, namespace);
  const lookups = { environments: host.environments, lookup: () => of };
  const resolved = resolve([{ field, kind: ofKind, name }], namespace, lookups);
  if ("blocked" in resolved) return resolved;
  return { object: of as LeafObject, id: resolved.targets.get(field)?.outputs[idOutput] ?? "" };
}

function placeOf<Spec extends RunSpec>(
  { kind, object, host, signal }: Work<Spec>,
  name: string | undefined,
): Blocked | PlaceOfRun {
  const environment = host.environments.get(name);
  if ("problem" in environment)
    return block(environment.problem.reason, environment.problem.message, false, { when: "backoff" });
  const not = notServed(environment, object.metadata.namespace);
  if (not) return block(not.reason, not.message, true, CHANGE);
  const moved = elsewhere(object.status ?? {}, environment);
  if (moved) return block("EnvironmentNotReady", moved, true, CHANGE);
  const provider = environment.provider(kind.of(object.spec).kind);
  const runs = "unsupported" in provider ? undefined : provider.runs;
  if (!runs) return block("Unsupported", `${kind.kind} is not available on ${environment.cloud}.`, true, CHANGE);
  const { namespace = "", name: own, uid = "" } = object.metadata;
  const owner = {
    environment: environment.name,
    cluster: environment.place.cluster,
    namespace,
    kind: kind.kind,
    name: own,
    uid,
  };
  return { environment, runs, call: { signal, token: uid, owner } };
}

/** How long what was last tried may not show yet, in ms. */
const unsettledMs = ({ status }: RunObject, host: RunHost, settlingMs: number): number =>
  Date.parse(status?.triedAt ?? "") + settlingMs - host.now().getTime();

function underWay({ steps }: RunSeen): string {
  const at = steps.filter(({ state }) => state === "Running").map(({ task }) => task);
  return at.length > 0 ? `It is at ${at.slice(0, 3).join(", ")}.` : "It is under way.";
}
