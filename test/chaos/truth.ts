import type { Cached } from "../../operator/reconcile/leaf-controller.ts";
import type { LeafObject } from "../../operator/reconcile/leaf-object.ts";
import { createClock } from "../../operator/runtime/clock.ts";
import { createLog } from "../../operator/runtime/log.ts";
import { createReflector } from "../../operator/runtime/reflector.ts";
import { ownType } from "./collections.ts";
import type { Lane } from "./lane.ts";
import type { Scribe } from "./report.ts";
import type { LiveSubject } from "./subject.ts";

/** Watches what the objects of a namespace say of themselves, by a client of its own. */
export interface Truth {
  /** All that an object's conditions ever said, each as `Synced=False/CloudError`. */
  said(subject: LiveSubject): ReadonlySet<string>;
  /** How often its conditions said something else than before. */
  turns(subject: LiveSubject): number;
  /** U6: tells of what status said that can't be so. */
  judge(scribe: Scribe): void;
  stop(): Promise<void>;
}

interface Watched {
  last: LeafObject;
  words: string;
  turns: number;
  readonly said: Set<string>;
}

/** @param namespace undefined: all */
export async function watchTruth(lane: Lane, namespace: string | undefined): Promise<Truth> {
  const { client } = lane.api;
  const watched = new Map<string, Watched>();
  const lies = new Set<string>();
  const ended = new AbortController();
  const see = (object: LeafObject) => {
    const { kind, metadata, status } = object;
    const key = keyOf(object);
    const known = watched.get(key);
    const before = known?.last.metadata.uid === metadata.uid ? known?.last : undefined;
    for (const lie of liesOf(object, before)) lies.add(`${kind} ${metadata.name}: ${lie}`);
    const told = (status?.conditions ?? []).map((one) => `${one.type}=${one.status}/${one.reason}`);
    const words = told.join(" ");
    const now = known ?? { last: object, words: "", turns: 0, said: new Set<string>() };
    if (now.words !== words) now.turns++;
    for (const one of told) now.said.add(one);
    watched.set(key, Object.assign(now, { last: object, words }));
  };
  const kinds = new Set(lane.kinds.map(({ kind }) => kind.leaf.kind));
  const clock = createClock();
  const log = createLog({ level: "silent" });
  const running = [...kinds].map((kind) => {
    const type = ownType(kind);
    const reflector = createReflector<Cached>({ client, type, clock, log, namespace });
    reflector.subscribe(({ type: change, object }) => change !== "deleted" && see({ ...object, kind }));
    return { reflector, over: reflector.start(ended.signal) };
  });
  await Promise.all(running.map(({ reflector }) => reflector.synced()));
  const of = ({ seen }: LiveSubject) => watched.get(keyOf(seen().object));
  return {
    said: (subject) => of(subject)?.said ?? new Set(),
    turns: (subject) => of(subject)?.turns ?? 0,
    judge(scribe) {
      for (const lie of lies) scribe.violation("U6 status tells the truth", lie);
      lies.clear();
    },
    async stop() {
      ended.abort();
      await Promise.all(running.map(({ over }) => over));
    },
  };
}

const keyOf = ({ kind, metadata }: LeafObject) => `${kind} ${metadata.namespace}/${metadata.name}`;

function* liesOf({ metadata, status }: LeafObject, before: LeafObject | undefined): Iterable<string> {
  const { observedGeneration = 0, conditions = [], externalId, replaced = [] } = status ?? {};
  if (observedGeneration > (metadata.generation ?? 0))
    yield `status speaks of generation ${observedGeneration}, spec is at ${metadata.generation}`;
  for (const { type, status: now, lastTransitionTime } of conditions) {
    const old = before?.status?.conditions?.find((one) => one.type === type);
    if (old && Date.parse(lastTransitionTime) < Date.parse(old.lastTransitionTime))
      yield `${type} turned at ${lastTransitionTime}, before ${old.lastTransitionTime}`;
    if (old?.status === now && old.lastTransitionTime !== lastTransitionTime)
      yield `${type} is ${now} as before, and tells of a turn at ${lastTransitionTime}`;
    // The one that is being replaced serves on.
    const serves = externalId !== undefined || replaced.some(({ state }) => state === "Waiting");
    if (type === "Ready" && now === "True" && !serves) yield "Ready without a resource";
  }
}
