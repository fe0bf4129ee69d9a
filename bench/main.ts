/**
 * `make bench`: a burst of Queues from apply to Ready, Onyx next to its peers, in pairs in turn on the same machine.
 *
 *   node bench/main.ts [--objects=1000] [--runs=3] [--peers=onyx,controller-runtime] [--json] [--busy]
 */
import { parseArgs } from "node:util";
import { thisHost } from "../hack/testbed/host.ts";
import { painter, table } from "../operator/cli/output.ts";
import { type Burst, burst } from "./burst.ts";
import { load, quantile } from "./measure.ts";
import { peersNamed, usualPeers } from "./peers.ts";

/** Above this load other work on the machine is measured too. */
const BUSY = 1.5;

const { values } = parseArgs({
  options: {
    objects: { type: "string", default: "1000" },
    runs: { type: "string", default: "3" },
    peers: { type: "string", default: usualPeers.map((peer) => peer.name).join(",") },
    quiet: { type: "string", default: "30" },
    json: { type: "boolean", default: false },
    busy: { type: "boolean", default: false },
  },
});

const host = thisHost();
const chosen = peersNamed(values.peers);
if (load() > BUSY && !values.busy) {
  console.error(
    `The machine is busy (load ${load().toFixed(1)}, more than ${BUSY}): figures would be of no use. Wait, or give --busy to measure all the same; the runs are marked then.`,
  );
  process.exit(1);
}

const results: Burst[] = [];
for (let run = 0; run < Number(values.runs); run++) {
  for (const peer of run % 2 === 0 ? chosen : [...chosen].reverse()) {
    host.say(`run ${run + 1} of ${values.runs}: ${peer.name}, ${values.objects} Queues`);
    results.push(
      await burst(peer, host, { objects: Number(values.objects), parallel: 16, quietMs: Number(values.quiet) * 1000 }),
    );
  }
}
console.log(values.json ? JSON.stringify(results, undefined, 2) : report(results));

function report(all: readonly Burst[]): string {
  const paint = painter(process.stdout.isTTY === true);
  const per = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count.toFixed(2)}`)
      .join(", ");
  const total = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts)
      .reduce((sum, count) => sum + count, 0)
      .toFixed(2);
  const rows = chosen.map((peer) => {
    const runs = all.filter((one) => one.peer === peer.name);
    const median = (pick: (one: Burst) => number, digits: number) => quantile(runs.map(pick), 0.5).toFixed(digits);
    const last = runs.at(-1) as Burst;
    return [
      peer.name,
      `${median((one) => one.readySeconds, 2)} (${runs.map((one) => one.readySeconds.toFixed(2)).join(" ")})`,
      median((one) => one.p50Ms, 0),
      median((one) => one.p99Ms, 0),
      median((one) => one.cpuMsPerObject, 2),
      median((one) => one.peakMiB, 0),
      median((one) => one.apiserverCpuMsPerObject, 1),
      total(last.apiCalls),
      total(last.cloudCalls),
      String(Math.max(...runs.map((one) => one.quietWrites))),
      median((one) => one.deleteSeconds, 2),
    ];
  });
  const first = chosen[0]?.name;
  const reference = all.filter((one) => one.peer === chosen.at(-1)?.name).map((one) => one.readySeconds);
  const ours = all.filter((one) => one.peer === first).map((one) => one.readySeconds);
  const busy = all.some((one) => one.load > BUSY);
  return [
    paint("bold", `${values.objects} Queues from apply to Ready${busy ? " (busy machine: pessimistic)" : ""}`),
    "",
    table(
      [
        "PEER",
        "READY s (each run)",
        "p50 ms",
        "p99 ms",
        "CPU ms/obj",
        "PEAK MiB",
        "APISERVER ms/obj",
        "API/obj",
        "CLOUD/obj",
        "QUIET WRITES",
        "DELETE s",
      ],
      rows,
    ),
    "",
    ...chosen.map((peer) => {
      const last = all.findLast((one) => one.peer === peer.name) as Burst;
      return `${peer.name}: ${peer.about}\n  API server: ${per(last.apiCalls)}; ${last.events} events in all\n  cloud: ${per(last.cloudCalls)}`;
    }),
    ...(chosen.length > 1
      ? [
          "",
          `${first} takes ${(quantile(ours, 0.5) / quantile(reference, 0.5)).toFixed(2)} times as long as ${chosen.at(-1)?.name}.`,
        ]
      : []),
  ].join("\n");
}
