import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { amountText, parseAmount } from "../../crds/amount.ts";
import type { CostRow } from "../provider/costs.ts";
import { digest } from "./digest.ts";
import type { Allocation } from "./settings.ts";
import { type FocusRow, focusCsv, temporaryFolder } from "./testing/reports.ts";

const room = temporaryFolder();
afterAll(room.remove);

async function spread(rows: readonly FocusRow[], allocations: readonly Allocation[]) {
  const folder = mkdtempSync(join(room.path, "report-"));
  writeFileSync(join(folder, "r.csv"), focusCsv(rows));
  const settings = { folder, memoryMb: 128, threads: 1, tagKeys: ["team", "shared"], rejectedShare: 0 };
  const result = await digest([join(folder, "r.csv")], { ...settings, allocations });
  try {
    const all: CostRow[] = [];
    for (const period of result.periods) for await (const row of result.rowsOf(period)) all.push(row);
    return { all, notes: result.notes };
  } finally {
    result.close();
  }
}

const team = (name: string, cost: string, over: FocusRow = {}): FocusRow => ({
  BilledCost: cost,
  EffectiveCost: cost,
  ListCost: cost,
  Tags: JSON.stringify({ team: name }),
  ...over,
});
const support = (cost: string, over: FocusRow = {}) => team("", cost, { ServiceName: "Support", Tags: "{}", ...over });
const bySupport = (by: Allocation["by"]): Allocation => ({
  name: "support",
  from: { services: ["Support"] },
  over: { tag: "team" },
  by,
});
const of = (rows: readonly CostRow[]) =>
  rows.filter(({ allocation }) => allocation !== "").map(({ tags, effective }) => `${tags.team} ${effective}`);
const total = (rows: readonly CostRow[], pick: "billed" | "effective" | "list") =>
  amountText(rows.reduce((sum, row) => sum + parseAmount(row[pick]), 0n));

describe("shared cost", () => {
  it("goes by what each has spent itself", async () => {
    const { all, notes } = await spread([team("a", "30"), team("b", "10"), support("2")], [bySupport("Proportional")]);
    expect(of(all)).toEqual(["a 1.5", "b 0.5"]);
    expect(all.find(({ service, allocation }) => service === "Support" && allocation === "")).toBe(undefined);
    expect(notes).toEqual([]);
  });

  it("goes in even parts to those that have spent something", async () => {
    const rows = [team("a", "30"), team("b", "10"), team("none", "0"), team("credit", "-5"), support("1")];
    expect(of((await spread(rows, [bySupport("Even")])).all)).toEqual(["a 0.5", "b 0.5"]);
  });

  it("goes in the shares that are declared, whoever has spent what", async () => {
    const { all } = await spread([team("a", "30"), support("1")], [bySupport({ a: "1", z: "0.5", none: "0" })]);
    expect(of(all)).toEqual(["a 0.666666666666666667", "none 0", "z 0.333333333333333333"]);
  });

  it("goes over accounts, with the tags that it has", async () => {
    const own = [team("a", "1", { SubAccountId: "one" }), team("b", "3", { SubAccountId: "two" })];
    const shared = team("core", "4", { SubAccountId: "shared", ServiceName: "Network" });
    const rule: Allocation = { name: "net", from: { accounts: ["shared"] }, over: "account", by: "Proportional" };
    const { all } = await spread([...own, shared], [rule]);
    expect(
      all
        .filter(({ allocation }) => allocation === "net")
        .map(({ account, tags, effective }) => [account, tags.team, effective]),
    ).toEqual([
      ["one", "core", "1"],
      ["two", "core", "3"],
    ]);
  });

  it("is told by tags too, and by their absence; all conditions hold", async () => {
    const shared = (value: string) => team("", "1", { ServiceName: "DB", Tags: JSON.stringify({ shared: value }) });
    const rule: Allocation = {
      name: "db",
      from: { services: ["DB"], tags: { shared: ["yes", "all"], team: [""] } },
      over: { tag: "team" },
      by: "Proportional",
    };
    const { all } = await spread(
      [team("a", "1"), shared("yes"), shared("no"), team("b", "1", { ServiceName: "DB" })],
      [rule],
    );
    expect(of(all)).toEqual(["a 0.5", "b 0.5"]);
    expect(all.filter(({ service, allocation }) => service === "DB" && allocation === "").length).toBe(2);
  });

  it("is taken by the first rule that fits, and is nobody's own spending", async () => {
    const rules = [bySupport({ a: "1" }), { ...bySupport({ b: "1" }), name: "second" }];
    expect(of((await spread([team("x", "1"), support("1", { Tags: '{"team":"y"}' })], rules)).all)).toEqual(["a 1"]);
  });

  it("of one currency or month never goes by the spending of another", async () => {
    const rows = [
      team("a", "1"),
      team("b", "1", { BillingCurrency: "EUR" }),
      team("c", "1", { BillingPeriodStart: "2024-10-01 00:00:00" }),
      support("1"),
      support("2", { BillingCurrency: "EUR" }),
      support("4", { BillingPeriodStart: "2024-10-01 00:00:00" }),
    ];
    expect(of((await spread(rows, [bySupport("Proportional")])).all).sort()).toEqual(["a 1", "b 2", "c 4"]);
  });

  it("that nobody has a share of stays where it is, and the outcome says so", async () => {
    const { all, notes } = await spread([support("1.5"), support("2")], [bySupport("Proportional")]);
    expect(all.map(({ service, allocation, effective }) => [service, allocation, effective])).toEqual([
      ["Support", "", "3.5"],
    ]);
    expect(notes).toEqual(["allocation support: 3.5 USD stays where it is, since nobody has a share of it"]);
  });

  it("that is a credit is spread as well", async () => {
    const { all } = await spread([team("a", "1"), team("b", "1"), team("c", "1"), support("-1")], [bySupport("Even")]);
    expect(of(all)).toEqual(["a -0.333333333333333334", "b -0.333333333333333333", "c -0.333333333333333333"]);
  });

  it("adds up: what is spread is neither more nor less than what there was, nor are the rows", async () => {
    const amount = fc.bigInt(-(10n ** 24n), 10n ** 24n).map(amountText);
    const row = fc.record({
      cost: amount,
      name: fc.constantFrom("", "a", "b", "c", "d"),
      service: fc.constantFrom("Support", "Queues", "Network"),
      currency: fc.constantFrom("USD", "EUR"),
    });
    const by = fc.oneof(
      fc.constantFrom("Proportional" as const, "Even" as const),
      fc.constant({ a: "0.1", b: "0.2", z: "1.7" }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), by, by, async (made, first, second) => {
        const rows = made.map(({ cost, name, service, currency }) =>
          team(name, cost, { ServiceName: service, BillingCurrency: currency, ListCost: "1" }),
        );
        const rules = [
          bySupport(first),
          { ...bySupport(second), name: "net", from: { services: ["Network"] }, over: "account" as const },
        ];
        const [before, after] = [await spread(rows, []), await spread(rows, rules)];
        for (const currency of ["USD", "EUR"])
          for (const pick of ["billed", "effective", "list"] as const)
            expect(
              total(
                after.all.filter((one) => one.currency === currency),
                pick,
              ),
            ).toBe(
              total(
                before.all.filter((one) => one.currency === currency),
                pick,
              ),
            );
        expect(after.all.reduce((sum, { count }) => sum + count, 0)).toBe(made.length);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
