import { expect } from "vitest";
import { waitUntil } from "../../hack/testbed/index.ts";

/** Waits until it looks so, and tells how it looks when it doesn't. */
export async function eventually(look: () => Promise<unknown>, expected: unknown, timeoutMs = 40_000): Promise<void> {
  let last: unknown;
  const matches = async () => {
    last = await look().catch((error: Error) => error.message);
    try {
      expect(last).toMatchObject(expected as object);
      return true;
    } catch {
      return false;
    }
  };
  await waitUntil(matches, { what: "the state", timeoutMs, everyMs: 200 }).catch(() => undefined);
  expect(last).toMatchObject(expected as object);
}
