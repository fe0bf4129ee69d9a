import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { painter } from "../output.ts";
import { runWorkflowCheck } from "./check.ts";
import { runWorkflowLocally } from "./run.ts";

const folder = new URL("../../../examples/workflows/", import.meta.url).pathname;
const paint = painter(false);
const now = new Date("2026-01-05T10:00:00Z");

/** What each example is given and comes to, with the answers beside it. */
const RUNS: Readonly<Record<string, { readonly input: unknown; readonly comes: object }>> = {
  order: {
    input: { id: "o-1", items: [{ sku: "tea", count: 2 }] },
    comes: { phase: "Succeeded", output: { shipment: "m-1" } },
  },
  job: { input: { table: "t" }, comes: { phase: "Succeeded", output: { state: "DONE", rows: 12 } } },
  trip: {
    input: { id: "t-1", parts: [{ kind: "flights" }, { kind: "hotels" }] },
    comes: { phase: "Failed", error: { class: "Business", code: "NotBooked", message: "Business 409" } },
  },
  request: { input: { days: 3 }, comes: { phase: "Succeeded", output: { approved: false, by: "nobody" } } },
  report: {
    input: { regions: ["a", "b", "c"], month: "2026-01" },
    comes: { phase: "Succeeded", output: { costs: [12.5, 3], missing: ["b"], plan: { total: 100 } } },
  },
};

const names = readdirSync(folder).flatMap((file) => (/^[^.]+\.yaml$/.test(file) ? [file.slice(0, -5)] : []));

it("has a run of each example", () => {
  expect(names).toEqual(Object.keys(RUNS).sort());
});

it.each(names)("%s is sound, and comes to what it should", async (name) => {
  const file = join(folder, `${name}.yaml`);
  const checked = await runWorkflowCheck(file, paint);
  expect(checked.text).toMatch(/^✓ sound/);
  const answers = join(folder, `${name}.answers.yaml`);
  const { input, comes } = RUNS[name]!;
  const { value } = await runWorkflowLocally(file, { input: JSON.stringify(input), answers }, paint, now);
  expect(value).toMatchObject(comes);
});
