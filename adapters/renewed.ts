/** Something that is good until a moment. */
export interface Expiring {
  readonly expires: Date;
}

/**
 * Keeps what was got last until shortly before it expires. It is got by one at a time, for all who ask meanwhile. While
 * the old one is still good, a renewal that fails is nobody's trouble but the next one's who asks; a failure is never kept.
 *
 * @param aheadMs so long before its end it is renewed
 */
export function renewed<T extends Expiring>(
  get: () => Promise<T>,
  { now, aheadMs }: { readonly now: () => number; readonly aheadMs: number },
): () => Promise<T> {
  let last: T | undefined;
  let pending: Promise<T> | undefined;
  const isGood = (marginMs: number) => last !== undefined && now() + marginMs < last.expires.getTime();

  const renew = async (): Promise<T> => {
    try {
      last = await get();
      return last;
    } catch (error) {
      if (last !== undefined && isGood(0)) return last;
      throw error;
    } finally {
      pending = undefined;
    }
  };
  return async () => {
    if (last !== undefined && isGood(aheadMs)) return last;
    pending ??= renew();
    return pending;
  };
}
