import { setTimeout as delay } from "node:timers/promises";
import type { Copied, Progress } from "../provider/copying.ts";
import { ProviderError } from "../provider/fault.ts";
import type { Call, Present, Wanted } from "../provider/provider.ts";
import { isOurs } from "../reconcile/claim.ts";
import type { Environments } from "../reconcile/environment-view.ts";
import { type Lookups, type Prepared, prepare } from "../reconcile/gather.ts";
import type { Leaf, LeafObject, LeafSpec } from "../reconcile/leaf-object.ts";
import { look } from "../reconcile/look.ts";
import { ClusterError } from "./cluster.ts";

/** What a restore starts from and what it comes to. */
export interface Restore {
  readonly leaf: Leaf<LeafSpec, Wanted>;
  /** The object whose resource is restored, as the cluster has it. */
  readonly from: LeafObject;
  /** Name of the new object. */
  readonly to: string;
  /** Undefined: the latest moment that the cloud can restore. */
  readonly moment: Date | undefined;
  readonly environments: Environments;
  readonly lookup: Lookups["lookup"];
  readonly signal: AbortSignal;
  /** Time between two looks at what is being restored, in ms. */
  readonly everyMs: number;
  /** Hears how far a copy is. */
  readonly tell: (progress: Progress) => void;
}

/** The new resource, and the object that takes it up when it is applied. */
export interface Restored {
  readonly externalId: string;
  readonly object: LeafObject;
  /** What was copied, of a kind that no cloud restores by itself. */
  readonly copied?: Copied | undefined;
}

type Seen = Present<Wanted, Readonly<Record<string, string>>>;

/**
 * Restores the resource of an object beside it, under the name and with the marks of a new object: applied, that one finds
 * it as its own. The old one is only read. Run again after a break, it goes on where the cloud shows whose restore it is.
 *
 * @throws ClusterError for people
 */
export async function restore(asked: Restore): Promise<Restored> {
  const { leaf, from, to } = asked;
  const { environmentRef, externalName: _fixed, ...spec } = from.spec;
  const object: LeafObject = {
    apiVersion: from.apiVersion,
    kind: from.kind,
    metadata: { name: to, namespace: from.metadata.namespace },
    spec: { ...(environmentRef ? { environmentRef } : {}), ...spec },
  };
  const old = prepared(leaf, from, asked);
  const target = prepared(leaf, object, asked);
  const { provider } = old;
  if (!provider.restore && !provider.restoreByCopy)
    throw new ClusterError(`${leaf.kind} can't be restored to a point in time on ${old.environment.cloud}.`);
  const call = { signal: asked.signal, token: "restore" };
  const source = await look(old, from, { ...call, owner: old.owner });
  if (!source.seen.exists || !isOurs(source.seen.owner, old.owner, old.environment.succeeds))
    throw new ClusterError(
      `${leaf.kind} ${from.metadata.name} has no resource of its own in the cloud to restore from.`,
    );
  const there = await observe(target, { ...call, owner: target.owner });
  const state = there ? claim(there, target, old) : "absent";
  if (state === "taken")
    throw new ClusterError(`${there?.id} exists already and is no restore of ours. Choose another --to.`);
  const mine = { ...call, owner: target.owner };
  let copied: Copied | undefined;
  if (provider.restoreByCopy && state !== "done")
    copied = await provider.restoreByCopy(source.seen, { name: target.name, want: target.want }, asked.moment, mine, {
      tell: asked.tell,
      pause: (ms) => delay(ms, undefined, { signal: asked.signal }),
    });
  else if (state === "absent") await provider.restore?.(source.seen, target.name, asked.moment, mine);
  const made = state === "done" && there ? there : await marked(target, asked, { ...call, owner: target.owner });
  return { externalId: made.id, object, ...(copied ? { copied } : {}) };
}

/** `copied`: it still has the marks of what it was restored from; `done`: it has its own. */
function claim(seen: Seen, target: Prepared<Wanted>, old: Prepared<Wanted>): "taken" | "copied" | "done" {
  if (isOurs(seen.owner, target.owner, [])) return "done";
  return isOurs(seen.owner, old.owner, old.environment.succeeds) ? "copied" : "taken";
}

/** Waits until it is ready, then puts the marks of the new object on it, without those of a living one. */
async function marked(target: Prepared<Wanted>, { signal, everyMs }: Restore, call: Call): Promise<Seen> {
  for (;;) {
    const seen = await observe(target, call);
    if (seen?.phase === "failed")
      throw new ClusterError(`${seen.id}: ${seen.message ?? "the cloud could not restore it"}`);
    if (seen?.phase === "ready") {
      await target.provider.adopt(seen, target.want, call);
      await target.provider.release?.(seen, call);
      return seen;
    }
    await delay(everyMs, undefined, { signal });
  }
}

async function observe({ provider, name, footprint }: Prepared<Wanted>, call: Call): Promise<Seen | undefined> {
  const seen = await provider.observe({ name, footprint }, call);
  return seen.exists ? (seen as Seen) : undefined;
}

function prepared(
  leaf: Leaf<LeafSpec, Wanted>,
  object: LeafObject,
  { environments, lookup }: Pick<Restore, "environments" | "lookup">,
): Prepared<Wanted> {
  const found = prepare(leaf, object, { environments, lookup });
  if ("blocked" in found) throw new ClusterError(`${leaf.kind} ${object.metadata.name}: ${found.blocked.message}`);
  return found;
}

/** The cloud's own words, for the person who asked. */
export const inWords = (error: unknown): unknown =>
  error instanceof ProviderError ? new ClusterError(`${error.message} (${error.code})`) : error;
