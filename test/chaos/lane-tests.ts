import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloud } from "../../operator/provider/provider.ts";
import { createDice } from "../support/crowd.ts";
import { SEED } from "../support/seed.ts";
import { type Bystanders, placeBystanders } from "./bystanders.ts";
import { type Lane, startLane } from "./lane.ts";
import type { Violation } from "./report.ts";
import { inTests } from "./scenarios/index.ts";

/**
 * The short form of the scenarios that are part of `make test`, on one cloud. ONYX_SEED draws others. What does not hold is tried once more: a machine
 * that has other things to do is trouble that no scenario planned.
 */
export function chaosOn(cloud: Cloud): void {
  const dice = createDice(SEED);

  describe(`chaos on ${cloud}, by ONYX_SEED=${SEED}`, () => {
    let lane: Lane;
    let bystanders: Bystanders;
    beforeAll(async () => {
      lane = await startLane(cloud, `chaos-${cloud}`);
      bystanders = await placeBystanders(lane.side);
    });
    afterAll(() => lane?.stop());

    for (const scenario of inTests.filter(({ notOn }) => !notOn?.[cloud]))
      it(`faults ${scenario.faults.join(", ")}: ${scenario.title}`, { timeout: 600_000, retry: 1 }, async () => {
        const violations: Violation[] = [];
        let hit = 0;
        for await (const outcome of scenario.run(lane, { short: true, dice })) {
          violations.push(...outcome.violations);
          hit += outcome.hit;
        }
        expect(violations).toEqual([]);
        expect(hit).toBeGreaterThan(0);
      });

    it("what is not ours is not touched", async () => {
      expect((await bystanders.outcome()).violations).toEqual([]);
    });
  });
}
