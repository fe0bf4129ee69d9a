/** What every handler is given. */
import type { Definitions, Method } from "./definitions.ts";
import type { CloudError } from "./errors.ts";
import type { Message } from "./messages.ts";
import type { Operations } from "./operations.ts";
import type { Store, View } from "./store.ts";
import type { Validator } from "./validate.ts";

/** The cloud's clock: real time plus what a test has advanced it by. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  advance(millis: number): void;
  /** Back to real time. */
  reset(): void;
}

/** How the cloud behaves where Google leaves it open or where tests want it faster. All times in milliseconds. */
export interface Settings {
  /** How long a long-running operation takes. */
  operationMillis: number;
  /** How long the name of a deleted Firestore database can't be used again. Google: about five minutes. */
  databaseNameMillis: number;
  /** Buckets of other projects by name, and whether we may look at them: the names of buckets are everybody's. */
  foreignBuckets: Readonly<Record<string, "hidden" | "readable">>;
}

export interface World {
  readonly definitions: Definitions;
  readonly validator: Validator;
  readonly store: Store;
  readonly clock: Clock;
  readonly operations: Operations;
  readonly settings: Settings;
  /** The one project that exists. */
  readonly project: { readonly id: string; readonly number: string };
}

export interface Call {
  readonly world: World;
  readonly method: Method;
  readonly request: Message;
  /** What reads see: the store, or the past while a fault freezes reads. */
  readonly view: View;
  /** Set when a fault makes the operation that this call starts end in an error. */
  readonly operationFailure: CloudError | undefined;
}

export type Handler = (call: Call) => Message | Promise<Message>;
export type StreamHandler = (call: Call) => readonly Message[] | Promise<readonly Message[]>;
