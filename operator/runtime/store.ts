import { type KubeObject, keyOf } from "./resource.ts";
import { compareResourceVersions } from "./resource-version.ts";

/** What happened to one object. A recreated object, known by its new uid, is deleted first and then added. */
export type Change<T> =
  | { readonly type: "added"; readonly key: string; readonly object: T }
  | { readonly type: "updated"; readonly key: string; readonly object: T; readonly old: T }
  | {
      readonly type: "deleted";
      readonly key: string;
      /** The last state that is known. */
      readonly object: T;
      /** The deletion itself was missed: the object is gone, but its last state may have been another. */
      readonly assumed: boolean;
    };

/** The keys under which an index finds an object. */
export type Indexer<T> = (object: T) => readonly string[];

export interface Store<T> {
  readonly size: number;
  get(key: string): T | undefined;
  /** All objects, or those of one namespace. */
  list(namespace?: string): T[];
  /** @throws Error for an index that was not declared */
  byIndex(index: string, key: string): T[];
  /** Takes a new state, unless it is older than the one that is known. */
  put(object: T): Change<T>[];
  /** Takes a deletion, unless something newer is known under the key. */
  remove(object: T): Change<T>[];
  /**
   * Takes the complete state of the collection at a resource version. Objects that were seen in a later state stay.
   * @param rewound the collection went back to an earlier state on purpose: nothing that is known counts
   */
  replace(objects: readonly T[], resourceVersion: string, rewound?: boolean): Change<T>[];
}

export interface StoreOptions<T> {
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** An indexer threw; the object is kept, but the index doesn't know it. */
  readonly onIndexError?: (index: string, key: string, error: unknown) => void;
}

const NAMESPACE = "\0namespace";

export function createStore<T extends KubeObject>(options: StoreOptions<T> = {}): Store<T> {
  const { indexers = {}, onIndexError } = options;
  const objects = new Map<string, T>();
  const indexes = new Map<string, { keys: Indexer<T>; entries: Map<string, Set<string>> }>();
  indexes.set(NAMESPACE, {
    keys: ({ metadata }) => (metadata.namespace ? [metadata.namespace] : []),
    entries: new Map(),
  });
  for (const [name, keys] of Object.entries(indexers)) indexes.set(name, { keys, entries: new Map() });

  function indexKeys(index: string, keys: Indexer<T>, key: string, object: T): readonly string[] {
    try {
      return keys(object);
    } catch (error) {
      onIndexError?.(index, key, error);
      return [];
    }
  }

  function unindex(key: string, object: T): void {
    for (const [name, { keys, entries }] of indexes) {
      for (const indexKey of indexKeys(name, keys, key, object)) {
        const found = entries.get(indexKey);
        found?.delete(key);
        if (found?.size === 0) entries.delete(indexKey);
      }
    }
  }

  function index(key: string, object: T): void {
    for (const [name, { keys, entries }] of indexes) {
      for (const indexKey of indexKeys(name, keys, key, object)) {
        const found = entries.get(indexKey);
        if (found) found.add(key);
        else entries.set(indexKey, new Set([key]));
      }
    }
  }

  function set(key: string, object: T): Change<T>[] {
    const old = objects.get(key);
    if (old) unindex(key, old);
    objects.set(key, object);
    index(key, object);
    if (!old) return [{ type: "added", key, object }];
    if (old.metadata.uid === object.metadata.uid) return [{ type: "updated", key, object, old }];
    return [
      { type: "deleted", key, object: old, assumed: true },
      { type: "added", key, object },
    ];
  }

  function drop(key: string, last: T, assumed: boolean): Change<T>[] {
    const old = objects.get(key);
    if (!old) return [];
    unindex(key, old);
    objects.delete(key);
    const sameObject = old.metadata.uid === last.metadata.uid;
    return [{ type: "deleted", key, object: sameObject ? last : old, assumed: assumed || !sameObject }];
  }

  function order(key: string, object: T): number {
    const known = objects.get(key);
    if (!known) return 1;
    return compareResourceVersions(object.metadata.resourceVersion, known.metadata.resourceVersion) ?? 1;
  }

  function find(indexName: string, key: string): T[] {
    const entries = indexes.get(indexName)?.entries;
    if (!entries)
      throw new Error(`There is no index "${indexName}"; declared are: ${Object.keys(indexers).join(", ") || "none"}.`);
    return Array.from(entries.get(key) ?? [], (found) => objects.get(found)!);
  }

  return {
    get size() {
      return objects.size;
    },
    get: (key) => objects.get(key),
    list: (namespace) => (namespace ? find(NAMESPACE, namespace) : [...objects.values()]),
    byIndex: find,
    put(object) {
      const key = keyOf(object.metadata);
      return order(key, object) > 0 ? set(key, object) : [];
    },
    remove(object) {
      const key = keyOf(object.metadata);
      return order(key, object) >= 0 ? drop(key, object, false) : [];
    },
    replace(fresh, resourceVersion, rewound = false) {
      const changes: Change<T>[] = [];
      const listed = new Map(fresh.map((object) => [keyOf(object.metadata), object]));
      for (const [key, known] of objects) {
        if (listed.has(key)) continue;
        const newer = (compareResourceVersions(known.metadata.resourceVersion, resourceVersion) ?? -1) > 0;
        if (rewound || !newer) changes.push(...drop(key, known, true));
      }
      for (const [key, object] of listed) {
        const differs = objects.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion;
        if (rewound ? differs : order(key, object) > 0) changes.push(...set(key, object));
      }
      return changes;
    },
  };
}
