import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { identify, isAlive, startTicks } from "./processid.ts";

const stat = (name: string, state: string, threads = 1): string =>
  `4711 (${name}) ${state} 1 4711 4711 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 ${threads} 0 987654 1000 100 18446744073709551615`;

describe("startTicks", () => {
  it("reads the 22nd field", () => {
    expect(startTicks(stat("etcd", "S"))).toBe("987654");
  });

  it("is not led astray by brackets and spaces in a program's name", () => {
    expect(startTicks(stat("a) R 1 (b", "S"))).toBe("987654");
  });

  it("takes a process that ended but was not reaped for none", () => {
    expect(startTicks(stat("etcd", "Z"))).toBeUndefined();
    expect(startTicks(stat("etcd", "X"))).toBeUndefined();
  });

  it("knows one whose first thread has ended and others have not", () => {
    expect(startTicks(stat("etcd", "Z", 3))).toBe("987654");
  });
});

describe("isAlive", () => {
  it("knows a process from its start to its end", async () => {
    const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
    const id = identify(child.pid!)!;
    expect(id.pid).toBe(child.pid);
    expect(isAlive(id)).toBe(true);
    child.stdin.end();
    await once(child, "exit");
    expect(isAlive(id)).toBe(false);
    expect(identify(id.pid)).toBeUndefined();
  });

  it("does not take a later process with the same number for it", () => {
    const now = identify(process.pid)!;
    expect(isAlive({ ...now, started: "boot/1" })).toBe(false);
  });
});
