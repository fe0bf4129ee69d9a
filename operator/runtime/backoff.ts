/** A number in [0, 1), as `Math.random` gives it. */
export type Random = () => number;

export interface BackoffOptions {
  /** The upper bound of the first delay, in milliseconds; it doubles with each failure. */
  readonly baseMs: number;
  /** No delay is longer than this. */
  readonly capMs: number;
  /** No delay is shorter than this. */
  readonly floorMs: number;
}

/**
 * Full jitter: any delay between the floor and a bound that doubles with each failure, so that clients that failed
 * together don't return together.
 * @param failures how often it failed in a row, at least 1
 */
export function fullJitter({ baseMs, capMs, floorMs }: BackoffOptions, failures: number, random: Random): number {
  const bound = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 40));
  return floorMs + random() * Math.max(0, bound - floorMs);
}

/**
 * Equal jitter: between half of the bound and the bound. The least delay grows too, which a work queue wants:
 * a key that keeps failing must become cheap.
 * @param failures how often it failed in a row, at least 1
 */
export function equalJitter({ baseMs, capMs, floorMs }: BackoffOptions, failures: number, random: Random): number {
  const bound = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 40));
  return Math.max(floorMs, bound / 2 + (random() * bound) / 2);
}

/** `ms` moved up or down by at most the given share of it (0.1: between 90 % and 110 %). */
export function spread(ms: number, share: number, random: Random): number {
  return ms * (1 - share + 2 * share * random());
}
