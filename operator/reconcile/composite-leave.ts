import { ProviderError } from "../provider/fault.ts";
import { claimOf, type Parent } from "./children.ts";
import { applyChildren } from "./composite-apply.ts";
import { seenBy } from "./composite-gather.ts";
import type { CompositeHost } from "./composite-host.ts";
import {
  type ChildRef,
  type Composite,
  type CompositeObject,
  type CompositeSpec,
  type Departure,
  kindOf,
  type Leaving,
  refText,
} from "./composite-object.ts";
import { prune, remove } from "./composite-prune.ts";
import { type CompositePass, finish } from "./composite-report.ts";
import { leavingVerdicts, type Trouble } from "./composite-status.ts";
import { type Condition, condition } from "./conditions.ts";
import type { Next } from "./gather.ts";
import { type KubeObject, mergePatch } from "./object.ts";
import { FAULTS, type Reason } from "./reasons.ts";
import type { Sweep } from "./sweep.ts";

/** What is waited for tells by an event that it is gone; this is for an event that did not come. */
const LOOK_AGAIN: Next = { when: "after", ms: 30_000 };

/** A composite on its way out. */
interface Way<Spec extends CompositeSpec> {
  readonly composite: Composite<Spec>;
  readonly object: CompositeObject<Spec>;
  readonly parent: Parent;
  readonly host: CompositeHost;
  readonly signal: AbortSignal;
}

/**
 * One pass over a composite that is being deleted: what its kind says is next, and no more. Once nothing is left the
 * object is let go of, and the garbage collector takes what still belongs to it.
 */
export const leave = <Spec extends CompositeSpec>(way: Way<Spec>): Promise<CompositePass> =>
  way.composite.depart ? departed(way) : stopped(way);

/** What runs pods goes first and entirely. */
async function stopped<Spec extends CompositeSpec>(way: Way<Spec>): Promise<CompositePass> {
  const { composite, object, host } = way;
  const running = object.metadata.finalizers?.includes("orphan")
    ? []
    : (object.status?.inventory ?? []).filter((ref) => composite.stopFirst.includes(ref.kind));
  const { left } = await prune(running, { ...way, uses: composite.uses, foreground: () => true });
  const trouble = left[0] && {
    child: refText(left[0]),
    reason: "Deleting" as const,
    message: "Its pods are being stopped; what they are allowed goes after them.",
  };
  return trouble ? waiting(object, host, trouble, { when: "backoff" }) : gone(object, host);
}

/** Step by step, as the kind says. */
async function departed<Spec extends CompositeSpec>(way: Way<Spec>): Promise<CompositePass> {
  const { composite, object, host } = way;
  const environment = host.environments.get(object.spec.environmentRef?.name);
  if ("problem" in environment) {
    if ((object.status?.inventory ?? []).length === 0) return gone(object, host);
    return waiting(object, host, environment.problem, { when: "backoff" });
  }
  const leaving = composite.depart?.(object, seenBy(object, environment, new Map(), host));
  if (!leaving) return gone(object, host);
  const recorded: CompositeObject<Spec> = { ...object, status: { ...object.status, ...leaving.status } };
  if (mergePatch(object.status ?? {}, recorded.status) !== undefined) await host.record(object, recorded.status ?? {});
  const context = { ...way, uses: composite.uses, fieldManager: managerOf(composite.kind) };
  for (const step of leaving.steps) {
    if ("sweep" in step) {
      if (recorded.status?.swept) continue;
      return swept({ ...way, object: recorded }, step.sweep, environment.name);
    }
    const why = await carryOut(step, context);
    if (why) return waiting(recorded, host, why, LOOK_AGAIN);
  }
  return farewell(recorded, host, leaving);
}

/** Searches the cloud, and goes on with what it came to. */
async function swept<Spec extends CompositeSpec>(
  way: Way<Spec>,
  namespace: string,
  environment: string,
): Promise<CompositePass> {
  const { object, host, signal } = way;
  try {
    const { found, searched, unsearched } = await host.sweep(environment, namespace, signal);
    if (found.length > 0) return waiting(object, host, leftBehind(found, namespace), LOOK_AGAIN);
    const said = { searched: [...searched], ...(unsearched.length > 0 ? { unsearched: [...unsearched] } : {}) };
    return await departed({ ...way, object: { ...object, status: { ...object.status, swept: said } } });
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const message = `The cloud could not be searched for what is left: ${error.message} (${error.code})`;
    return waiting(object, host, { reason: FAULTS[error.fault].reason, message }, { when: "backoff" });
  }
}

function leftBehind(found: Sweep["found"], namespace: string): Why {
  const shown = found.slice(0, 5).map(({ kind, externalId }) => `${kind} ${externalId}`);
  const more = found.length > shown.length ? ` and ${found.length - shown.length} more` : "";
  return {
    reason: "Deleting",
    message: `These still carry marks of namespace ${namespace} in the cloud, and no object stands for them: ${shown.join(", ")}${more}. A cloud shows what is deleted for a minute; what stays longer, delete there, or take its marks off.`,
  };
}

/** The field manager of what a composite applies. */
export const managerOf = (kind: string): string => `onyx-operator/${kind.toLowerCase()}`;

type Context = Omit<Parameters<typeof applyChildren>[1], "unserved">;
type Why = Pick<Trouble, "child" | "reason" | "message"> & Partial<Pick<Trouble, "state">>;

/** Begins a step. @returns what it waits for; undefined: it is done */
async function carryOut(
  step: Exclude<Departure, { readonly sweep: string }>,
  context: Context,
): Promise<Why | undefined> {
  if ("blocked" in step) return { state: "failed", ...step.blocked };
  if ("apply" in step) return (await applyChildren([step.apply], { ...context, unserved: new Set() })).troubles[0];
  let held: Why | undefined;
  let isLeft = false;
  for (const ref of step.remove) {
    const live = await removable(ref, context);
    if (!live) continue;
    isLeft = true;
    held ??= heldUp(ref, live);
    await remove(ref, live, { ...context, foreground: () => false });
  }
  return isLeft ? (held ?? { reason: "Deleting", message: step.message }) : undefined;
}

/** The live object, if it is ours to remove: by itself, or since it is in a namespace that is ours. */
async function removable(ref: ChildRef, { parent, uses, host, signal }: Context): Promise<KubeObject | undefined> {
  if (!kindOf(uses, ref)) throw new Error(`${refText(ref)} is of a kind that the composite does not declare.`);
  const live = host.live(ref, parent.namespace) ?? (await host.find(ref, parent.namespace, signal));
  if (!live) return undefined;
  const namespace =
    ref.namespace && host.live({ apiVersion: "v1", kind: "Namespace", name: ref.namespace }, parent.namespace);
  const ours = [live, namespace].some((one) => one && claimOf(one, parent) === "ours");
  return ours ? live : undefined;
}

/** Why the object does not go by itself: what its own conditions say. */
function heldUp(ref: ChildRef, { status }: KubeObject): Why | undefined {
  const stalled = condition((status as { conditions?: readonly Condition[] } | undefined)?.conditions, "Stalled");
  if (stalled?.status !== "True") return undefined;
  return { child: refText(ref), state: "failed", reason: stalled.reason as Reason, message: stalled.message };
}

function waiting(object: CompositeObject, host: CompositeHost, why: Why, next: Next): CompositePass {
  return finish(object, host, { verdicts: leavingVerdicts({ state: "working", usable: false, ...why }), next });
}

const gone = (object: CompositeObject, host: CompositeHost): CompositePass => ({
  ...finish(object, host, { verdicts: {}, next: { when: "change" } }),
  released: true,
});

function farewell(object: CompositeObject, host: CompositeHost, { farewell }: Leaving): CompositePass {
  const pass = gone(object, host);
  const notice = { type: "Normal", reason: "Deleted", action: "Delete", note: farewell } as const;
  return { ...pass, notices: [...pass.notices, notice] };
}
