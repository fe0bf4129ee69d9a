import type { Wanted } from "../provider.ts";
import type { KindOnCloud, KindUnderTest } from "./kind-under-test.ts";

/** A kind whose types are known only where its cases are made. */
// biome-ignore lint/suspicious/noExplicitAny: the suite takes specs and wants as they come
export type AnyKind = KindUnderTest<any, Wanted>;

export interface Tried {
  readonly kind: AnyKind;
  readonly on: KindOnCloud;
}

/** The kinds by their names; of several shapes of one the first. */
export const byKind = (kinds: readonly Tried[]): ReadonlyMap<string, Tried> =>
  new Map([...kinds].reverse().map((one) => [one.kind.leaf.kind, one]));

/** What the suite calls it. */
export const titleOf = ({ kind }: Tried): string => kind.title ?? kind.leaf.kind;
