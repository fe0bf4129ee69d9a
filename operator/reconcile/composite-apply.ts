import { asApplied, claimOf, decideChild, type Parent } from "./children.ts";
import type { CompositeHost } from "./composite-host.ts";
import {
  apiVersionOf,
  type Child,
  type ChildKind,
  type ChildRef,
  kindOf,
  type Manifest,
  type PendingChild,
  refOf,
  refText,
} from "./composite-object.ts";
import { missingApi, type Refusal, refusal } from "./composite-refusal.ts";
import type { Trouble } from "./composite-status.ts";
import type { Next } from "./gather.ts";
import type { KubeObject } from "./object.ts";
import type { Reason } from "./reasons.ts";

/** What became of the children. */
export interface Applied {
  /** By id: what is there now. */
  readonly live: ReadonlyMap<string, KubeObject>;
  readonly troubles: readonly Trouble[];
  readonly created: readonly ChildRef[];
  readonly changed: readonly ChildRef[];
  readonly takenOver: readonly ChildRef[];
  /** Every child is as it should be in the API, well or not: what is no longer composed may go. */
  readonly complete: boolean;
  /** When to come back because of a refusal. */
  readonly retry: Next | undefined;
}

/** What applying needs besides the children. */
export interface ApplyContext {
  readonly parent: Parent;
  readonly uses: readonly ChildKind[];
  /** Kinds among `uses` that the cluster does not serve. */
  readonly unserved: ReadonlySet<ChildKind>;
  readonly fieldManager: string;
  readonly host: CompositeHost;
  readonly signal: AbortSignal;
}

/** Applies the children in their order, each once what it comes after is there. One that fails holds up no other. */
export async function applyChildren(
  children: readonly (Child | PendingChild)[],
  context: ApplyContext,
): Promise<Applied> {
  const live = new Map<string, KubeObject>();
  const troubles = new Map<string, Trouble>();
  const unapplied = new Set<string>();
  const done = { created: [] as ChildRef[], changed: [] as ChildRef[], takenOver: [] as ChildRef[] };
  const retries: Next[] = [];

  const trouble = (one: Child | PendingChild, state: Trouble["state"], why: { reason: Reason; message: string }) => {
    const found = live.get(one.id);
    const usable =
      ("companion" in one && one.companion === true) || (found !== undefined && (healthOf(one, found)?.usable ?? true));
    const child = refText(childRef(one));
    troubles.set(one.id, { child, state, usable, reason: why.reason, message: why.message });
  };
  const held = (one: Child | PendingChild, state: Trouble["state"], why: { reason: Reason; message: string }) => {
    unapplied.add(one.id);
    trouble(one, state, why);
  };
  const refused = (child: Child, why: Refusal) => {
    retries.push(why.next);
    held(child, "refused", why);
  };

  for (const one of children) {
    const cached = context.host.live(childRef(one), context.parent.namespace);
    if (cached && claimOf(cached, context.parent) === "ours") live.set(one.id, cached);
    if ("pending" in one) {
      held(one, "working", one.pending);
      continue;
    }
    const kind = kindOf(context.uses, refOf(one.object));
    if (!kind) throw new Error(`${refText(refOf(one.object))} is of a kind that the composite does not declare.`);
    if (context.unserved.has(kind)) {
      refused(one, missingApi(kind));
      continue;
    }
    const unmet = waitsFor(one, children, troubles, unapplied);
    if (unmet) {
      held(one, "working", { reason: "Progressing", message: unmet });
      continue;
    }
    const rival = await clearRivals(one, context);
    if (rival) {
      held(one, "working", { reason: "Progressing", message: rival });
      continue;
    }
    const outcome = await applyChild(one, cached, kind, context);
    if (outcome.live) live.set(one.id, outcome.live);
    if (outcome.did === "created") done.created.push(refOf(one.object));
    if (outcome.did === "changed") done.changed.push(refOf(one.object));
    if (outcome.did === "takenOver") done.takenOver.push(refOf(one.object));
    if (outcome.refused) refused(one, outcome.refused);
    else if (outcome.wait) held(one, "working", outcome.wait);
    else if (outcome.live) {
      const health = one.health?.(outcome.live);
      if (health) trouble(one, health.state, health);
    }
  }
  return {
    live,
    troubles: [...troubles.values()],
    ...done,
    complete: unapplied.size === 0,
    retry: retries.find((next) => next.when === "backoff") ?? soonest(retries),
  };
}

interface Outcome {
  readonly live?: KubeObject | undefined;
  readonly did?: "created" | "changed" | "takenOver" | undefined;
  readonly refused?: Refusal | undefined;
  readonly wait?: { readonly reason: Reason; readonly message: string } | undefined;
}

async function applyChild(
  child: Child,
  cached: KubeObject | undefined,
  kind: ChildKind,
  context: ApplyContext,
): Promise<Outcome> {
  const { parent, host, signal } = context;
  const desired = asApplied(child.object, parent);
  const ref = refOf(child.object);
  let live = cached;
  let decision = decideChild(desired, live, parent);
  try {
    if (decision.do === "create") {
      // The cache may be behind, or lack what is foreign: server-side apply would take that over.
      live = await host.find(ref, parent.namespace, signal);
      decision = decideChild(desired, live, parent);
    }
    switch (decision.do) {
      case "none":
        return { live };
      case "wait":
        return { live, wait: decision };
      case "refuse":
        return { refused: { ...decision, next: { when: "after", ms: CONFLICT_MS } } };
      case "create":
        return { live: await host.apply(desired, context.fieldManager, signal), did: "created" };
      case "update": {
        if (live) await leaveBehind(child, live, context);
        const sent = { ...desired, metadata: { ...desired.metadata, uid: live?.metadata.uid } };
        const now = await host.apply(sent, context.fieldManager, signal);
        return { live: now, did: decision.takeover ? "takenOver" : "changed" };
      }
    }
  } catch (error) {
    const why = refusal(error, kind);
    if (!why) throw error;
    return { live, refused: why };
  }
}

const CONFLICT_MS = 5 * 60_000;

async function leaveBehind(child: Child, live: KubeObject, context: ApplyContext): Promise<void> {
  const left = child.handOver?.(live);
  if (!left) return;
  const { apiVersion, kind, metadata } = live;
  const { name, namespace, uid } = metadata;
  const object: Manifest = { ...left, apiVersion, kind, metadata: { name, namespace, uid } };
  await context.host.apply(object, `${context.fieldManager}/handover`, context.signal);
}

/** Why the child has to wait for another one, or undefined. */
function waitsFor(
  child: Child,
  children: readonly (Child | PendingChild)[],
  troubles: ReadonlyMap<string, Trouble>,
  unapplied: ReadonlySet<string>,
): string | undefined {
  const name = (id: string) => {
    const other = children.find((one) => one.id === id);
    return other ? refText(childRef(other)) : id;
  };
  const missing = child.after?.find((id) => unapplied.has(id));
  if (missing !== undefined) return `It waits for ${name(missing)}.`;
  const unwell = child.afterHealthy?.find((id) => unapplied.has(id) || troubles.has(id));
  return unwell === undefined ? undefined : `It waits until ${name(unwell)} is Ready.`;
}

/** Removes what can't be there beside the child. @returns why the child has to wait, or undefined */
async function clearRivals(child: Child, context: ApplyContext): Promise<string | undefined> {
  const { host, parent, signal } = context;
  for (const rival of child.insteadOf ?? []) {
    const live = host.live(rival, parent.namespace);
    if (!live || claimOf(live, parent) !== "ours") continue;
    if (live.metadata.deletionTimestamp === undefined)
      await host.remove(
        rival,
        { namespace: parent.namespace, uid: live.metadata.uid ?? "", foreground: false },
        signal,
      );
    return `It waits until ${refText(rival)}, which it replaces, is gone.`;
  }
  return undefined;
}

const childRef = (one: Child | PendingChild): ChildRef => ("pending" in one ? one.ref : refOf(one.object));
const healthOf = (one: Child | PendingChild, live: KubeObject) => ("pending" in one ? undefined : one.health?.(live));

function soonest(all: readonly Next[]): Next | undefined {
  const delays = all.flatMap((next) => (next.when === "after" ? [next.ms] : []));
  return delays.length > 0 ? { when: "after", ms: Math.min(...delays) } : all[0];
}

/** The kinds that are composed and that this cluster does not serve. */
export async function unservedKinds(
  children: readonly (Child | PendingChild)[],
  uses: readonly ChildKind[],
  host: CompositeHost,
  signal: AbortSignal,
): Promise<ReadonlySet<ChildKind>> {
  const unserved = new Set<ChildKind>();
  for (const kind of uses) {
    if (kind.install === undefined) continue;
    const composed = children.some((one) => {
      const ref = childRef(one);
      return ref.kind === kind.kind && ref.apiVersion === apiVersionOf(kind);
    });
    if (composed && !(await host.serves(kind, signal))) unserved.add(kind);
  }
  return unserved;
}
