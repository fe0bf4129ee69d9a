/**
 * Creates that may have been sent and of which no status tells: those of this process, and those of one before it, which
 * may have ended between the cloud's work and its own write. In memory, so that a create costs no further write.
 */
export interface Attempts {
  /** From now on this process is the one that works: those before it have sent their last. */
  begin(): void;
  /** A create is about to be sent for the object of this uid. @returns undoes it: nothing was made */
  sent(uid: string): () => void;
  /** Status tells of what was sent. */
  told(uid: string): void;
  /** For how long at least, in ms, none was sent for this object of which status does not tell. */
  quietMs(uid: string): number;
}

/** Longer than any cloud hides what it made. */
const REMEMBERED_MS = 3_600_000;

/** @param monotonic in ms */
export function createAttempts(monotonic: () => number): Attempts {
  const sent = new Map<string, number>();
  let since = monotonic();
  return {
    begin() {
      since = monotonic();
    },
    sent(uid) {
      for (const [old, at] of sent) {
        if (monotonic() - at < REMEMBERED_MS) break;
        sent.delete(old);
      }
      const before = sent.get(uid);
      sent.delete(uid);
      sent.set(uid, monotonic());
      return () => void (before === undefined ? sent.delete(uid) : sent.set(uid, before));
    },
    told: (uid) => void sent.delete(uid),
    quietMs: (uid) => monotonic() - (sent.get(uid) ?? since),
  };
}
