import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** What a connection to the API server needs. */
export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Where the API server is and how to show who we are. */
export interface Credentials {
  /** Scheme, host and port. */
  readonly origin: string;
  /** A path before every request's own, without a slash at its end; empty for most clusters. */
  readonly basePath: string;
  readonly proxyUrl: string | undefined;
  /** Headers that authenticate a request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Equal for credentials that can share connections. */
  readonly connectionKey: string;
}

/** The part of client-node's KubeConfig that is needed here. */
export type KubeConfigLike = Pick<KubeConfig, "getCurrentCluster" | "getCurrentUser" | "applyToHTTPSOptions">;

export interface CredentialsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How long what was read counts as fresh; tokens and certificates are rotated in files. */
  readonly maxAgeMs?: number;
}

export interface CredentialsSource {
  /**
   * The credentials, read again when they are older than a minute. When reading fails, those of before are kept.
   * @throws Error when they can't be read and there are none of before
   */
  current(): Promise<Credentials>;
  /** The server refused `used`: the next call of `current` reads anew, unless that has happened since. */
  refused(used: Credentials): void;
}

const MAX_AGE_MS = 60_000;
const RETRY_AFTER_FAILURE_MS = 5_000;

/** Reads credentials through a KubeConfig: files, inline data, in-cluster, exec plugins and OIDC. */
export function createCredentials(config: KubeConfigLike, options: CredentialsOptions): CredentialsSource {
  const { clock, log, maxAgeMs = MAX_AGE_MS } = options;
  let latest: Credentials | undefined;
  let freshUntil = Number.NEGATIVE_INFINITY;
  let reading: Promise<Credentials> | undefined;

  async function refresh(): Promise<Credentials> {
    try {
      latest = await readCredentials(config);
      freshUntil = clock.monotonic() + maxAgeMs;
      return latest;
    } catch (error) {
      if (!latest) throw error;
      log.warn({ err: error }, "could not read the API server's credentials again; those of before stay in use");
      freshUntil = clock.monotonic() + RETRY_AFTER_FAILURE_MS;
      return latest;
    } finally {
      reading = undefined;
    }
  }

  return {
    async current() {
      if (latest && clock.monotonic() < freshUntil) return latest;
      reading ??= refresh();
      return reading;
    },
    refused(used) {
      if (used === latest) freshUntil = Number.NEGATIVE_INFINITY;
    },
  };
}

async function readCredentials(config: KubeConfigLike): Promise<Credentials> {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error("The kubeconfig names no current cluster: set current-context or --context.");
  const url = new URL(cluster.server);
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const headers = plainHeaders(options.headers);
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const tokenFile = tokenFileOf(config);
  if (tokenFile) headers.authorization = `Bearer ${(await readFile(tokenFile, "utf8")).trim()}`;
  const tls = tlsMaterial(options);
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ""),
    proxyUrl: cluster.proxyUrl || undefined,
    headers,
    tls,
    connectionKey: connectionKey(url.origin, cluster.proxyUrl, tls),
  };
}

/** client-node caches a token file on a timer of its own; read here, a rotated token is seen once our cache has aged. */
function tokenFileOf(config: KubeConfigLike): string | undefined {
  const provider: unknown = config.getCurrentUser()?.authProvider;
  return (provider as { config?: { tokenFile?: string } } | undefined | null)?.config?.tokenFile;
}

function plainHeaders(headers: RequestOptions["headers"]): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) plain[name.toLowerCase()] = String(value).trim();
  return plain;
}

function tlsMaterial(options: RequestOptions): TlsMaterial {
  const { ca, cert, key, servername, rejectUnauthorized } = options as TlsMaterial;
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(servername && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function connectionKey(origin: string, proxyUrl: string | undefined, tls: TlsMaterial): string {
  const hash = createHash("sha256");
  const parts = [origin, proxyUrl, tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)];
  for (const part of parts) hash.update(part ?? "").update("\0");
  return hash.digest("hex");
}
