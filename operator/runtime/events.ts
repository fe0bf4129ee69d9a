import { randomUUID } from "node:crypto";
import type { Client } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { isNotFound } from "./errors.ts";
import { microTime } from "./lease-record.ts";
import type { Log } from "./log.ts";
import { redactText } from "./redact.ts";
import type { KubeObject, ResourceType } from "./resource.ts";
import { createTimers } from "./timers.ts";

export const EVENTS: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

/** Something that the people who own an object should know. */
export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** Why, in one CamelCase word, such as `QuotaExceeded`. */
  readonly reason: string;
  /** What was done or tried, in one CamelCase word, such as `Create`. */
  readonly action: string;
  /** A sentence for people; what goes beyond 1 KiB is cut. */
  readonly note: string;
  /** Another object that has to do with it. */
  readonly related?: Pick<KubeObject, "apiVersion" | "kind" | "metadata">;
}

/**
 * Writes events, warnings before others. Telling costs the caller nothing: it never waits, and never fails. In a burst they
 * come late, and what is too much is dropped.
 */
export interface EventRecorder {
  tell(regarding: Pick<KubeObject, "apiVersion" | "kind" | "metadata">, note: EventNote): void;
  /** Resolves when all that was told so far has been sent, repeats that are held back included, or has failed. */
  flush(): Promise<void>;
}

export interface EventOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: { event(outcome: "sent" | "joined" | "dropped" | "failed"): void } | undefined;
  /** A qualified name, such as `onyx.onelens.io/operator`. */
  readonly controller: string;
  /** This process. */
  readonly instance: string;
}

/** The API server takes notes of at most 1,024 bytes, and the other texts of at most 128. */
const NOTE_BYTES = 1024;
const WORD_LENGTH = 128;
/** One object gets at most one event for a reason in this time; what comes in between is joined. */
const INTERVAL_MS = 60_000;
/** After so long without a repeat a series has ended. */
const SERIES_MS = 360_000;
const MAX_WAITING = 2_000;
/** What is told at once goes out at once; of a burst of thousands the API server gets so many a second: objects come first. */
const AT_ONCE = 50;
const PER_SECOND = 10;
const MAX_SERIES = 20_000;

interface Told {
  /** When, in epoch milliseconds. */
  readonly at: number;
  readonly regarding: Pick<KubeObject, "apiVersion" | "kind" | "metadata">;
  readonly note: EventNote;
}

/** All that is told of one object for one reason. */
interface Series {
  /** The event that was written, and how often it was told. */
  written: { readonly namespace: string; readonly name: string; readonly text: string; count: number } | undefined;
  /** What was told since, and how often. */
  held: { told: Told; count: number } | undefined;
  timer: () => void;
}

export function createEventRecorder(options: EventOptions): EventRecorder {
  const { client, clock, log, metrics, controller, instance } = options;
  const series = new Map<string, Series>();
  const timers = createTimers(clock);
  /** Warnings, and after them the others. */
  const waiting: Readonly<Record<EventNote["type"], (() => Promise<void>)[]>> = { Warning: [], Normal: [] };
  const pace = createPace(clock);
  let sending: Promise<void> | undefined;

  function send(type: EventNote["type"], call: () => Promise<void>): void {
    if (waiting[type].length >= MAX_WAITING) return void metrics?.event("dropped");
    waiting[type].push(call);
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
  }

  async function sendAll(): Promise<void> {
    const next = () => waiting.Warning.shift() ?? waiting.Normal.shift();
    while (waiting.Warning.length + waiting.Normal.length > 0) {
      await pace.turn();
      try {
        await next()?.();
        metrics?.event("sent");
      } catch (err) {
        metrics?.event("failed");
        log.debug({ err }, "an event could not be written");
      }
    }
  }

  /** Once a minute, what was held back is written; after six minutes of quiet the series is forgotten. */
  function rest(key: string, one: Series, quietMs: number): void {
    one.timer = timers.schedule(INTERVAL_MS, () => {
      const { held } = one;
      if (held) {
        one.held = undefined;
        write(one, held.told, held.count);
        rest(key, one, 0);
      } else if (quietMs + INTERVAL_MS >= SERIES_MS) series.delete(key);
      else rest(key, one, quietMs + INTERVAL_MS);
    });
  }

  const write = (one: Series, told: Told, count: number) => send(told.note.type, () => deliver(one, told, count));

  /** The note of an event can't be changed; so one with another note is another event. */
  async function deliver(one: Series, told: Told, count: number): Promise<void> {
    const { written } = one;
    if (written?.text !== textOf(told.note)) return create(one, told, count);
    written.count += count;
    const times = { count: written.count, lastObservedTime: microTime(told.at) };
    try {
      await client.patch(EVENTS, written, { series: times }, { as: "merge", retry: false });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await create(one, told, count);
    }
  }

  async function create(one: Series, { at, regarding, note }: Told, count: number): Promise<void> {
    const namespace = regarding.metadata.namespace ?? "default";
    const name = `${regarding.metadata.name.slice(0, 200)}.${randomUUID().slice(0, 13)}`;
    const time = microTime(at);
    one.written = { namespace, name, text: textOf(note), count };
    const event = {
      metadata: { namespace, name },
      eventTime: time,
      type: note.type,
      reason: note.reason.slice(0, WORD_LENGTH),
      action: note.action.slice(0, WORD_LENGTH),
      note: cut(note.note),
      regarding: reference(regarding),
      ...(note.related && { related: reference(note.related) }),
      ...(count > 1 && { series: { count, lastObservedTime: time } }),
      reportingController: controller,
      reportingInstance: instance.slice(0, WORD_LENGTH),
    };
    await client.create(EVENTS, namespace, event, { retry: false });
  }

  return {
    tell(regarding, note) {
      const { uid, namespace = "", name } = regarding.metadata;
      const key = [uid ?? `${regarding.kind}/${namespace}/${name}`, note.reason].join("\0");
      const told = { at: clock.now(), regarding, note };
      const known = series.get(key);
      if (known) {
        metrics?.event("joined");
        const repeats = known.held && textOf(known.held.told.note) === textOf(note) ? known.held.count : 0;
        known.held = { told, count: repeats + 1 };
        return;
      }
      if (series.size >= MAX_SERIES) return void metrics?.event("dropped");
      const one: Series = { written: undefined, held: undefined, timer: () => {} };
      series.set(key, one);
      rest(key, one, 0);
      write(one, told, 1);
    },
    async flush() {
      for (const one of series.values()) {
        one.timer();
        if (one.held) write(one, one.held.told, one.held.count);
      }
      series.clear();
      pace.hurry();
      await sending;
    },
  };
}

/** Lets callers pass one after the other, so many at once and then so many a second. */
function createPace(clock: Clock) {
  const end = new AbortController();
  let left = AT_ONCE;
  let filledAt = clock.monotonic();
  return {
    async turn(): Promise<void> {
      const now = clock.monotonic();
      left = Math.min(AT_ONCE, left + ((now - filledAt) / 1000) * PER_SECOND) - 1;
      filledAt = now;
      if (left < 0 && !end.signal.aborted) await sleep(clock, (-left / PER_SECOND) * 1000, end.signal).catch(() => {});
    },
    /** Nobody waits any more. */
    hurry: () => end.abort(),
  };
}

/** What makes two notes of an object and reason the same. */
function textOf({ type, action, note, related }: EventNote): string {
  return [type, action, note, related?.metadata.uid ?? related?.metadata.name ?? ""].join("\0");
}

function reference({ apiVersion, kind, metadata }: Pick<KubeObject, "apiVersion" | "kind" | "metadata">) {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion, kind, namespace, name, uid, resourceVersion };
}

/** At most 1 KiB of UTF-8, without half a character at its end; and without secrets. */
function cut(text: string): string {
  const note = redactText(text);
  const bytes = Buffer.from(note);
  if (bytes.length <= NOTE_BYTES) return note;
  return `${bytes
    .subarray(0, NOTE_BYTES - 3)
    .toString("utf8")
    .replace(/\uFFFD+$/, "")}…`;
}
