/** The lanes of all subscriptions, opened when the first message or subscriber comes. */
import type { CloudError } from "../../engine/errors.ts";
import { type Message, text } from "../../engine/messages.ts";
import { type Lane, openLane } from "./lane.ts";
import type { Upstream } from "./upstream.ts";

export type DropListener = (error: CloudError) => void;

export interface Lanes {
  /** The lane of a subscription; idle subscriptions have none, and so cost pstest nothing. */
  open(subscription: Message): Promise<Lane>;
  /** The lane if it is open. */
  get(name: string): Lane | undefined;
  all(): readonly Lane[];
  names(): readonly string[];
  /** Forgets a subscription's messages; who waits for more is told the error. */
  drop(name: string, error: CloudError): void;
  /** Calls back once when the lane is dropped. @returns a function that takes the wish back */
  onDrop(name: string, listener: DropListener): () => void;
}

export function newLanes(upstream: Upstream, realNow: () => number): Lanes {
  const opening = new Map<string, Promise<Lane>>();
  const open = new Map<string, Lane>();
  const listeners = new Map<string, Set<DropListener>>();
  return {
    open(subscription) {
      const name = text(subscription, "name");
      const known = opening.get(name);
      if (known !== undefined) return known;
      const started = openLane(upstream, {
        id: crypto.randomUUID(),
        ackDeadlineSeconds: Number(subscription.ackDeadlineSeconds),
        ordered: subscription.enableMessageOrdering === true,
        realNow,
      }).then((lane) => {
        if (opening.get(name) === started) open.set(name, lane);
        return lane;
      });
      opening.set(name, started);
      started.catch(() => opening.delete(name));
      return started;
    },
    get: (name) => open.get(name),
    all: () => [...open.values()],
    names: () => [...opening.keys()],
    drop(name, error) {
      const dropped = opening.get(name);
      opening.delete(name);
      open.delete(name);
      const waiting = listeners.get(name) ?? [];
      listeners.delete(name);
      for (const listener of waiting) listener(error);
      // pstest being gone is no failure here: its messages are gone with it.
      dropped?.then((lane) => lane.close()).catch(() => undefined);
    },
    onDrop(name, listener) {
      const known = listeners.get(name) ?? new Set();
      listeners.set(name, known.add(listener));
      return () => void known.delete(listener);
    },
  };
}
