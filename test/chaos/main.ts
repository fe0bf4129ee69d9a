/**
 * Breaks what can break, and looks whether all holds.
 *
 *   node test/chaos/main.ts [--clouds=aws,gcp] [--faults=1,2,20] [--kinds=Queue,Table] [--lives=N] [--seed=N] [--short]
 *
 * Each cloud runs in a process of its own, side by side. Ends with 1 where something did not hold.
 */
import { fork } from "node:child_process";
import { parseArgs } from "node:util";
import { table } from "../../operator/cli/output.ts";
import type { Cloud } from "../../operator/provider/provider.ts";
import { createDice } from "../support/crowd.ts";
import { placeBystanders } from "./bystanders.ts";
import { startLane } from "./lane.ts";
import { type Outcome, summary } from "./report.ts";
import { scenarios } from "./scenarios/index.ts";

const { values } = parseArgs({
  options: {
    clouds: { type: "string", default: "aws,gcp" },
    faults: { type: "string" },
    kinds: { type: "string" },
    lives: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    short: { type: "boolean", default: false },
    /** Of a child: this cloud alone, here; outcomes go to the parent. */
    lane: { type: "string" },
  },
});
const asked = values.faults?.split(",").map(Number);
const chosen = scenarios.filter(({ faults }) => asked === undefined || faults.some((fault) => asked.includes(fault)));
const lives = values.lives === undefined ? undefined : Number(values.lives);
const kinds = values.kinds === undefined ? undefined : new Set(values.kinds.split(","));

if (values.lane) await runLane(values.lane as Cloud);
else await runAll(values.clouds.split(","));

async function runLane(cloud: Cloud): Promise<void> {
  process.on("unhandledRejection", (error) => {
    const saw = String((error as Error)?.stack ?? error);
    const violations = [{ plan: "", oracle: "U7 nothing fails unseen", saw }];
    process.send?.({ scenario: "unhandled rejection", cloud, plans: 0, hit: 0, violations } satisfies Outcome);
  });
  const lane = await startLane(cloud, `chaos-${cloud}`);
  const bystanders = await placeBystanders(lane.side);
  const options = { short: values.short, dice: createDice(Number(values.seed)), kinds, lives };
  for (const scenario of chosen)
    if (!scenario.notOn?.[cloud]) for await (const outcome of scenario.run(lane, options)) process.send?.(outcome);
  process.send?.(await bystanders.outcome());
  await lane.stop();
  process.disconnect?.();
}

async function runAll(clouds: readonly string[]): Promise<void> {
  console.log(
    `${chosen.length} scenarios on ${clouds.join(" and ")}; --seed=${values.seed} has the same points once more`,
  );
  const outcomes: Outcome[] = [];
  const codes = await Promise.all(
    clouds.map(
      (cloud) =>
        new Promise<number>((resolve, reject) => {
          const child = fork(import.meta.filename, [
            ...process.argv.slice(2),
            `--seed=${values.seed}`,
            `--lane=${cloud}`,
          ]);
          child.on("message", (outcome) => {
            outcomes.push(outcome as Outcome);
            tell(outcome as Outcome);
          });
          child.once("error", reject);
          child.once("exit", (code) => resolve(code ?? 1));
        }),
    ),
  );
  console.log(`\n${table(["SCENARIO", "CLOUD", "PLANS", "HIT", "VIOLATIONS"], outcomes.map(row))}`);
  const { text, violations } = summary(outcomes);
  console.log(text);
  if (violations > 0 || codes.some((code) => code !== 0)) process.exitCode = 1;
}

function tell(outcome: Outcome): void {
  const { scenario, cloud, plans, violations } = outcome;
  console.log(`${violations.length === 0 ? "✓" : "✗"} ${cloud}  ${scenario} (${plans})`);
  for (const { plan, oracle, saw } of violations) console.log(`    ${oracle}: ${saw}\n      in: ${plan}`);
}

function row({ scenario, cloud, plans, hit, violations }: Outcome): string[] {
  return [scenario, cloud, String(plans), String(hit), String(violations.length)];
}
