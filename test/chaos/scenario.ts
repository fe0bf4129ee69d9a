import type { Cloud } from "../../operator/provider/provider.ts";
import type { Dice } from "../support/crowd.ts";
import type { Lane } from "./lane.ts";
import type { Outcome } from "./report.ts";

/** What a run was asked for. */
export interface RunOptions {
  /** The short form, for CI: fewer plans of each scenario, but each scenario. */
  readonly short: boolean;
  readonly dice: Dice;
  /** Only these kinds, by their titles; absent: all. */
  readonly kinds?: ReadonlySet<string> | undefined;
  /** So many lives of each kind in the scenario of crashes; absent: as many as the form of the run has. */
  readonly lives?: number | undefined;
}

/** One thing that goes wrong, and what must hold all the same. */
export interface Scenario {
  /** Which faults of README.md it is about. */
  readonly faults: readonly number[];
  readonly title: string;
  /** Clouds that can't show it, with the reason. */
  readonly notOn?: Readonly<Partial<Record<Cloud, string>>>;
  run(lane: Lane, options: RunOptions): AsyncIterable<Outcome>;
}
