import { describe, expect, test } from "vitest";
import { renewed } from "./renewed.ts";

function world() {
  let now = 0;
  let calls = 0;
  let fails = false;
  const get = async () => {
    calls += 1;
    const call = calls;
    await Promise.resolve();
    if (fails) throw new Error(`no ${call}`);
    return { value: call, expires: new Date(now + 60_000) };
  };
  return {
    ask: renewed(get, { now: () => now, aheadMs: 10_000 }),
    calls: () => calls,
    at: (ms: number) => {
      now = ms;
    },
    fail: (on: boolean) => {
      fails = on;
    },
  };
}

describe("what expires", () => {
  test("is not got before it is asked for, and once for all who ask at a time", async () => {
    const { ask, calls } = world();
    expect(calls()).toBe(0);
    const got = await Promise.all([ask(), ask(), ask()]);
    expect(got.map(({ value }) => value)).toEqual([1, 1, 1]);
    expect(calls()).toBe(1);
  });

  test.each([
    ["long before its end is kept", 49_999, 1],
    ["shortly before its end is got anew", 50_000, 2],
    ["after its end is got anew", 70_000, 2],
  ])("%s", async (_what, at, value) => {
    const { ask, at: go } = world();
    await ask();
    go(at);
    expect(await ask()).toMatchObject({ value });
  });

  test("stays in use where its renewal fails, until it has expired", async () => {
    const { ask, at, fail, calls } = world();
    await ask();
    fail(true);
    at(55_000);
    expect(await ask()).toMatchObject({ value: 1 });
    expect(calls()).toBe(2);
    at(60_000);
    await expect(ask()).rejects.toThrow("no 3");
  });

  test("is asked for again after a failure", async () => {
    const { ask, fail } = world();
    fail(true);
    await expect(Promise.all([ask(), ask()])).rejects.toThrow("no 1");
    fail(false);
    expect(await ask()).toMatchObject({ value: 2 });
  });
});
