import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, thisHost } from "./host.ts";
import { forwarding } from "./reach.ts";
import { openRun, type Run } from "./run.ts";

let host: Host;
let run: Run;
let emulator: Server;
let endpoint: string;
beforeEach(async () => {
  host = { ...thisHost(), runs: mkdtempSync(join(tmpdir(), "onyx-reach-")) };
  run = await openRun(host, "a", { keep: false });
  emulator = createServer((_req, res) => res.end("from the emulator"));
  await new Promise<void>((resolve) => emulator.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(emulator.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await run.stop();
  await new Promise((resolve) => emulator.close(resolve));
  rmSync(host.runs, { recursive: true });
});

describe("forwarding", () => {
  it("changes nothing where pods see this machine as we do", async () => {
    expect(await forwarding(host, run, "127.0.0.1")(endpoint)).toBe(endpoint);
  });

  it("only changes the name where a name leads to 127.0.0.1 already", async () => {
    const at = await forwarding(host, run, "host.docker.internal")(endpoint);
    expect(at).toBe(endpoint.replace("127.0.0.1", "host.docker.internal"));
  });

  // Other systems have only 127.0.0.1 on their loopback interface.
  it.runIf(process.platform === "linux")("hands connections on from another address", async () => {
    const at = await forwarding(host, run, "127.0.0.2")(endpoint);
    expect(new URL(at).hostname).toBe("127.0.0.2");
    expect(await (await fetch(at)).text()).toBe("from the emulator");
  });

  it("says why it can't listen there", async () => {
    const reach = forwarding(host, run, "192.0.2.1");
    await expect(reach(endpoint)).rejects.toThrow(/forward-\d+ ended[\s\S]*EADDRNOTAVAIL/);
  });
});
