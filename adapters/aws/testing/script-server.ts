import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as the SDK sent it. */
export interface Asked {
  /** Name of the call: `CreateQueue`, or method and path for REST services. */
  readonly operation: string;
  /** JSON body, or the fields of a form; XML as `xml`. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer on the wire. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the server does instead of answering in full. */
export type Trouble = "close before the answer" | "cut the answer" | "never answer";

export type Script = (asked: Asked) => Reply | Trouble;

/** A server on a free port of this machine that answers by script and remembers what it was asked. */
export async function scriptServer(script: Script): Promise<{
  readonly url: string;
  readonly asked: readonly Asked[];
  /** The access key that signed each of them; undefined: none did. */
  readonly signers: readonly (string | undefined)[];
  close(): Promise<void>;
}> {
  const asked: Asked[] = [];
  const signers: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    void read(request).then((text) => {
      const one = askedOf(request, text);
      asked.push(one);
      signers.push(/Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1]);
      answer(response, script(one));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    signers,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

function askedOf(request: IncomingMessage, text: string): Asked {
  const target = String(request.headers["x-amz-target"] ?? "");
  if (target) return { operation: target.split(".").at(-1) ?? "", body: JSON.parse(text || "{}") };
  if (String(request.headers["content-type"]).includes("x-www-form-urlencoded")) {
    const form = Object.fromEntries(new URLSearchParams(text));
    return { operation: form.Action ?? "", body: form };
  }
  const body = text.startsWith("<") ? { xml: text } : JSON.parse(text || "{}");
  return { operation: `${request.method} ${request.url?.split("?")[0]}`, body };
}

function answer(response: ServerResponse, reply: Reply | Trouble): void {
  if (reply === "never answer") return;
  if (reply === "close before the answer") {
    response.destroy();
    return;
  }
  if (reply === "cut the answer") {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0", "content-length": "500" });
    response.write('{"Attributes":{"QueueArn":"arn:aws:sqs:us');
    response.flushHeaders();
    setImmediate(() => response.destroy());
    return;
  }
  response.writeHead(reply.status, { "content-length": String(Buffer.byteLength(reply.body)), ...reply.headers });
  response.end(reply.body);
}
