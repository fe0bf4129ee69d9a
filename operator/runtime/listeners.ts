/** Those who are told of something, in the order they came. */
export interface Listeners<E> {
  /** @returns how to be told no longer */
  add(listener: (event: E) => void): () => void;
  /** Tells all; one that throws keeps none of the others from being told. */
  tell(event: E): void;
}

export function createListeners<E>(onError: (error: unknown, event: E) => void): Listeners<E> {
  const listeners = new Set<(event: E) => void>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          onError(error, event);
        }
      }
    },
  };
}
