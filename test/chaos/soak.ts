/**
 * Churn and trouble for as long as is asked: objects of all kinds are made, changed and deleted while connections break, the
 * API server refuses and the cloud throttles. All the time one operator lives, which at the end is no larger than it was.
 *
 *   node test/chaos/soak.ts [--minutes=30] [--cloud=aws] [--seed=N]
 */
import { setTimeout as rest } from "node:timers/promises";
import { parseArgs } from "node:util";
import { table } from "../../operator/cli/output.ts";
import type { Cloud } from "../../operator/provider/provider.ts";
import { createDice } from "../support/crowd.ts";
import { type Sample, sampleOf, trends } from "../support/trends.ts";
import { type Lane, startLane } from "./lane.ts";
import { expectCount, expectNoSecrets } from "./oracles.ts";
import { settle, startReplica } from "./process.ts";
import { createScribe } from "./report.ts";
import { type LiveSubject, liveSubject } from "./subject.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    cloud: { type: "string", default: "aws" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
/** Growth an hour that is no leak yet: caches of code, counters with new labels. */
const MOST: Readonly<Record<string, number>> = { "heap, MiB": 1, "open files": 2, "handles, sockets and timers": 4 };
const MOST_ALIVE = 12;
/** The settling time of what may have been made, and a machine that has other things to do. */
const CONVERGE_MS = 120_000;
const JUDGED_MINUTES = 20;
/** So long each trouble lasts. */
const TROUBLE_MS = 2_000;

/** Trouble until it is healed. */
const TROUBLES: readonly ((lane: Lane) => void)[] = [
  () => {},
  ({ side }) => side.cloud.troubleReads("throttled"),
  ({ side }) => side.cloud.troubleReads("unavailable"),
  ({ wire }) => void wire.kubernetes.inject({ when: ({ mutating }) => mutating, times: 5, trouble: { do: "drop" } }),
  ({ wire }) =>
    void wire.kubernetes.inject({
      when: ({ operation }) => operation.startsWith("list "),
      times: 20,
      trouble: { do: "refuse" },
    }),
];

const dice = createDice(Number(values.seed));
const lane = await startLane(values.cloud as Cloud, `soak-${values.cloud}`);
const scribe = createScribe("soak", values.cloud);
const namespace = await lane.namespace();
const operator = await startReplica(lane, { name: "soak", namespace });
// In what order things go that refer to each other is the business of other scenarios.
const kinds = lane.kinds.filter(({ kind }) => kind.leaf.references(kind.spec()).length === 0);
const alive = new Map<string, LiveSubject>();
const samples: Sample[] = [];
const started = performance.now();
let made = 0;

console.log(`soak of ${values.minutes} minutes on ${values.cloud}; --seed=${values.seed} has the same churn once more`);
for (let round = 1; performance.now() - started < Number(values.minutes) * 60_000; round++) {
  scribe.plan(`round ${round}`);
  dice.oneOf(TROUBLES)(lane);
  scribe.hit();
  const going = await churn();
  await rest(TROUBLE_MS);
  lane.wire.kubernetes.heal();
  lane.side.cloud.heal();
  for (const [name, one] of going) {
    await converges(`${one.title} ${name} to go`, one.isGone, one);
    await expectCount(one, 0, scribe);
  }
  for (const [name, one] of alive) await converges(`${one.title} ${name} to be Ready`, one.isReady, one);
  for (const one of alive.values()) await expectCount(one, 1, scribe);
  samples.push(sampleOf(await operator.metrics(), performance.now() - started));
  if (round % 10 === 0) console.log(`round ${round}: ${made} objects made, ${alive.size} there`);
}
await operator.stop();
await expectNoSecrets(lane, scribe);
await lane.stop();

const found = trends(samples);
const judged = Number(values.minutes) >= JUDGED_MINUTES;
if (!judged) console.log(`What grows is judged from ${JUDGED_MINUTES} minutes on: before that, all does.`);
for (const { what, perHour } of judged ? found : [])
  if (perHour > (MOST[what] ?? Number.POSITIVE_INFINITY))
    scribe.violation("it does not grow", `${what}: ${perHour.toFixed(2)} more an hour`);
const row = ({ what, first, last, perHour }: (typeof found)[number]) => [
  what,
  first.toFixed(1),
  last.toFixed(1),
  perHour.toFixed(2),
];
console.log(table(["WHAT", "FIRST", "LAST", "AN HOUR"], found.map(row)));
const { plans, violations } = scribe.outcome();
for (const { plan, oracle, saw } of violations) console.log(`✗ ${oracle}: ${saw}\n    in: ${plan}`);
console.log(`${plans} rounds, ${made} objects made, ${violations.length} violations`);
process.exitCode = violations.length > 0 ? 1 : 0;

/** A few objects come, some change, and the oldest go. @returns those that go */
async function churn(): Promise<ReadonlyMap<string, LiveSubject>> {
  for (let n = 0; n < 4; n++) {
    const name = `s-${++made}`;
    const one = liveSubject(lane, dice.oneOf(kinds), namespace, name);
    await one.apply();
    alive.set(name, one);
  }
  for (const one of dice.shuffled([...alive.values()]).slice(0, 2)) {
    const { fields, spec } = dice.oneOf(one.tried.kind.edits);
    if (!fields.includes("recoveryDays") && (await one.accepts(spec))) await one.apply(spec);
  }
  const going = new Map([...alive].slice(0, Math.max(0, alive.size - MOST_ALIVE)));
  for (const [name, one] of going) {
    alive.delete(name);
    await one.remove();
  }
  return going;
}

async function converges(what: string, holds: () => Promise<boolean>, { told }: LiveSubject): Promise<void> {
  await settle(holds, CONVERGE_MS).catch((error: Error) =>
    scribe.violation("U1 it converges", `${what}: ${error.message}; ${told()}`),
  );
}
