import { createHeap } from "./heap.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { Timers } from "./timers.ts";

/** Those who wait until a cache has reached a resource version. */
export interface ResourceVersionWaiters {
  /** true once `reached` was called with that version or a newer one; false when the time is up or `stop` is called. */
  wait(resourceVersion: string, timeoutMs: number): Promise<boolean>;
  reached(resourceVersion: string): void;
  stop(): void;
}

interface Waiter {
  readonly resourceVersion: string;
  settle(reached: boolean): void;
}

export function createResourceVersionWaiters(timers: Timers): ResourceVersionWaiters {
  const waiting = createHeap<Waiter>(
    (a, b) => (compareResourceVersions(a.resourceVersion, b.resourceVersion) ?? 0) < 0,
  );

  return {
    wait: (resourceVersion, timeoutMs) =>
      new Promise((resolve) => {
        const cancel = timers.schedule(timeoutMs, () => resolve(false));
        const settle = (reached: boolean) => {
          cancel();
          resolve(reached);
        };
        waiting.push({ resourceVersion, settle });
      }),
    reached(resourceVersion) {
      for (let first = waiting.peek(); first; first = waiting.peek()) {
        if ((compareResourceVersions(first.resourceVersion, resourceVersion) ?? 0) > 0) return;
        waiting.pop();
        first.settle(true);
      }
    },
    stop() {
      for (let first = waiting.pop(); first; first = waiting.pop()) first.settle(false);
    },
  };
}
