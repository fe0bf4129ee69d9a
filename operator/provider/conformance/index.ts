import { describe, expect, it } from "vitest";
import type { Case } from "./case.ts";
import { type CaseWorld, caseWorld } from "./case-world.ts";
import { changes } from "./changes.ts";
import type { CloudUnderTest } from "./cloud-under-test.ts";
import { failures } from "./failures.ts";
import { lifecycle } from "./lifecycle.ts";
import { needs } from "./needs.ts";
import { ownership } from "./ownership.ts";
import { byKind, type Tried, titleOf } from "./tried.ts";

/** What an emulator can't show: data, so that a gap that is none any more is noticed. */
export interface Gap {
  readonly emulator: string;
  readonly kind: string;
  /** Number of the case, and a part of its title where a case has several. */
  readonly id: string;
  readonly title?: string | undefined;
  /** What the emulator does otherwise than the cloud. */
  readonly reason: string;
  /** Where the same is shown in another way. */
  readonly coveredBy: string;
}

/** The cases that docs and tests speak of. */
const NUMBERS = Array.from({ length: 29 }, (_, n) => `L${n + 1}`);

const numberOf = ({ id }: Case): number => Number(id.slice(1));

/** Every case of every leaf kind, in the order of their numbers. */
export const CASES: readonly Case[] = [...lifecycle, ...changes, ...failures, ...ownership, ...needs].sort(
  (a, b) => numberOf(a) - numberOf(b),
);

/**
 * Registers the suite with vitest: each case for each kind, on one cloud. A case that says nothing for a kind is skipped
 * with the reason; a case that the emulator can't show is run all the same and must fail, so that the gap goes when the
 * emulator has learned it.
 */
export function conformance(
  cloud: CloudUnderTest,
  kinds: readonly Tried[],
  options: { readonly emulator: string; readonly gaps: readonly Gap[]; readonly timeoutMs?: number },
): void {
  const all = byKind(kinds);
  const titles = new Set(kinds.map(titleOf));
  let count = 0;
  const nonce = () => `${process.pid.toString(36)}-${(++count).toString(36)}`;
  const used = new Set<Gap>();

  for (const tried of kinds)
    describe(`${titleOf(tried)} on ${cloud.cloud}`, () => {
      it("tries every case of the list, or says why not", () => {
        const said = new Set([...CASES.map(({ id }) => id), ...Object.keys(tried.kind.doesNotApply)]);
        expect(NUMBERS.filter((id) => !said.has(id))).toEqual([]);
      });
      for (const one of CASES) {
        const title = `${one.id} ${one.title}`;
        const why = notApplying(one, tried, cloud);
        if (why !== undefined) {
          it.skip(`${title} — does not apply: ${why}`);
          continue;
        }
        const gap = options.gaps.find((known) => isGapOf(known, one, tried, options.emulator));
        if (gap) used.add(gap);
        const run = () => inWorld(tried, all, cloud, nonce(), one.run);
        if (gap)
          it.fails(
            `${title} — gap of ${gap.emulator} (${gap.reason}); if this is red, remove the gap`,
            run,
            options.timeoutMs,
          );
        else it(title, run, options.timeoutMs);
      }
    });

  it(`every known gap of ${options.emulator} names a case`, () => {
    const mine = options.gaps.filter((gap) => gap.emulator === options.emulator && titles.has(gap.kind));
    expect(mine.filter((gap) => !used.has(gap))).toEqual([]);
  });
}

/** Runs a case in a world of its own and cleans up; what went wrong first is what is told. */
async function inWorld(
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
  cloud: CloudUnderTest,
  nonce: string,
  run: (world: CaseWorld) => Promise<void>,
): Promise<void> {
  const world = await caseWorld(tried, all, cloud, nonce);
  let failed = false;
  try {
    await run(world);
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    await world.close().catch((error: unknown) => {
      if (!failed) throw error;
    });
  }
}

function notApplying(one: Case, { kind, on }: Tried, cloud: CloudUnderTest): string | undefined {
  return kind.doesNotApply[one.id] ?? kind.doesNotApply[`${one.id} ${cloud.cloud}`] ?? one.unless?.(kind, on, cloud);
}

const isGapOf = (gap: Gap, one: Case, tried: Tried, emulator: string): boolean =>
  gap.emulator === emulator &&
  gap.kind === titleOf(tried) &&
  gap.id === one.id &&
  (gap.title === undefined || one.title.includes(gap.title));
