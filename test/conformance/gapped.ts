import { expect, it } from "vitest";
import { type CaseWorld, caseWorld } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Gap } from "../../operator/provider/conformance/index.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";

/** The emulator behind a cloud, and what it can't show. */
export interface Emulated {
  readonly emulator: string;
  readonly gaps: readonly Gap[];
}

/** Cases of one data plane, some of which the emulator can't show. */
export interface Gapped {
  /** As vitest's `it`, but a case that is a gap must fail. */
  it(title: string, body: () => Promise<void>): void;
  /** Registered after the cases: a gap that names none of them is a mistake. */
  everyGapNamesACase(): void;
}

/** @param kind what the gaps of these cases name: their `id` is how a title begins, as far as tells it from the others */
export function gapped(kind: string, cloud: CloudUnderTest, { emulator, gaps }: Emulated): Gapped {
  const mine = gaps.filter((one) => one.emulator === emulator && one.kind === kind);
  const used = new Set<Gap>();
  return {
    it(title, body) {
      const gap = mine.find((one) => title.startsWith(one.id));
      if (gap) used.add(gap);
      if (gap) it.fails(`${title} — gap of ${emulator} (${gap.reason}); if this is red, remove the gap`, body);
      else it(title, body);
    },
    everyGapNamesACase() {
      it(`every known gap of the ${kind} on ${cloud.cloud} names a case`, () => {
        expect(mine.filter((gap) => !used.has(gap))).toEqual([]);
      });
    },
  };
}

/** Runs something in a world of its own, and has everything away again afterwards. */
export type InWorld = <Result>(body: (world: CaseWorld, nonce: string) => Promise<Result>) => Promise<Result>;

/** @param prefix tells the worlds of these cases from those of others in the same process */
export function worldsOf(
  prefix: string,
  cloud: CloudUnderTest,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
): InWorld {
  let count = 0;
  return async (body) => {
    const nonce = `${prefix}${++count}-${process.pid.toString(36)}`;
    const world = await caseWorld(tried, all, cloud, nonce);
    try {
      return await body(world, nonce);
    } finally {
      await world.close();
    }
  };
}
