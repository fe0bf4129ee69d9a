/** What the cloud holds: one map a resource type, values never changed in place, so a snapshot is a shallow copy. */
import type { Message } from "./messages.ts";

export interface View {
  get(type: string, name: string): Message | undefined;
  /** Resources of a type whose name starts with `prefix`, in the order of their names. */
  list(type: string, prefix: string): readonly Message[];
  names(type: string): readonly string[];
}

export interface Store extends View {
  put(type: string, name: string, value: Message): void;
  delete(type: string, name: string): void;
  /** Removes all resources below a name, of any type but the one that is kept. */
  deleteBelow(name: string, kept: string): void;
  clear(): void;
  /** The store as it is now, for good. */
  snapshot(): View;
  /** A number that no earlier call returned: the source of etags and generated ids. */
  nextRevision(): number;
}

type Table = ReadonlyMap<string, Message>;

const view = (tables: ReadonlyMap<string, Table>): View => ({
  get: (type, name) => tables.get(type)?.get(name),
  list: (type, prefix) =>
    [...(tables.get(type) ?? [])]
      .filter(([name]) => name.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, value]) => value),
  names: (type) => [...(tables.get(type)?.keys() ?? [])],
});

export function newStore(): Store {
  const tables = new Map<string, Map<string, Message>>();
  let revision = 0;
  return {
    ...view(tables),
    put(type, name, value) {
      const table = tables.get(type) ?? new Map<string, Message>();
      tables.set(type, table.set(name, value));
    },
    delete: (type, name) => void tables.get(type)?.delete(name),
    deleteBelow(name, kept) {
      for (const [type, table] of tables)
        if (type !== kept) for (const key of table.keys()) if (key.startsWith(`${name}/`)) table.delete(key);
    },
    clear: () => tables.clear(),
    snapshot: () => view(new Map([...tables].map(([type, table]) => [type, new Map(table)]))),
    nextRevision() {
      revision += 1;
      return revision;
    },
  };
}
