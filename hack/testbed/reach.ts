import { isIPv4 } from "node:net";
import { join } from "node:path";
import type { Host } from "./host.ts";
import type { Run } from "./run.ts";
import { waitUntil } from "./wait.ts";

/** The address at which pods reach what listens on this machine at http://127.0.0.1:port. */
export type Reach = (endpoint: string) => Promise<string>;

/**
 * Emulators listen on 127.0.0.1 alone. For pods this hands the same port on at another address of this machine; a
 * name (as of Docker Desktop) needs no handing on, it leads to 127.0.0.1 already.
 */
export function forwarding(host: Host, run: Run, address: string): Reach {
  return async (endpoint) => {
    const url = new URL(endpoint);
    if (address === url.hostname) return endpoint;
    if (isIPv4(address)) await forward(host, run, address, url.port);
    return endpoint.replace(url.hostname, address);
  };
}

async function forward(host: Host, run: Run, address: string, port: string): Promise<void> {
  const { check, logTail: explain } = run.launch({
    name: `forward-${port}`,
    command: process.execPath,
    args: [join(host.root, "hack", "testbed", "forward.ts"), address, port],
  });
  const what = `The way from ${address}:${port} to 127.0.0.1:${port}`;
  const answers = async (): Promise<boolean> => (await fetch(`http://${address}:${port}`)).status > 0;
  await waitUntil(answers, { what, timeoutMs: 10_000, check, explain });
}
