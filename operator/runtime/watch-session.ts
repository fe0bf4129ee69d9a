import type { Clock } from "./clock.ts";
import { InitialEventsError, ShortWatchError, SilenceError } from "./reflector-policy.ts";
import type { Query, Transport } from "./transport.ts";
import { decodeWatchEvent, type WatchEvent } from "./watch-event.ts";

export interface WatchSession {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly path: string;
  readonly query: Query;
  readonly signal: AbortSignal;
  /** How long the connection may be silent, in milliseconds. Asked again whenever that time is over. */
  silenceLimitMs(): number;
  /** The server accepted the watch. */
  onOpen?(): void;
  onEvent(event: WatchEvent): void;
}

/** A watch that ends sooner than this is no success: opened again at once, it could go on like that without a pause. */
const SHORT_MS = 1_000;

/**
 * One watch, from its opening to its end. Resolves when the server ends it in good order.
 * @throws the signal's reason; SilenceError; ShortWatchError; the error of an ERROR event; what `onEvent` and the
 * transport throw
 */
export async function watchOnce(session: WatchSession): Promise<void> {
  const { transport, clock, path, signal } = session;
  const source = `WATCH ${path}`;
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });

  const openedAt = clock.monotonic();
  let heardAt = openedAt;
  let cancel = () => {};
  const watchOver = () => {
    const limit = session.silenceLimitMs();
    const left = heardAt + limit - clock.monotonic();
    if (left > 0) cancel = clock.setTimeout(left, watchOver);
    else
      abort.abort(new SilenceError(`${source}: not a byte came in ${limit / 1000} s; the connection counts as dead`));
  };
  const onBytes = () => {
    heardAt = clock.monotonic();
  };

  try {
    watchOver();
    const query = { ...session.query, watch: true };
    const onOpen = () => session.onOpen?.();
    for await (const value of transport.stream({ path, query, signal: abort.signal, onOpen, onBytes })) {
      const event = decodeWatchEvent(source, value);
      if (event.type === "error") throw event.error;
      session.onEvent(event);
    }
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
  if (clock.monotonic() - openedAt < SHORT_MS) {
    throw new ShortWatchError(`${source}: the server ended the watch right after it began`);
  }
}

/** For a watch that was to begin with the whole state. */
export function incomplete(source: string): InitialEventsError {
  return new InitialEventsError(`${source}: the watch ended before its initial events were complete`);
}
