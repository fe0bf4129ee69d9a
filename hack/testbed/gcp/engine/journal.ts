/** Every call in the order in which it was answered, for tests that count what an operator does to a cloud. */
import type { Message } from "./messages.ts";

export interface Entry {
  /** 1 for the first call since the last reset. */
  readonly sequence: number;
  /** Milliseconds since the epoch, by the cloud's clock. */
  readonly at: number;
  /** Such as `google.pubsub.v1.Publisher.CreateTopic`. */
  readonly method: string;
  readonly resource: string;
  /** Whether calls of this method change anything. */
  readonly mutating: boolean;
  readonly plane: "control" | "data";
  /** "OK" or the code of the refusal, as the cloud meant it (a reply that a fault dropped still says "OK"). */
  readonly code: string;
  readonly request: Message;
}

export interface Journal {
  record(entry: Omit<Entry, "sequence">): void;
  /** The last 100,000 or so. */
  entries(): readonly Entry[];
  /** Calls by method, all of them: also those that `entries` leaves out. */
  counts(): Readonly<Record<string, number>>;
  clear(): void;
}

/** Messages pass by the thousand: they are counted, not kept. */
const COUNTED_ONLY = new Set(["Publish", "Acknowledge", "ModifyAckDeadline", "Pull", "StreamingPull"]);

/** A cloud that runs for days must not grow; what falls out falls out in one go, which is cheaper. */
const MAXIMUM = 100_000;
const DROPPED = 10_000;

export function newJournal(): Journal {
  let entries: Entry[] = [];
  let counts: Record<string, number> = {};
  let sequence = 0;
  return {
    record(entry) {
      sequence += 1;
      counts[entry.method] = (counts[entry.method] ?? 0) + 1;
      if (!COUNTED_ONLY.has(entry.method.slice(entry.method.lastIndexOf(".") + 1)))
        entries.push({ sequence, ...entry });
      if (entries.length > MAXIMUM) entries = entries.slice(DROPPED);
    },
    entries: () => entries,
    counts: () => counts,
    clear() {
      entries = [];
      counts = {};
      sequence = 0;
    },
  };
}
