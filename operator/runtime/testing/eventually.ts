import { type FakeClock, settle } from "./fake-clock.ts";

/**
 * Waits until a condition holds, moving a fake clock on if one is given; slowly enough for sockets to keep up.
 * @throws Error when it doesn't hold after `limitMs` of real time
 */
export async function eventually(
  condition: () => boolean,
  clock?: FakeClock,
  stepMs = 100,
  limitMs = 5_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`It did not come true within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    await (clock ? clock.advance(stepMs) : settle());
  }
}
