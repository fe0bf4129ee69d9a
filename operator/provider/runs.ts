import type { Call, Neutral } from "./provider.ts";

/** A run that is to begin. */
export interface RunStart {
  /** Stays the same however often it is tried, in every cloud: what its calls carry as their idempotency key begins with it. */
  readonly id: string;
  /** RFC 3339 in whole seconds: the same at each try. */
  readonly startedAt: string;
  readonly input: Neutral;
}

/** A task that a run did, or is at. */
export interface RunStep {
  /** Path in the definition. */
  readonly task: string;
  readonly state: "Running" | "Succeeded" | "Failed";
  /** RFC 3339 in whole seconds, as `finishedAt`. */
  readonly startedAt: string;
  readonly finishedAt?: string | undefined;
}

/** What failed a run. */
export interface RunProblem {
  readonly class: string;
  /** `""` but for Business. */
  readonly code: string;
  readonly message: string;
}

/** A run as the cloud tells of it. */
export interface RunSeen {
  readonly id: string;
  readonly phase: "Running" | "Succeeded" | "Failed" | "Cancelled";
  /** RFC 3339 in whole seconds, as `finishedAt`. */
  readonly startedAt: string;
  readonly finishedAt?: string | undefined;
  /** Of one that succeeded: JSON text. */
  readonly output?: string | undefined;
  readonly problem?: RunProblem | undefined;
  /** The last RUN_STEPS, oldest first. */
  readonly steps: readonly RunStep[];
}

/** A run that waits for a signal. */
export interface Listening {
  /** Of this wait, and of no other of the run: up to 128 characters. */
  readonly visit: string;
  /** What answers it, in the cloud's own words: kept nowhere. */
  readonly at: string;
}

/** So many steps are told of a run. */
export const RUN_STEPS = 50;

/** A time as runs tell it: RFC 3339 in whole seconds. @param time a Date, or a text that Date reads */
export const momentOf = (time: Date | string): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/**
 * What a cloud runs of a resource. `of` is the id of that resource; `call.owner` is the object that stands for the run.
 *
 * Core calls `start` only after it has recorded that it is about to, and where that is not the first time, after `find` said
 * that there is none. Nothing but ProviderError is thrown.
 */
export interface Runs {
  /** How long after a start it must not be repeated, in ms: the cloud may not show the run yet. 0: it begins nothing twice. */
  readonly settlingMs: number;
  start(of: string, run: RunStart, call: Call): Promise<{ readonly id: string }>;
  /** @param id from status, once known; else it is looked for by its owner. @returns undefined: the cloud has no such run */
  find(of: string, id: string | undefined, call: Call): Promise<RunSeen | undefined>;
  /** What a run waits for at the moment. Undefined: nothing, or it can't be seen yet. A run waits for one signal at a time. */
  listening(id: string, call: Call): Promise<Listening | undefined>;
  /** Brings what a run waits for. Where another answer came first, or the wait is over, nothing happens. */
  answer(listening: Listening, value: Neutral, call: Call): Promise<void>;
  /** Ends it. One that has ended, or is gone, is left alone. */
  stop(id: string, call: Call): Promise<void>;
}
