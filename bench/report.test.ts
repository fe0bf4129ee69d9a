import { describe, expect, it } from "vitest";
import { page } from "./page.ts";
import { onyx } from "./peers.ts";
import { firstSentence, loadsOf, type Run, sheetOf } from "./report.ts";
import type { Scenario } from "./scenario.ts";

const scenario: Scenario<"ready" | "cpu"> = {
  name: "burst",
  title: "A burst",
  about: "All at once.",
  objects: 1_000,
  needs: [],
  columns: {
    ready: { head: "READY s", digits: 2, means: "until all are Ready" },
    cpu: { head: "CPU ms", digits: 0, means: "CPU time | of the process" },
  },
  run: () => Promise.reject(new Error("not run")),
};

const run = (peer: string, load: number, figures: Record<string, number>, ...detail: string[]): Run => ({
  scenario: "burst",
  peer,
  objects: 1_000,
  load,
  measured: { figures, detail },
});
const runs = [
  run("onyx", 0.4, { ready: 3, cpu: 10 }, "first"),
  run("onyx", 1.2, { ready: 1, cpu: 30 }),
  run("onyx", 0.9, { ready: 2, cpu: 20 }, "cloud: CreateQueue 1.00"),
  run("floor", 0.5, { ready: 1.234 }),
  { ...run("onyx", 9, { ready: 99 }), scenario: "single" },
];
const gaps = [{ scenario: "burst", peer: "kopf", reason: "has no election", failed: false }];

describe("a sheet", () => {
  const sheet = sheetOf(scenario, ["onyx", "floor", "kopf"], runs, gaps);

  it("has a peer's medians, each of its runs, and a dash where there is no figure", () => {
    expect(sheet.headers).toEqual(["PEER", "READY s", "CPU ms"]);
    expect(sheet.rows).toEqual([
      ["onyx", "2.00", "20"],
      ["  run 1", "3.00", "10"],
      ["  run 2", "1.00", "30"],
      ["  run 3", "2.00", "20"],
      ["floor", "1.23", "–"],
      ["kopf", "–", "–"],
    ]);
  });

  it("tells how many objects there were, the last run's details, and why there are no figures", () => {
    expect(sheet.title).toBe("A burst (1,000 Queues)");
    expect(sheet.notes).toEqual(["onyx: cloud: CreateQueue 1.00", "kopf: –, has no election"]);
  });

  it("is there for a scenario of which nothing was measured", () => {
    expect(sheetOf(scenario, ["kopf"], [], gaps)).toMatchObject({ title: "A burst", rows: [["kopf", "–", "–"]] });
  });

  it("makes a section of the page that says what each column means", () => {
    const text = page({
      date: "2026-11-30",
      command: "make bench",
      machine: { hardware: "2 × CPU", versions: ["Node 24"] },
      peers: [onyx],
      scenarios: [scenario, { ...scenario, name: "mass" }],
      runs,
      sheets: [sheet, sheetOf({ ...scenario, name: "mass" }, ["onyx"], [], [])],
      busy: true,
    });
    expect(text).toContain("| onyx | 2.00 | 20 |\n| run 1 | 3.00 | 10 |");
    expect(text).toContain("- READY s: until all are Ready.\n- CPU ms: CPU time | of the process.");
    expect(text).toContain("- kopf: –, has no election.");
    expect(text.endsWith("Not measured this time: `mass`.\n")).toBe(true);
    expect(text).toContain("kept busy before the runs: 0.4 to 9.0. **Other work was going on");
  });
});

it("tells the range of loads", () => {
  expect(loadsOf(runs)).toBe("0.4 to 9.0");
  expect(loadsOf([])).toBe("no run");
});

it.each([
  ["floor-0 ended (exit code 1). Last lines of .run/floor.log:\n  no", "floor-0 ended (exit code 1)"],
  ["200 Queues not ready in 900 s", "200 Queues not ready in 900 s"],
])("of %j it tells the first sentence", (message, expected) => {
  expect(firstSentence(message)).toBe(expected);
});
