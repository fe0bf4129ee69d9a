import { quantile } from "./measure.ts";
import type { Column, Measured, Scenario } from "./scenario.ts";

/** One run of a scenario with a peer. */
export interface Run {
  readonly scenario: string;
  readonly peer: string;
  readonly objects: number;
  /** Processors that other work kept busy before it. */
  readonly load: number;
  readonly measured: Measured;
}

/** Why there are no figures of a peer. */
export interface Gap {
  readonly scenario: string;
  readonly peer: string;
  readonly reason: string;
  /** Whether it is for a run that did not come to its end, rather than for what the peer is. */
  readonly failed: boolean;
}

/** A scenario's results, before they are laid out. */
export interface Sheet {
  readonly title: string;
  readonly about: string;
  readonly headers: readonly string[];
  /** A peer's medians, and under them each of its runs where there are several. */
  readonly rows: readonly (readonly string[])[];
  /** What there is to say of a peer besides: calls by verb, why there are no figures. */
  readonly notes: readonly string[];
}

const NONE = "–";

export function sheetOf(
  scenario: Scenario,
  peers: readonly string[],
  runs: readonly Run[],
  gaps: readonly Gap[],
): Sheet {
  const columns = Object.entries<Column>(scenario.columns);
  const mine = runs.filter((run) => run.scenario === scenario.name);
  const rowOf = (label: string, some: readonly Run[]) => [
    label,
    ...columns.map(([key, { digits }]) => {
      const values = some.map(({ measured }) => measured.figures[key]).filter((value) => value !== undefined);
      return values.length === 0 ? NONE : quantile(values, 0.5).toFixed(digits);
    }),
  ];
  const rows: (readonly string[])[] = [];
  const notes: string[] = [];
  for (const peer of peers) {
    const its = mine.filter((run) => run.peer === peer);
    const gap = gaps.find((one) => one.scenario === scenario.name && one.peer === peer);
    rows.push(rowOf(peer, its));
    if (its.length > 1) rows.push(...its.map((run, number) => rowOf(`  run ${number + 1}`, [run])));
    if (gap) notes.push(`${peer}: ${NONE}, ${gap.reason}`);
    for (const line of its.at(-1)?.measured.detail ?? []) notes.push(`${peer}: ${line}`);
  }
  const objects = mine[0]?.objects;
  return {
    title: `${scenario.title}${objects === undefined ? "" : ` (${objects.toLocaleString("en")} ${scenario.of ?? "Queues"})`}`,
    about: scenario.about,
    headers: ["PEER", ...columns.map(([, { head }]) => head)],
    rows,
    notes,
  };
}

/** The range of the loads before the runs, as it is told. */
export function loadsOf(runs: readonly Run[]): string {
  const loads = runs.map(({ load }) => load);
  if (loads.length === 0) return "no run";
  return `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
}

/** What an error says before it shows logs: of its first line what comes before `Last lines of`, without a full stop. */
export const firstSentence = (message: string): string =>
  (message.split("\n")[0] ?? "").replace(/ Last lines of .*$/, "").replace(/[.:]$/, "");
