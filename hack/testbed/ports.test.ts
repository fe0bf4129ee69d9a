import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { freePorts, systemPorts } from "./ports.ts";

/** Random numbers from a list, over and over. */
function numbers(...list: number[]): () => number {
  let next = 0;
  return () => list[next++ % list.length]!;
}

describe("freePorts", () => {
  it("passes over ports that are taken, and over those that it has chosen already", async () => {
    const isFree = async (port: number): Promise<boolean> => port !== 20_000;
    const random = numbers(0, 0.5, 0.5, 0.75);
    expect(await freePorts(2, { random, isFree })).toEqual([26_000, 29_000]);
  });

  it("stays below the ports that systems give to outgoing connections", async () => {
    const isFree = async (): Promise<boolean> => true;
    const ports = await freePorts(2, { random: numbers(0, 0.999_999), isFree });
    expect(Math.min(...ports)).toBe(20_000);
    expect(Math.max(...ports)).toBeLessThan(32_000);
  });

  it("says so when there are none", async () => {
    const isFree = async (): Promise<boolean> => false;
    await expect(freePorts(1, { random: Math.random, isFree })).rejects.toThrow(/No 1 free ports between 20000/);
  });

  it("sees on the real machine that a port is taken", async () => {
    const [port] = await freePorts(1);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    try {
      expect(await systemPorts.isFree(port!)).toBe(false);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    expect(await systemPorts.isFree(port!)).toBe(true);
  });
});
