import type { Client } from "../operator/runtime/client.ts";
import { QUEUES } from "./watch.ts";

/** How many requests of the driver are under way at once. */
const PARALLEL = 16;

/** What users do: makes, changes and deletes Queues in the namespace default, and counts its requests. */
export interface Driver {
  /** Makes `prefix-0`, `prefix-1` and so on. @returns when each create was sent, by name */
  create(prefix: string, count: number): Promise<ReadonlyMap<string, number>>;
  /** Makes one of this name. @returns when the create was sent */
  createOne(name: string): Promise<number>;
  /** Sets the spec's processing timeout of all that `create` made under the prefix. */
  change(prefix: string, count: number, seconds: number): Promise<void>;
  /** Deletes all Queues by one request. */
  deleteAll(): Promise<void>;
  /** Requests so far, by verb as the API server names it. */
  counts(): ReadonlyMap<string, number>;
}

export function createDriver(client: Client): Driver {
  const sent = new Map<string, number>();
  const count = (verb: string) => sent.set(verb, (sent.get(verb) ?? 0) + 1);
  const createOne = async (name: string) => {
    const at = performance.now();
    count("POST");
    await client.create(QUEUES, "default", { metadata: { name }, spec: {} } as object);
    return at;
  };
  return {
    createOne,
    async create(prefix, size) {
      const times = new Map<string, number>();
      await sideBySide(size, async (number) => {
        const name = `${prefix}-${number}`;
        times.set(name, performance.now());
        await createOne(name);
      });
      return times;
    },
    async change(prefix, size, seconds) {
      const patch = { spec: { processingTimeout: `${seconds}s` } };
      await sideBySide(size, async (number) => {
        count("PATCH");
        await client.patch(QUEUES, { namespace: "default", name: `${prefix}-${number}` }, patch, { as: "merge" });
      });
    },
    async deleteAll() {
      // So the API server counts a deletion of many.
      count("DELETE");
      const path = `/apis/${QUEUES.group}/${QUEUES.version}/namespaces/default/${QUEUES.plural}`;
      await client.transport.request({ method: "DELETE", path, timeoutMs: 600_000 });
    },
    counts: () => new Map(sent),
  };
}

/** Runs so many, 16 at once. */
export async function sideBySide(count: number, run: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
