import type { Over, Subject } from "../../operator/provider/conformance/kind-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";

import { type Condition, type ConditionType, condition } from "../../operator/reconcile/conditions.ts";

import type { LeafObject, LeafSpec } from "../../operator/reconcile/leaf-object.ts";
import { ANNOTATIONS } from "../../operator/reconcile/object.ts";
import { ApiError } from "../../operator/runtime/errors.ts";
import { ours } from "../support/managed.ts";
import { ownType } from "./collections.ts";
import type { Lane } from "./lane.ts";

/** An object of a leaf kind in a lane: what its user does, and what is seen of it at the API server and in the cloud. */
export interface LiveSubject {
  readonly tried: Tried;
  readonly title: string;
  readonly name: string;
  /** The spec as a user would write it, with `over` laid over it. */
  spec(over?: Over): LeafSpec;
  apply(over?: Over): Promise<void>;
  /** Whether the API server would take it. */
  accepts(over: Over): Promise<boolean>;
  /** Merges into the object what no spec says. */
  patch(body: object): Promise<void>;
  remove(): Promise<void>;
  find(): Promise<LeafObject | undefined>;
  /** As status says, of the present generation: Ready and Synced. Gives the word that a plan waits for on the way. */
  isReady(): Promise<boolean>;
  isGone(): Promise<boolean>;
  /** How many resources carry its marks. */
  count(): Promise<number>;
  snapshot(): Promise<unknown>;
  /** The last that status said, in words. */
  told(): string;
  /** The last that status said of one condition. */
  says(type: ConditionType): Condition | undefined;
  /** The object as it was last seen, and what it is called in the cloud. */
  seen(): Subject;
}

export const FIELD_MANAGER = "user";

/** What holds data waits for a word, which is given to the plan that status shows. */
export async function approve(lane: Lane, { kind, metadata, status }: LeafObject): Promise<void> {
  const word = status?.approval?.word;
  if (word === undefined || metadata.annotations?.[ANNOTATIONS.approve] === word) return;
  const { namespace = "", name } = metadata;
  const patch = { metadata: { annotations: { [ANNOTATIONS.approve]: word } } };
  await lane.api.client.patch(ownType(kind), { namespace, name }, patch, { as: "merge", fieldManager: FIELD_MANAGER });
}

export function liveSubject(lane: Lane, tried: Tried, namespace: string, name: string): LiveSubject {
  const { leaf, guard, title = leaf.kind } = tried.kind;
  const type = ownType(leaf.kind);
  const at = { namespace, name };
  let last: LeafObject | undefined;
  const spec = (over: Over = {}) =>
    tried.kind.spec({
      ...over,
      ...guard?.off,
      ...tried.kind.own?.(name),
      deletionPolicy: "Delete",
      environmentRef: { name: lane.side.name },
    }) as LeafSpec;
  const send = (over: Over | undefined, dryRun: boolean) =>
    lane.api.client.patch(type, at, ours(leaf.kind, name, spec(over), namespace), {
      as: "apply",
      force: true,
      fieldManager: FIELD_MANAGER,
      dryRun,
    });
  const find = async () => {
    const found = (await lane.api.client.find(type, at)) as LeafObject | undefined;
    last = found ?? last;
    return found;
  };
  const patch = async (body: object) =>
    void (await lane.api.client.patch(type, at, body, { as: "merge", fieldManager: FIELD_MANAGER }));
  const subject = (): Subject => {
    if (!last) throw new Error(`${title} ${name} was never there.`);
    return { name: last.status?.externalName ?? "", object: last };
  };
  return {
    tried,
    title,
    name,
    spec,
    apply: async (over) => void (await send(over, false)),
    accepts: (over) =>
      send(over, true).then(
        () => true,
        (error: unknown) => {
          if (error instanceof ApiError && error.status === 422) return false;
          throw error;
        },
      ),
    patch,
    remove: async () => void (await lane.api.client.delete(type, at)),
    find,
    async isReady() {
      const found = await find();
      if (!found) return false;
      await approve(lane, found);
      const { status, metadata } = found;
      const holds = (one: string) => condition(status?.conditions, one as "Ready")?.status === "True";
      return status?.observedGeneration === metadata.generation && holds("Ready") && holds("Synced");
    },
    async isGone() {
      const found = await find();
      if (found) await approve(lane, found);
      return found === undefined;
    },
    count: async () => (await tried.on.list(subject())).length,
    snapshot: () => tried.on.snapshot(subject()),
    told: () => conditionsInWords(last?.status?.conditions),
    says: (one) => condition(last?.status?.conditions, one),
    seen: subject,
  };
}

export const conditionsInWords = (conditions: readonly Condition[] = []): string =>
  conditions.map((one) => `${one.type}=${one.status} ${one.reason}: ${one.message}`).join("; ");
