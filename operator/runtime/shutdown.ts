import type { Clock } from "./clock.ts";
import { sleep } from "./clock.ts";
import type { Log } from "./log.ts";

/** The part of Node's `process` that is needed to end in good order. */
export interface ProcessLike {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  exit(code: number): void;
}

export interface ShutdownOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly process: ProcessLike;
}

/** One thing to do before the process ends. */
export interface ShutdownStep {
  readonly name: string;
  /** The next step begins after this time, whether or not this one has ended, in milliseconds. */
  readonly timeoutMs: number;
  readonly run: () => Promise<unknown> | unknown;
}

export interface Shutdown {
  /** Aborted as soon as the process begins to end: for whatever just waits. */
  readonly signal: AbortSignal;
  /** Adds a step. Steps run in the order they were added, one after another. */
  step(step: ShutdownStep): void;
  /** Runs all steps, then ends the process with `code`. Further calls join the first. */
  end(reason: string, code: number): Promise<void>;
}

/**
 * Ends the process in good order at SIGTERM and SIGINT; at the second of them at once. An error that nobody caught, or
 * a promise that nobody looked at, ends it at once with code 1: what state it is in is not known, and another takes
 * over when the lease has expired.
 */
export function createShutdown({ clock, log, process }: ShutdownOptions): Shutdown {
  const abort = new AbortController();
  const steps: ShutdownStep[] = [];
  let ending: Promise<void> | undefined;

  async function runAll(reason: string, code: number): Promise<void> {
    log.info({ reason }, "shutting down");
    abort.abort(new Error(`The process is shutting down: ${reason}`));
    for (const step of steps) await runOne(step);
    log.info({ code }, "ended");
    process.exit(code);
  }

  async function runOne({ name, timeoutMs, run }: ShutdownStep): Promise<void> {
    const done = new AbortController();
    const late = sleep(clock, timeoutMs, done.signal).then(
      () => log.warn({ step: name, timeoutMs }, "a step of the shutdown took too long; it is left behind"),
      () => {},
    );
    const work = (async () => run())().catch((err) => log.warn({ err, step: name }, "a step of the shutdown failed"));
    await Promise.race([work, late]);
    done.abort();
  }

  function end(reason: string, code: number): Promise<void> {
    ending ??= runAll(reason, code);
    return ending;
  }

  for (const name of ["SIGTERM", "SIGINT"]) {
    process.on(name, () => {
      if (!ending) return void end(name, 0);
      log.warn({ signal: name }, "told to end a second time; ending at once");
      process.exit(1);
    });
  }
  for (const name of ["unhandledRejection", "uncaughtException"]) {
    process.on(name, (err) => {
      log.fatal({ err, kind: name }, "an error that nobody caught; ending at once");
      process.exit(1);
    });
  }

  return { signal: abort.signal, step: (step) => void steps.push(step), end };
}
