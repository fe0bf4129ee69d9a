import { describe, expect, it } from "vitest";
import { anomalies, forecast, type Spent } from "./outlook.ts";

const day = (n: number) => new Date(Date.UTC(2024, 7, 1) + n * 86_400_000).toISOString().slice(0, 10);
/** From 2024-08-01 on. */
const series = (amounts: readonly (string | number)[]): Spent[] =>
  amounts.map((amount, n) => ({ day: day(n), amount: String(amount) }));
const repeat = (count: number, of: (n: number) => string | number) => Array.from({ length: count }, (_, n) => of(n));

describe("a forecast", () => {
  it("of steady days is that of the whole month, to the last digit", () => {
    const spent = series(repeat(45, () => "0.1"));
    expect(forecast(spent, "2024-09", "2024-09-14")).toEqual({ amount: "3", method: "WeekdayMean" });
  });

  it("knows weekends: what a weekday costs is what that weekday cost", () => {
    const cost = (n: number) => ([0, 6].includes(new Date(`${day(n)}T00:00:00Z`).getUTCDay()) ? 1 : 10);
    const whole = Array.from({ length: 30 }, (_, n) => cost(n + 31)).reduce((sum, one) => sum + one, 0);
    for (const last of [31, 35, 40, 59])
      expect(forecast(series(repeat(last + 1, cost)), "2024-09", day(last)).amount).toBe(String(whole));
  });

  it("with fewer than 28 days goes by their mean", () => {
    expect(forecast(series([2, 4]), "2024-08", "2024-08-02")).toEqual({ amount: "93", method: "DailyMean" });
    expect(forecast([], "2024-08", "2024-08-02")).toEqual({ amount: "0", method: "DailyMean" });
  });

  it("counts days without a row as days without cost, and credits as they are", () => {
    expect(forecast([{ day: "2024-08-01", amount: "10" }], "2024-08", "2024-08-10").amount).toBe("31");
    expect(forecast(series([-1, -1]), "2024-08", "2024-08-02").amount).toBe("-31");
  });

  it("of a month that is over is what it cost", () => {
    expect(forecast(series(repeat(40, () => "1.5")), "2024-08", "2024-09-09")).toEqual({
      amount: "46.5",
      method: "Complete",
    });
  });

  it("adds up rows of one day", () => {
    const spent = [...series(["0.5", "0.5"]), ...series(["0.25", "0.25"])];
    expect(forecast(spent, "2024-08", "2024-08-02").amount).toBe("23.25");
  });
});

describe("anomalies", () => {
  const noisy = (n: number) => 100 + ((n * 37) % 11) - 5;
  const found = (amounts: readonly (string | number)[], floor = "1", service = "s") =>
    anomalies(new Map([[service, series(amounts)]]), floor, day(0), day(amounts.length - 1));

  it("planted ones are found, each on its day, and none else", () => {
    const planted = new Map([
      [30, 400],
      [41, 0],
      [52, 160],
    ]);
    const told = found(repeat(60, (n) => planted.get(n) ?? noisy(n)));
    expect(told.map(({ day: at, amount }) => [at, amount])).toEqual(
      [...planted].map(([n, amount]) => [day(n), String(amount)]),
    );
    expect(told.map(({ score }) => Math.sign(score))).toEqual([1, -1, 1]);
    for (const { usual } of told) expect(Math.abs(Number(usual) - 100)).toBeLessThan(6);
  });

  it.each<[string, (number | string)[], string]>([
    ["noise", repeat(60, noisy), "1"],
    ["a cent more than always", [...repeat(30, () => "10"), "10.01"], "0.001"],
    ["less money than the floor", [...repeat(30, () => "0.01"), "0.5"], "1"],
    ["a week that is too short to tell", [...repeat(6, () => 1), 100], "1"],
  ])("%s is none", (_what, amounts, floor) => {
    expect(found(amounts, floor)).toEqual([]);
  });

  it("what costs the same each day and then something else is one, and so is what was never there", () => {
    expect(found([...repeat(30, () => "10"), "14"])).toEqual([
      { day: day(30), service: "s", amount: "14", usual: "10", score: 4 },
    ]);
    expect(found([0, ...repeat(29, () => 0), 5])).toEqual([
      { day: day(30), service: "s", amount: "5", usual: "0", score: 999.9 },
    ]);
  });

  it("a service is compared with itself", () => {
    const told = anomalies(
      new Map([
        ["big", series(repeat(40, () => 1_000))],
        ["small", series([...repeat(39, () => 1), 5])],
      ]),
      "1",
      day(30),
      day(39),
    );
    expect(told.map(({ service, day: at }) => [service, at])).toEqual([["small", day(39)]]);
  });
});
