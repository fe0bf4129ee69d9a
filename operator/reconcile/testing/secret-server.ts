import { type Client, createClient } from "../../runtime/client.ts";
import { ApiError } from "../../runtime/errors.ts";
import type { SecretObject } from "../../runtime/secrets.ts";
import type { Transport, TransportRequest } from "../../runtime/transport.ts";
import { applyPatch } from "./one-object.ts";

/** A Secret as the server holds it. */
export interface HeldSecret {
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  data?: Record<string, string>;
  immutable?: boolean;
}

/** An API server that knows Secrets of one namespace, in memory: preconditions, immutability and metadata-only answers. */
export interface SecretServer {
  readonly client: Client;
  readonly secrets: Map<string, HeldSecret>;
  /** `GET a`, `META a`, `POST a`, `PATCH a`, `DELETE a`, oldest first. */
  readonly requests: string[];
  /** Called before each request: a throw is its answer. */
  onRequest: (request: string) => void;
  /** Somebody else writes it. */
  tamper(name: string, change: (secret: HeldSecret) => void): void;
  /** The values as text. Undefined: there is no such Secret. */
  text(name: string): Readonly<Record<string, string>> | undefined;
}

/** The API server's answer `status`, with a message that quotes what was sent. */
export const refusal = (status: number, reason: string, body?: unknown): ApiError =>
  new ApiError(`refused ${JSON.stringify(body) ?? ""}`, {
    status,
    reason,
    details: undefined,
    retryAfterMs: undefined,
  });

export function createSecretServer(): SecretServer {
  const secrets = new Map<string, HeldSecret>();
  let version = 0;
  let made = 0;

  const verbOf = ({ method = "GET", headers }: TransportRequest) =>
    method === "GET" && headers?.accept?.includes("PartialObjectMetadata") ? "META" : method;

  function answer(request: TransportRequest): unknown {
    const body = request.body as
      | (SecretObject & { preconditions?: { uid?: string; resourceVersion?: string } })
      | undefined;
    const name = request.method === "POST" ? (body?.metadata.name ?? "") : (request.path.split("/").at(-1) ?? "");
    const verb = verbOf(request);
    server.onRequest(`${verb} ${name}`);
    server.requests.push(`${verb} ${name}`);
    const held = secrets.get(name);
    if (verb === "POST") {
      if (held) throw refusal(409, "AlreadyExists", body);
      const metadata = { ...body?.metadata, name, uid: `secret-${++made}`, resourceVersion: String(++version) };
      secrets.set(name, { ...body, metadata } as HeldSecret);
      return secrets.get(name);
    }
    if (!held) throw refusal(404, "NotFound");
    const expected = verb === "DELETE" ? body?.preconditions : verb === "PATCH" ? body?.metadata : undefined;
    for (const field of ["uid", "resourceVersion"] as const)
      if (expected?.[field] !== undefined && expected[field] !== held.metadata[field])
        throw refusal(409, "Conflict", body);
    if (verb === "META") return { metadata: held.metadata };
    if (verb === "DELETE") return secrets.delete(name);
    if (verb === "PATCH") {
      if (held.immutable && body?.data) throw refusal(422, "Invalid", body);
      const patched = applyPatch(held, body) as HeldSecret;
      secrets.set(name, { ...patched, metadata: { ...patched.metadata, resourceVersion: String(++version) } });
    }
    return secrets.get(name);
  }

  const transport: Transport = {
    request: async <T>(request: TransportRequest) => ({ status: 200, headers: {}, body: answer(request) as T }),
    stream: () => {
      throw new Error("Secrets are never watched.");
    },
    connectionsOpened: () => 0,
    close: async () => {},
  };
  const server: SecretServer = {
    client: createClient(transport),
    secrets,
    requests: [],
    onRequest: () => {},
    tamper(name, change) {
      const held = structuredClone(secrets.get(name));
      if (!held) throw new Error(`There is no Secret ${name}.`);
      change(held);
      secrets.set(name, { ...held, metadata: { ...held.metadata, resourceVersion: String(++version) } });
    },
    text(name) {
      const data = secrets.get(name)?.data;
      const decoded = Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
      return secrets.has(name) ? Object.fromEntries(decoded) : undefined;
    },
  };
  return server;
}
