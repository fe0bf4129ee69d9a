import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";

/** Where a service answers when it isn't Google's usual address. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** False: an emulator. No TLS, and no credentials are sent or looked for. */
  readonly tls: boolean;
}

/**
 * The address of a service from the Environment's `endpoints` (`<service>`, else `default`), or undefined for Google's own.
 * `http://host:port` and `host:port` are emulators; `https://host[:port]`, `host` and `host:443` are private endpoints.
 *
 * @throws ProviderError invalid, when the text is no address
 */
export function endpointOf(place: Pick<Place, "endpoints">, service: string): Endpoint | undefined {
  const text = place.endpoints[service] ?? place.endpoints.default;
  if (text === undefined) return undefined;
  const url = parse(
    /^[a-z]+:\/\//i.test(text) ? text : `${/:\d+$/.test(text) && !text.endsWith(":443") ? "http" : "https"}://${text}`,
  );
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "")
    throw new ProviderError(
      "invalid",
      `endpoints.${service in place.endpoints ? service : "default"} "${text}" is no address: write http://host:port or https://host.`,
      { code: "ENDPOINT" },
    );
  const tls = url.protocol === "https:";
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port ? Number(url.port) : tls ? 443 : 80, tls };
}

/** The base URL of a service that is spoken to by HTTP, without a trailing slash. */
export function baseUrl(place: Pick<Place, "endpoints">, service: string, usual: string): string {
  const text = place.endpoints[service];
  if (text === undefined) return usual;
  return (/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`).replace(/\/+$/, "");
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
