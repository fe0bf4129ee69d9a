/** What a service adds to the cloud. */

import type { BidiHandler } from "../engine/grpc.ts";
import type { HttpRoute } from "../engine/rest.ts";
import type { Semantics } from "../engine/semantics.ts";
import type { Handler, StreamHandler } from "../engine/world.ts";

export interface ServiceModule {
  /** Full names of the services that are served; their standard methods come from the definitions. */
  readonly services: readonly string[];
  /** By resource type. */
  readonly semantics?: Readonly<Record<string, Semantics>>;
  /** By full method name; they go before the standard methods. */
  readonly unary?: Readonly<Record<string, Handler>>;
  readonly streams?: Readonly<Record<string, StreamHandler>>;
  readonly bidi?: Readonly<Record<string, BidiHandler>>;
  readonly routes?: readonly HttpRoute[];
  /** After a test has moved the clock. */
  advanced?(): Promise<void> | void;
  /** Forgets everything that isn't in the store. */
  reset?(): Promise<void>;
  close?(): Promise<void> | void;
}
