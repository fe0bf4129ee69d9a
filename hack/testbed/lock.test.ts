import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "./lock.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "onyx-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

const quiet = { waiting: () => {} };

describe("withLock", () => {
  it("lets one work at a time, and tells the others who does", async () => {
    const order: string[] = [];
    const waitedFor: number[] = [];
    let finish = (): void => {};
    const first = withLock(path, quiet, async () => {
      order.push("first begins");
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      order.push("first ends");
    });
    const waiting = (pid: number): void => {
      waitedFor.push(pid);
      finish();
    };
    const second = withLock(path, { waiting }, async () => void order.push("second"));
    await Promise.all([first, second]);
    expect(order).toEqual(["first begins", "first ends", "second"]);
    expect(waitedFor[0]).toBe(process.pid);
  });

  it("is free again after a failure, and leaves no file", async () => {
    const fail = async (): Promise<never> => Promise.reject(new Error("broken"));
    await expect(withLock(path, quiet, fail)).rejects.toThrow("broken");
    expect(await withLock(path, quiet, async () => 1)).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["a process that died", JSON.stringify({ pid: 1, started: "boot/0" })],
    ["nobody that can be told", "{"],
  ])("is taken from %s", async (_who, content) => {
    writeFileSync(path, content);
    expect(await withLock(path, quiet, async () => existsSync(path))).toBe(true);
  });

  it("stops waiting when it is aborted", async () => {
    const abort = new AbortController();
    const waiting = (): void => abort.abort();
    await withLock(path, quiet, async () => {
      const second = withLock(path, { waiting, signal: abort.signal }, async () => 1);
      await expect(second).rejects.toThrow(/aborted/);
    });
  });
});
