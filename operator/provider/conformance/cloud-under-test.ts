import type { AnyProvider } from "../../reconcile/environment-view.ts";
import type { CloudConnection, Place, WhoAmI } from "../cloud.ts";
import type { Cloud, Unsupported } from "../provider.ts";

/** A connection whose kinds are taken as they come. */
export type AnyConnection = Omit<CloudConnection<Record<never, never>>, "providers"> & {
  readonly providers: Readonly<Record<string, AnyProvider | Unsupported>>;
};

/**
 * What can go wrong on the way of a call.
 *
 * - `denied`, `throttled`, `unavailable`  the cloud refuses in its own words, without effect
 * - `refused`   the connection breaks before the cloud hears of it
 * - `lost`      the cloud does it, the reply never comes
 * - `cut`       the cloud does it, the reply breaks off
 * - `empty`     the cloud does it, the reply is a success without content
 */
export type Trouble = "denied" | "throttled" | "unavailable" | "refused" | "lost" | "cut" | "empty";

/** A call that changes something, as the cloud (or what stands before it) saw it. */
export interface WriteCall {
  /** The cloud's name of the operation, such as `CreateQueue`. */
  readonly operation: string;
  /** It took effect. */
  readonly ok: boolean;
  /** What was asked: parsed JSON, the message, or the body as it came where the protocol has neither. */
  readonly request: unknown;
}

/** A cloud that the suite runs against, and what it can do to it. One for all kinds; cases run one after the other. */
export interface CloudUnderTest {
  readonly cloud: Cloud;
  readonly place: Place;
  /** Where and as whom the connections are. */
  readonly who: WhoAmI;
  /** A connection that shares nothing with earlier ones but the cloud: the operator after a restart. */
  connect(): AnyConnection;
  /** Calls of the control plane that change something, oldest first, also refused ones. */
  writes(): readonly WriteCall[];
  /** Troubles that it can make. */
  readonly troubles: ReadonlySet<Trouble>;
  /** Every call that only looks gets into this trouble, until `heal`. */
  troubleReads(trouble: Trouble): void;
  /** So much of all calls, above 0 and up to 1, gets into this trouble, until `heal`. */
  troubleSome(trouble: Trouble, share: number): void;
  /** The next `times` calls of that operation, 1 if left out, after `skip` others of it; Infinity: all, until `heal`. */
  troubleWrite(operation: string, trouble: Trouble, skip?: number, times?: number): void;
  /** Reads tell what was there at this moment, until `heal`. */
  freezeReads(): void;
  heal(): void;
  /** The cloud's own time goes on. What an emulator can't hurry is a gap of the case that needs it. */
  advance(ms: number): void;
  /** Operations that go on behind a call (tables, databases) take this long in the cloud's own time; 0: none. */
  operationsTake(ms: number): void;
  /** A moment for what goes on behind a call. */
  pause(): Promise<void>;
}
