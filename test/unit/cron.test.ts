import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXPRESSION_LENGTH, fromExpression, toExpression } from "../../adapters/aws/cron.ts";
import { type Cron, cronText, isCron, parseCron } from "../../crds/cron.ts";
import { cronTextArbitrary } from "../../crds/testing/cron.ts";
import { isDay, nextTime, readUnixCron, wallClock } from "../../hack/testbed/gcp/services/scheduler/unix-cron.ts";

/**
 * E1: one text, two clouds. The oracle is what `parseCron` reads; against it stand a reader of AWS's expressions and the
 * one of the test bed's Cloud Scheduler, which were written without it.
 */

/** AWS's rules: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based */
const AWS_NAMES = {
  month: ["", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
  weekday: ["", "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

function awsField(text: string, low: number, high: number, names: readonly string[] = []): Set<number> | "?" {
  if (text === "?") return "?";
  const found = new Set<number>();
  const number = (part: string) => (names.includes(part) ? names.indexOf(part) : Number(part));
  for (const part of text.split(",")) {
    const [range = "", step] = part.split("/");
    const [from = "", to] = range.split("-");
    const first = range === "*" ? low : number(from);
    const last = range === "*" || (step && !to) ? high : number(to ?? from);
    expect(first >= low && last <= high && first <= last, `${part} of ${text}`).toBe(true);
    for (let one = first; one <= last; one += Number(step ?? 1)) found.add(one);
  }
  return found;
}

/** Whether AWS fires in this minute of the wall clock. */
function awsFires(expression: string): (wall: Date) => boolean {
  const [, inner = ""] = /^cron\((.*)\)$/.exec(expression) ?? [];
  const [minute = "", hour = "", ofMonth = "", month = "", ofWeek = "", year = ""] = inner.split(" ");
  const fields = {
    minute: awsField(minute, 0, 59),
    hour: awsField(hour, 0, 23),
    ofMonth: awsField(ofMonth, 1, 31),
    month: awsField(month, 1, 12, AWS_NAMES.month),
    ofWeek: awsField(ofWeek, 1, 7, AWS_NAMES.weekday),
  };
  expect(year).toBe("*");
  expect([fields.ofMonth, fields.ofWeek].filter((one) => one === "?").length, expression).toBe(1);
  const has = (field: Set<number> | "?", value: number) => field === "?" || field.has(value);
  return (wall) =>
    has(fields.minute, wall.getUTCMinutes()) &&
    has(fields.hour, wall.getUTCHours()) &&
    has(fields.ofMonth, wall.getUTCDate()) &&
    has(fields.month, wall.getUTCMonth() + 1) &&
    has(fields.ofWeek, wall.getUTCDay() + 1);
}

const gcpFires = (text: string) => {
  const cron = readUnixCron(text);
  if (!cron) throw new Error(`Cloud Scheduler refuses ${text}`);
  return (wall: Date) =>
    cron.minute.values.has(wall.getUTCMinutes()) &&
    cron.hour.values.has(wall.getUTCHours()) &&
    isDay(cron, wall.getUTCFullYear(), wall.getUTCMonth() + 1, wall.getUTCDate());
};

const oracle = (cron: Cron) => (wall: Date) =>
  cron.minute.includes(wall.getUTCMinutes()) &&
  cron.hour.includes(wall.getUTCHours()) &&
  cron.dayOfMonth.includes(wall.getUTCDate()) &&
  cron.month.includes(wall.getUTCMonth() + 1) &&
  cron.dayOfWeek.includes(wall.getUTCDay());

const walls = fc
  .date({ min: new Date("2024-01-01T00:00:00Z"), max: new Date("2031-12-31T23:59:00Z"), noInvalidDate: true })
  .map((date) => new Date(Math.floor(date.getTime() / 60_000) * 60_000));

describe("E1 a schedule means the same on both clouds", () => {
  it("at any minute of any text", () => {
    fc.assert(
      fc.property(cronTextArbitrary(), fc.array(walls, { minLength: 20, maxLength: 20 }), (text, times) => {
        const cron = parseCron(text);
        fc.pre(isCron(cron));
        const expected = oracle(cron);
        const expression = toExpression(cron);
        const [aws, gcp] = [awsFires(expression), gcpFires(cronText(cron))];
        // What we send is never as it was written; but where Google would take that, it must mean the same.
        const asWritten = text.includes("FRI-SUN") ? expected : gcpFires(text);
        // Random minutes seldom fall on a schedule, so some that do are made.
        const on = times.map((time, n) => made(cron, time, n)).filter((time) => time !== undefined);
        for (const time of [...times, ...on]) {
          const where = `${text} as ${expression} at ${time.toISOString()}`;
          expect(aws(time), where).toBe(expected(time));
          expect(gcp(time), where).toBe(expected(time));
          expect(asWritten(time), where).toBe(expected(time));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("and AWS's expression reads back as the same text", () => {
    fc.assert(
      fc.property(cronTextArbitrary(), (text) => {
        const cron = parseCron(text);
        fc.pre(isCron(cron));
        expect(fromExpression(toExpression(cron))).toBe(cronText(cron));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["* * * * *", "cron(* * * * ? *)"],
    ["*/5 * * * *", "cron(0/5 * * * ? *)"],
    ["0 6 * * 1-5", "cron(0 6 ? * MON-FRI *)"],
    ["0 6 * * 0", "cron(0 6 ? * SUN *)"],
    ["0 6 * * 6,7", "cron(0 6 ? * SUN,SAT *)"],
    ["30 2 1 */3 *", "cron(30 2 1 1/3 ? *)"],
    ["0 0 */2 * *", "cron(0 0 1/2 * ? *)"],
    ["0 0 * * */2", "cron(0 0 ? * SUN,TUE,THU,SAT *)"],
  ])("%s is %s", (text, expression) => {
    const cron = parseCron(text);
    expect(isCron(cron) && toExpression(cron)).toBe(expression);
  });

  it.each([
    ["cron(0 12 L * ? *)", "cron(0 12 L * ? *)"],
    ["cron(0 12 ? * 6#3 *)", "cron(0 12 ? * 6#3 *)"],
    ["cron(0 12 ? * 2-6 *)", "0 12 * * 1-5"],
    ["cron(0 12 ? * 1 *)", "0 12 * * 0"],
    ["cron(0 12 * * ? 2030)", "cron(0 12 * * ? 2030)"],
    ["rate(5 minutes)", "rate(5 minutes)"],
    ["at(2030-01-01T00:00:00)", "at(2030-01-01T00:00:00)"],
  ])("what others put there, %s, is read as %s", (expression, text) => expect(fromExpression(expression)).toBe(text));

  it("is too long for AWS only when every field is at its worst", () => {
    const cron = parseCron("1,3,5,8,11,13,16,19,21,24,27,29,32,35,37,40,43,45,48,51,53,56,59 * * * *");
    expect(isCron(cron) && toExpression(cron).length).toBeLessThan(EXPRESSION_LENGTH);
  });
});

describe("the clocks of a time zone", () => {
  const berlin = (text: string, after: string) => {
    const cron = readUnixCron(text);
    const next = cron && nextTime(cron, "Europe/Berlin", Date.parse(after));
    return next === undefined ? undefined : new Date(next).toISOString();
  };

  it("an hour that is skipped doesn't come that day", () => {
    expect(berlin("30 2 * * *", "2027-03-28T00:00:00Z")).toBe("2027-03-29T00:30:00.000Z");
  });
  it("an hour that comes twice counts once", () => {
    expect(berlin("30 2 * * *", "2027-10-31T00:00:00Z")).toBe("2027-10-31T00:30:00.000Z");
    expect(berlin("30 2 * * *", "2027-10-31T00:30:00Z")).toBe("2027-11-01T01:30:00.000Z");
  });
  it("the 29th of February is waited for", () => {
    expect(berlin("0 12 29 2 *", "2025-03-01T00:00:00Z")).toBe("2028-02-29T11:00:00.000Z");
  });
  it("shows what the wall shows", () => {
    expect(new Date(wallClock("America/New_York")(Date.parse("2026-07-01T12:00:00Z"))).toISOString()).toBe(
      "2026-07-01T08:00:00.000Z",
    );
  });
});

/** A minute on which the schedule fires, near a date; undefined where the day isn't one of it. */
function made(cron: Cron, near: Date, n: number): Date | undefined {
  const month = cron.month[n % cron.month.length] ?? 1;
  const day = cron.dayOfMonth[n % cron.dayOfMonth.length] ?? 1;
  const hour = cron.hour[n % cron.hour.length] ?? 0;
  const minute = cron.minute[n % cron.minute.length] ?? 0;
  const time = new Date(Date.UTC(near.getUTCFullYear(), month - 1, day, hour, minute));
  return oracle(cron)(time) ? time : undefined;
}
