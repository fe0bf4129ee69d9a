import { titleOf } from "../../../operator/provider/conformance/tried.ts";
import { crashes } from "../crashes.ts";
import type { Scenario } from "../scenario.ts";

/** So many lives of each kind in the short form: each with a crash in its create, its update and its delete. */
const SHORT = 2;

export const crashAtEveryWrite: Scenario = {
  faults: [1, 2, 3],
  title: "the operator dies at each write of a create, an update and a delete",
  async *run(lane, { short, dice, kinds, lives }) {
    for (const tried of lane.kinds)
      if (kinds === undefined || kinds.has(titleOf(tried)))
        yield* await crashes(lane, tried, { lives: lives ?? (short ? SHORT : undefined), shuffled: dice.shuffled });
  },
};
