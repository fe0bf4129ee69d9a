import type { Machine } from "./machine.ts";
import type { Peer } from "./peers.ts";
import { loadsOf, type Run, type Sheet } from "./report.ts";
import type { Column, Scenario } from "./scenario.ts";

/** What a page of results is made of. */
export interface Results {
  /** As 2026-11-30. */
  readonly date: string;
  /** The command that repeats it. */
  readonly command: string;
  readonly machine: Machine;
  readonly peers: readonly Peer[];
  readonly scenarios: readonly Scenario[];
  readonly runs: readonly Run[];
  readonly sheets: readonly Sheet[];
  /** Whether other work was measured too. */
  readonly busy: boolean;
}

/** docs/performance.md. */
export function page({ date, command, machine, peers, scenarios, runs, sheets, busy }: Results): string {
  const unmeasured = scenarios.filter(({ name }) => !runs.some(({ scenario }) => scenario === name));
  return [
    "# Performance",
    "",
    "<!-- Written by the command below. Do not change it by hand: say it in bench/page.ts or in the scenario. -->",
    "",
    "What the operator takes and how fast it is, next to others that make the same Queues on the same machine.",
    "",
    "```sh",
    command,
    "```",
    "",
    `- Taken on ${date}, ${machine.hardware}.`,
    `- ${machine.versions.join(", ")}.`,
    `- Processors that other work kept busy before the runs: ${loadsOf(runs)}.${busy ? " **Other work was going on: times are pessimistic and differ between runs; counts are exact.**" : ""}`,
    "- The cloud is a stand-in that answers from memory, unless a scenario says otherwise. Everything shares the machine, so",
    "  kube-apiserver takes from the operator what it uses itself.",
    "- Medians; under them each run, where there was more than one. `–`: does not apply, and the reason is below the table.",
    "",
    "The peers are not equals. Onyx does what it does in production; each other does the least that a Queue needs: a finalizer,",
    "one call to the cloud, one status. What they save shows what ownership, drift and the rest cost.",
    "",
    markdownTable(
      ["peer", "what"],
      peers.map(({ name, about }) => [`\`${name}\``, about]),
    ),
    ...scenarios.flatMap((scenario, number) =>
      unmeasured.includes(scenario) ? [] : section(scenario, sheets[number] as Sheet),
    ),
    ...(unmeasured.length > 0
      ? ["", `Not measured this time: ${unmeasured.map(({ name }) => `\`${name}\``).join(", ")}.`]
      : []),
    "",
  ].join("\n");
}

function section(scenario: Scenario, { title, about, headers, rows, notes }: Sheet): readonly string[] {
  const columns = Object.values<Column>(scenario.columns);
  return [
    "",
    `## ${title}`,
    "",
    `\`--scenarios=${scenario.name}\`. ${about}`,
    "",
    markdownTable(headers, rows),
    "",
    ...columns.map(({ head, means }) => `- ${head}: ${means}.`),
    ...(notes.length > 0 ? ["", ...notes.map((note) => `- ${note}.`)] : []),
  ];
}

const cellOf = (text: string) => text.trim().replaceAll("|", "\\|");

function markdownTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cellOf).join(" | ")} |`;
  return [line(headers), `|${headers.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}
