import { grpc } from "google-gax";
import { toProviderError } from "./errors.ts";

/** How long one call may take, in ms. The attempt's own deadline comes by the signal. */
const TIMEOUT_MS = 30_000;

/** What the generated clients take besides the request. */
export interface CallOptions {
  readonly timeout: number;
  readonly retry: null;
  readonly autoPaginate: false;
  readonly otherArgs: { readonly options: { readonly interceptors: readonly grpc.Interceptor[] } };
}

type Done<Reply> = (error?: Error | null, reply?: Reply | null, ...rest: unknown[]) => void;

/**
 * One call of a generated Google client, ended by `signal`: the gRPC call is cancelled, and the promise is rejected at
 * once even where the client still waits for its credentials. Core retries, so the client does not.
 *
 * The client's callback form is used on purpose: its promise form loses the handle to cancel and parses all its
 * protocol definitions (25 ms) for each error that has details.
 *
 * @param api    how people call the service, for messages
 * @param start  starts the call, such as `(options, done) => client.getTopic({ topic }, options, done)`
 * @throws ProviderError
 */
export function unary<Reply>(
  api: string,
  signal: AbortSignal,
  start: (options: CallOptions, done: Done<Reply>) => unknown,
): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    const fail = (error: unknown) => {
      signal.removeEventListener("abort", cancel);
      reject(toProviderError(error, api));
    };
    const cancel = () => fail(cancelled());
    if (signal.aborted) return fail(cancelled());
    signal.addEventListener("abort", cancel, { once: true });
    const options: CallOptions = {
      timeout: TIMEOUT_MS,
      retry: null,
      autoPaginate: false,
      otherArgs: { options: { interceptors: [cancelWith(signal)] } },
    };
    try {
      start(options, (error, reply) => {
        if (error) return fail(error);
        signal.removeEventListener("abort", cancel);
        resolve(reply as Reply);
      });
    } catch (error) {
      fail(error);
    }
  });
}

const cancelled = () => Object.assign(new Error("cancelled"), { code: grpc.status.CANCELLED, details: "cancelled" });

/** Cancels the gRPC call itself when the signal is aborted, so that the server stops too. */
function cancelWith(signal: AbortSignal): grpc.Interceptor {
  return (options, nextCall) => {
    const call = new grpc.InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        const cancel = () => call.cancelWithStatus(grpc.status.CANCELLED, "cancelled");
        signal.addEventListener("abort", cancel, { once: true });
        next(metadata, {
          onReceiveStatus(status, nextStatus) {
            signal.removeEventListener("abort", cancel);
            nextStatus(status);
          },
        });
      },
    });
    return call;
  };
}

/**
 * All pages of a list.
 *
 * @param start  starts the call for one page
 * @throws ProviderError
 */
export async function paged<Request, Item>(
  api: string,
  signal: AbortSignal,
  request: Request,
  start: (
    page: Request,
    options: CallOptions,
    done: (error?: Error | null, items?: Item[] | null, next?: Request | null) => void,
  ) => unknown,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let page: Request | null = request;
  while (page !== null) {
    const asked: Request = page;
    let next: Request | null = null;
    const items = await unary<Item[]>(api, signal, (options, done) =>
      start(asked, options, (error, found, following) => {
        next = following ?? null;
        done(error, found);
      }),
    );
    all.push(...items);
    page = next;
  }
  return all;
}
