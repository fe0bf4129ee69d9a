import { createServer } from "node:net";
import { TestBedError } from "./errors.ts";

/** Below the range from which systems take the ports of outgoing connections, so that none of those is in the way. */
const FIRST = 20_000;
const LAST = 32_000;

export interface PortSource {
  /** A number from 0 up to but not 1. */
  random(): number;
  /** Whether one can listen on 127.0.0.1 at this port now. */
  isFree(port: number): Promise<boolean>;
}

export const systemPorts: PortSource = { random: Math.random, isFree: canListen };

/** `count` different ports that are free now. A random choice keeps two test beds that start together apart. */
export async function freePorts(count: number, source: PortSource = systemPorts): Promise<number[]> {
  const found = new Set<number>();
  const span = LAST - FIRST;
  for (let tries = 0; found.size < count; tries++) {
    if (tries > span) throw new TestBedError(`No ${count} free ports between ${FIRST} and ${LAST} on 127.0.0.1.`);
    const port = FIRST + Math.floor(source.random() * span);
    if (!found.has(port) && (await source.isFree(port))) found.add(port);
  }
  return [...found];
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
