import type { Clock } from "./clock.ts";
import { isNotFound } from "./errors.ts";
import { apiVersionOf, type ResourceType } from "./resource.ts";
import type { Transport } from "./transport.ts";

/** What the API server serves. */
export interface Discovery {
  /** Whether the server serves this type in this version. A yes is kept for five minutes, a no for ten seconds. */
  serves(type: ResourceType): Promise<boolean>;
  /** The server's version, such as `v1.37.2`. */
  serverVersion(): Promise<string>;
  /** Forgets what was learnt, so that the next question goes to the server. */
  refresh(): void;
}

const YES_MS = 300_000;
const NO_MS = 10_000;

interface Group {
  readonly plurals: ReadonlySet<string>;
  readonly askedAt: number;
}

export function createDiscovery(transport: Transport, clock: Clock): Discovery {
  const groups = new Map<string, Promise<Group>>();

  async function ask(groupVersion: string): Promise<Group> {
    const path = groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
    const askedAt = clock.monotonic();
    try {
      const reply = await transport.request<{ resources?: { name: string }[] }>({ path });
      return { plurals: new Set(reply.body.resources?.map((resource) => resource.name)), askedAt };
    } catch (error) {
      if (isNotFound(error)) return { plurals: new Set(), askedAt };
      groups.delete(groupVersion);
      throw error;
    }
  }

  function learn(groupVersion: string): Promise<Group> {
    const asking = ask(groupVersion);
    groups.set(groupVersion, asking);
    return asking;
  }

  return {
    async serves(type) {
      const groupVersion = apiVersionOf(type);
      const known = await (groups.get(groupVersion) ?? learn(groupVersion));
      const age = clock.monotonic() - known.askedAt;
      const yes = known.plurals.has(type.plural);
      if (age < (yes ? YES_MS : NO_MS)) return yes;
      return (await learn(groupVersion)).plurals.has(type.plural);
    },
    async serverVersion() {
      return (await transport.request<{ gitVersion: string }>({ path: "/version" })).body.gitVersion;
    },
    refresh: () => groups.clear(),
  };
}
