/**
 * `make bench`: what the operator takes and how fast it is, next to its peers, in turn on the same machine.
 *
 *   node bench/main.ts [--scenarios=burst,single] [--peers=onyx,floor,controller-runtime] [--objects=N] [--runs=3]
 *                      [--seconds=60] [--json | --markdown] [--busy] [--profile=FOLDER]
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { thisHost } from "../hack/testbed/host.ts";
import { painter, table } from "../operator/cli/output.ts";
import { thisMachine } from "./machine.ts";
import { load } from "./measure.ts";
import { page } from "./page.ts";
import { named, type Peer, peersNamed, profiled, usualPeers } from "./peers.ts";
import { firstSentence, type Gap, loadsOf, type Run, sheetOf } from "./report.ts";
import { type Scenario, Unable } from "./scenario.ts";
import { scenarios, usualScenarios } from "./scenarios/index.ts";

/** With more processors at work than this, other work on the machine is measured too. */
const BUSY = 0.4;

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(",");
const { values } = parseArgs({
  options: {
    scenarios: { type: "string", default: names(usualScenarios) },
    peers: { type: "string", default: names(usualPeers) },
    objects: { type: "string" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "60" },
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    busy: { type: "boolean", default: false },
    /** Where profiles of processor and heap of the peers that Node runs are kept. They take time themselves. */
    profile: { type: "string" },
  },
});

const host = thisHost();
const chosen = named("scenario", scenarios, values.scenarios);
const { profile } = values;
const peers = peersNamed(values.peers).map((peer) => (profile ? profiled(peer, resolve(profile)) : peer));
const count = Number(values.runs);
const already = await load();
if (already > BUSY && !values.busy) {
  console.error(
    `The machine is busy (${already.toFixed(1)} processors at work, more than ${BUSY}): figures would be of no use. Wait, or give --busy to measure all the same; the results are marked then.`,
  );
  process.exit(1);
}

const runs: Run[] = [];
const gaps: Gap[] = [];
let stopped = false;
process.once("SIGINT", () => {
  stopped = true;
  host.say("The run under way is the last one; then the results are shown. Ctrl-C once more ends it all at once.");
});

/** Runs that did not come to an end are told, and the others go on: a run of everything takes an hour. */
async function measure(scenario: Scenario, peer: Peer, number: number): Promise<void> {
  const missing = scenario.needs.map((need) => peer.lacks[need]).find((reason) => reason !== undefined);
  const known = gaps.some((gap) => gap.scenario === scenario.name && gap.peer === peer.name);
  const gap = (reason: string, failed = false) =>
    void gaps.push({ scenario: scenario.name, peer: peer.name, reason, failed });
  if (known) return;
  if (stopped) return gap("not measured, the bench was stopped before");
  if (missing !== undefined) return gap(missing);
  const objects = Number(values.objects ?? scenario.objects);
  host.say(`${scenario.name}, run ${number + 1} of ${count}: ${peer.name}, ${objects} ${scenario.of ?? "Queues"}`);
  const before = await load();
  try {
    const measured = await scenario.run(peer, host, { objects, seconds: Number(values.seconds) });
    runs.push({ scenario: scenario.name, peer: peer.name, objects, load: before, measured });
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof Unable) return gap(message);
    host.say(message);
    gap(`a run failed: ${firstSentence(message)}`, true);
  }
}

for (const scenario of chosen)
  for (let number = 0; number < count; number++)
    for (const peer of number % 2 === 0 ? peers : [...peers].reverse()) await measure(scenario, peer, number);

const machine = thisMachine(host, peers);
const busy = runs.some((run) => run.load > BUSY);
const sheets = chosen.map((scenario) =>
  sheetOf(
    scenario,
    peers.map(({ name }) => name),
    runs,
    gaps,
  ),
);
if (values.json) console.log(JSON.stringify({ machine, busy, runs, gaps }, undefined, 2));
else if (values.markdown) {
  const date = new Date().toISOString().slice(0, 10);
  const args = process.argv.slice(2).join(" ");
  const command = `make bench args="${args}" > docs/performance.md`;
  process.stdout.write(page({ date, command, machine, peers, scenarios: chosen, runs, sheets, busy }));
} else console.log(text());
process.exitCode = gaps.some(({ failed }) => failed) ? 1 : 0;

function text(): string {
  const paint = painter(process.stdout.isTTY === true);
  return [
    `${machine.hardware}; ${machine.versions.join(", ")}`,
    `Processors that other work kept busy before the runs: ${loadsOf(runs)}${busy ? ". Other work was going on: times are pessimistic" : ""}`,
    "",
    ...peers.map(({ name, about }) => `${name}: ${about}`),
    ...sheets.flatMap(({ title, headers, rows, notes }) => [
      "",
      paint("bold", title),
      "",
      table(headers, rows),
      ...(notes.length > 0 ? ["", ...notes] : []),
    ]),
  ].join("\n");
}
