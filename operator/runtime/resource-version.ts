const DECIMAL = /^(0|[1-9]\d*)$/;

/**
 * Compares two resource versions of one resource type: negative when `a` is older, 0 when they are the same, positive
 * when `a` is newer. undefined when one of them isn't a decimal number, as with some aggregated API servers.
 * Source: KEP-5504, comparable resource versions, stable in Kubernetes 1.35.
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return a === b ? 0 : undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether `a` is certainly older than `b`. */
export function isOlder(a: string, b: string): boolean {
  return (compareResourceVersions(a, b) ?? 0) < 0;
}
