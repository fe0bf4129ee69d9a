/**
 * What can go wrong at a cloud, as a closed set. Each cloud maps its own error codes to it once, in
 * `adapters/<cloud>/errors.ts`; core maps it once to a condition reason and a retry class.
 *
 * - `notFound`   the thing, or something it names, is not there
 * - `throttled`  we called too often; the call had no effect
 * - `transient`  the cloud's fault or the network's: try again (also: not yet consistent, name still reserved)
 * - `denied`     our credentials may not do this
 * - `quota`      a limit of the account or project is reached
 * - `conflict`   somebody else changed it, holds the name, or it is busy with another operation
 * - `invalid`    the request can never succeed as it is
 */
export type Fault = "notFound" | "throttled" | "transient" | "denied" | "quota" | "conflict" | "invalid";

/** The one error a provider may throw. `message` is for people and stable: no request ids, no times. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  readonly fault: Fault;
  /** The cloud's own error code, such as `AWS.SimpleQueueService.NonExistentQueue` or `FAILED_PRECONDITION`. */
  readonly code: string;
  /** For logs and events only: it changes with every call. */
  readonly requestId: string | undefined;
  /** The cloud said when to come back. Milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The step of a many-step create or update that failed, such as `grant publisher on the dead-letter topic`. */
  readonly step: string | undefined;

  constructor(
    fault: Fault,
    message: string,
    details: {
      code?: string | undefined;
      requestId?: string | undefined;
      retryAfterMs?: number | undefined;
      step?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.fault = fault;
    this.code = details.code ?? fault;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.step = details.step;
  }
}

/** Runs one named step of a call that has several; an error of it carries the step's name. */
export async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ProviderError) || error.step !== undefined) throw error;
    throw new ProviderError(error.fault, error.message, {
      code: error.code,
      requestId: error.requestId,
      retryAfterMs: error.retryAfterMs,
      step: name,
      cause: error.cause,
    });
  }
}

/**
 * Waits for calls that run side by side, as Promise.all does, but for all of them: when several fail, the error of the
 * first one in order is thrown. So the same trouble gives the same message in each pass, and status stays as it is.
 */
export async function sideBySide<const Calls extends readonly unknown[]>(
  calls: Calls,
): Promise<{ -readonly [I in keyof Calls]: Awaited<Calls[I]> }> {
  const settled = await Promise.allSettled(calls);
  const failed = settled.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return settled.map((one) => (one as PromiseFulfilledResult<unknown>).value) as {
    -readonly [I in keyof Calls]: Awaited<Calls[I]>;
  };
}
