import { setTimeout as delay } from "node:timers/promises";
import { TestBedError } from "./errors.ts";

export interface WaitOptions {
  /** What is waited for, as it reads in "… in 60 s". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Throws when waiting has become pointless, as when the process has ended. */
  readonly check?: () => void;
  /** More to say when the time is over. */
  readonly explain?: () => string | Promise<string>;
}

/** Waits until `condition` holds. A condition that throws doesn't hold yet; its message is told when time is over. */
export async function waitUntil(condition: () => Promise<boolean> | boolean, options: WaitOptions): Promise<void> {
  const end = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    options.check?.();
    const last = await attempt(condition);
    if (last === true) return;
    if (performance.now() > end) throw new TestBedError(await timeoutMessage(options, last));
    await delay(options.everyMs ?? 100, undefined, { signal: options.signal });
  }
}

async function attempt(condition: () => Promise<boolean> | boolean): Promise<boolean | Error> {
  try {
    return await condition();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function timeoutMessage(options: WaitOptions, last: boolean | Error): Promise<string> {
  const reason = last instanceof Error ? `: ${last.message}` : "";
  const more = await options.explain?.();
  return `${options.what} not ready in ${Math.round(options.timeoutMs / 1000)} s${reason}${more ? `\n${more}` : ""}`;
}
