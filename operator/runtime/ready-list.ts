/** Keys that are ready to be worked on: by priority, and within a priority in turn between namespaces. */
export interface ReadyList {
  readonly size: number;
  /** How many keys wait at a priority. */
  depth(priority: number): number;
  /** @returns how to take the key out again */
  push(key: string, namespace: string, priority: number): () => void;
  pop(): string | undefined;
}

/**
 * So often the turn goes to the lowest priority that waits, so that a flood of urgent work can delay the rest but not
 * stop it.
 */
const LOWEST_FIRST_EVERY = 16;

interface Item {
  readonly key: string;
  live: boolean;
}

/** @param priorities how many there are; 0 comes first */
export function createReadyList(priorities: number): ReadyList {
  const levels = Array.from({ length: priorities }, createLevel);
  let turns = 0;

  function take(level: Level): string | undefined {
    const key = level.pop();
    if (key !== undefined) turns++;
    return key;
  }

  return {
    get size() {
      return levels.reduce((sum, level) => sum + level.size, 0);
    },
    depth: (priority) => levels[priority]?.size ?? 0,
    push: (key, namespace, priority) => levels[priority]!.push(key, namespace),
    pop() {
      const order = turns % LOWEST_FIRST_EVERY === LOWEST_FIRST_EVERY - 1 ? levels.toReversed() : levels;
      const level = order.find(({ size }) => size > 0);
      return level && take(level);
    },
  };
}

interface Level {
  readonly size: number;
  push(key: string, namespace: string): () => void;
  pop(): string | undefined;
}

function createLevel(): Level {
  const byNamespace = new Map<string, Fifo<Item>>();
  const turn = createFifo<string>();
  let size = 0;

  return {
    get size() {
      return size;
    },
    push(key, namespace) {
      const item = { key, live: true };
      const waiting = byNamespace.get(namespace);
      if (waiting) waiting.push(item);
      else {
        const first = createFifo<Item>();
        first.push(item);
        byNamespace.set(namespace, first);
        turn.push(namespace);
      }
      size++;
      return () => {
        if (!item.live) return;
        item.live = false;
        size--;
      };
    },
    pop() {
      for (let namespace = turn.shift(); namespace !== undefined; namespace = turn.shift()) {
        const waiting = byNamespace.get(namespace)!;
        let item = waiting.shift();
        while (item && !item.live) item = waiting.shift();
        if (waiting.size === 0) byNamespace.delete(namespace);
        else turn.push(namespace);
        if (!item) continue;
        item.live = false;
        size--;
        return item.key;
      }
      return undefined;
    },
  };
}

interface Fifo<T> {
  readonly size: number;
  push(item: T): void;
  shift(): T | undefined;
}

/** An array whose head moves, because `Array.shift` moves all that comes after it. */
function createFifo<T>(): Fifo<T> {
  let items: T[] = [];
  let head = 0;
  return {
    get size() {
      return items.length - head;
    },
    push: (item) => void items.push(item),
    shift() {
      if (head >= items.length) return undefined;
      const item = items[head++];
      if (head > 64 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
