import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request, as far as engines agree. */
export interface Received {
  readonly method: string;
  /** With its query, whose parameters are sorted. */
  readonly path: string;
  /** Its Idempotency-Key. */
  readonly key: string;
  /** The how manyeth with that key it is: from 1. */
  readonly attempt: number;
  /** JSON; a text that is none as it is; undefined where there is none. */
  readonly body: unknown;
}

/** The status of the answer to a request; 0: the connection breaks. */
export type StatusOf = (request: Received) => number;

/** As it is told: engines put the parameters of a query in any order. */
export function pathOf(path: string, query: URLSearchParams): string {
  query.sort();
  return query.size > 0 ? `${path}?${query}` : path;
}

/** The body of an answer. */
export const answerTo = ({ path, attempt }: Received) => ({ path, attempt });

export interface ScheduledService {
  /** As http://127.0.0.1:port, without a slash at its end. */
  readonly url: string;
  /** What runs of that id asked, in the order in which it came. */
  received(run: string): readonly Received[];
  /** What came to a path, with any key or none. */
  receivedAt(path: string): readonly Received[];
  /** What came to paths that begin so. */
  receivedBelow(start: string): readonly Received[];
  stop(): Promise<void>;
}

/** An HTTP service that answers as it is told, and remembers. @param answerOf gives the bodies of its answers */
export async function startScheduledService(
  statusOf: StatusOf,
  answerOf: (request: Received) => unknown = answerTo,
): Promise<ScheduledService> {
  const received: Received[] = [];
  const ofRun = (run: string) => received.filter(({ key }) => key.startsWith(`${run}/`));
  const server = createServer(async (request, response) => {
    const text = await read(request);
    const key = String(request.headers["idempotency-key"]);
    const { method = "", url = "" } = request;
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const path = pathOf(pathname, searchParams);
    const attempt = received.filter((one) => one.key === key).length + 1;
    const one = { method, path, key, attempt, body: jsonOr(text) };
    received.push(one);
    const status = statusOf(one);
    if (status === 0) return response.destroy();
    const answer = JSON.stringify(await answerOf(one));
    response.writeHead(status, { "content-type": "application/json" }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: ofRun,
    receivedAt: (path) => received.filter((one) => one.path === path),
    receivedBelow: (start) => received.filter(({ path }) => path.startsWith(start)),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function jsonOr(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
