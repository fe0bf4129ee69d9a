/** The way of every call: settle what is due, faults, checks by the definition, the handler, the journal. */
import type { Tap } from "../../tap.ts";
import type { Definitions, Method } from "./definitions.ts";
import { type CloudError, toCloudError, unimplemented } from "./errors.ts";
import type { Effects, Faults } from "./faults.ts";
import type { Journal } from "./journal.ts";
import type { Message } from "./messages.ts";
import { isMutating, journaled, planeOf, targetOf } from "./request-facts.ts";
import type { View } from "./store.ts";
import type { Call, Handler, StreamHandler, World } from "./world.ts";

/** The call took effect, but its answer must never reach the client. */
export class LostReply extends Error {
  override readonly name = "LostReply";
}

export interface Handlers {
  readonly unary: ReadonlyMap<string, Handler>;
  /** Server-streaming methods. */
  readonly streams: ReadonlyMap<string, StreamHandler>;
}

/** What the journal and the faults are told of a call. */
export interface Facts {
  /** Such as `google.pubsub.v1.Publisher.CreateTopic`. */
  readonly method: string;
  readonly resource: string;
  readonly mutating: boolean;
  readonly plane: "control" | "data";
  readonly request: Message;
}

export interface Engine {
  readonly definitions: Definitions;
  /** Rejects with CloudError or LostReply. Never settles while a `hang` fault holds it, until `signal` aborts. */
  unary(method: Method, request: Message, signal: AbortSignal): Promise<Message>;
  stream(method: Method, request: Message, signal: AbortSignal): Promise<readonly Message[]>;
  /**
   * Passes a call of an API that is not defined in proto (Cloud Storage's JSON API) through faults and journal.
   * `run` gets what reads see.
   */
  call<T>(facts: Facts, signal: AbortSignal, run: (view: View) => T | Promise<T>): Promise<T>;
  /** Passes what is no RPC (the PromQL endpoint) through the faults, under a name of its own. */
  guarded<T>(method: string, resource: string, signal: AbortSignal, answer: () => Promise<T> | T): Promise<T>;
}

export interface EngineParts {
  readonly world: World;
  readonly handlers: Handlers;
  readonly faults: Faults;
  readonly journal: Journal;
  /** Who sees the calls now. */
  readonly tap: () => Tap<Facts> | undefined;
  /** Resolves after some real time, or rejects when the signal aborts. */
  sleep(millis: number, signal: AbortSignal): Promise<void>;
}

/** Settles, by rejecting, only when the signal aborts. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const give = () => reject(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });

/** Fields that an update judges against the stored resource, not alone. */
function judgedLater({ request }: Method): ReadonlySet<string> {
  if (request.fields.updateMask === undefined) return new Set();
  return new Set(request.fieldsArray.filter(({ resolvedType }) => resolvedType !== null).map(({ name }) => name));
}

export function newEngine({ world, handlers, faults, journal, tap, sleep }: EngineParts): Engine {
  const { definitions, operations, validator, store, clock } = world;

  async function pass<T>(facts: Facts, signal: AbortSignal, run: (effects: Effects) => T | Promise<T>): Promise<T> {
    const effects = faults.hit(facts.method, facts.resource, facts.mutating);
    const note = (code: string) => journal.record({ at: clock.now(), ...facts, code });
    if (effects.delayMillis > 0) await sleep(effects.delayMillis, signal);
    if (effects.hang) await aborted(signal);
    operations.settle();
    const tapping = tap();
    if (tapping?.asked(facts) === "refuse") throw new LostReply(`${facts.method} never came`);
    try {
      if (effects.error) throw effects.error;
      const result = await run(effects);
      note("OK");
      if (tapping?.done(facts) === "drop") throw new LostReply(`The reply to ${facts.method} is lost`);
      if (effects.dropReply) throw new LostReply(`The reply to ${facts.method} is lost`);
      return result;
    } catch (error) {
      if (error instanceof LostReply) throw error;
      const known = toCloudError(error);
      note(known.code);
      if (tapping?.done(facts) === "drop") throw new LostReply(`The reply to ${facts.method} is lost`);
      throw known;
    }
  }

  function answer<T>(method: Method, request: Message, signal: AbortSignal, run: (call: Call) => T | Promise<T>) {
    const facts = {
      method: method.fullName,
      resource: targetOf(method, request),
      mutating: isMutating(method),
      plane: planeOf(method),
      request: journaled(method, request),
    };
    return pass(facts, signal, ({ frozen, operationFailure }) => {
      validator.check(method.request, request, judgedLater(method));
      return run({ world, method, request, view: frozen ?? store, operationFailure });
    });
  }

  const missing = (method: Method): CloudError =>
    unimplemented(`${method.fullName} is not implemented in the test bed's GCP cloud.`);

  return {
    definitions,
    unary(method, request, signal) {
      return answer(method, request, signal, (call) => {
        const handler = handlers.unary.get(method.fullName);
        if (handler === undefined) throw missing(method);
        return handler(call);
      });
    },
    stream(method, request, signal) {
      return answer(method, request, signal, (call) => {
        const handler = handlers.streams.get(method.fullName);
        if (handler === undefined) throw missing(method);
        return handler(call);
      });
    },
    call: (facts, signal, run) => pass(facts, signal, ({ frozen }) => run(frozen ?? store)),
    async guarded(method, resource, signal, run) {
      const effects = faults.hit(method, resource, false);
      if (effects.delayMillis > 0) await sleep(effects.delayMillis, signal);
      if (effects.error) throw effects.error;
      operations.settle();
      return run();
    },
  };
}
