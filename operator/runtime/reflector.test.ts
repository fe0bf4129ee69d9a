import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createClient } from "./client.ts";
import { createReflector, type Reflector, type ReflectorEvent, type ReflectorOptions } from "./reflector.ts";
import type { KubeObject, ResourceType } from "./resource.ts";
import { eventually } from "./testing/eventually.ts";
import { createFakeClock, type FakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "./testing/memory-log.ts";
import { createScriptedServer, type Exchange, type ScriptedServer } from "./testing/scripted-server.ts";
import { createTransport, type Transport } from "./transport.ts";

const THINGS: ResourceType = { group: "test.dev", version: "v1", plural: "things", kind: "Thing", namespaced: true };

interface Thing extends KubeObject {
  readonly spec?: { readonly size: number };
}

function thing(name: string, rv: number, extra: { uid?: string; size?: number; meta?: object } = {}): Thing {
  const metadata = {
    name,
    namespace: "ns",
    uid: extra.uid ?? `uid-${name}`,
    resourceVersion: String(rv),
    ...extra.meta,
  };
  return { apiVersion: "test.dev/v1", kind: "Thing", metadata, spec: { size: extra.size ?? 0 } };
}

let server: ScriptedServer;
let clock: FakeClock;
let log: MemoryLog;
let transport: Transport;
let abort: AbortController;
let failures: string[];
let stale: number;
let seen: string[];
let reflector: Reflector<Thing>;

beforeEach(async () => {
  server = await createScriptedServer();
  clock = createFakeClock();
  log = createMemoryLog();
  abort = new AbortController();
  failures = [];
  seen = [];
  stale = 0;
});
afterEach(async () => {
  abort.abort(new Error("test over"));
  await transport.close();
  await server.close();
});

function describeEvent(event: ReflectorEvent<Thing>): string {
  const mark = event.type === "deleted" && event.assumed ? "?" : event.initial ? "*" : "";
  return `${event.type}${mark} ${event.key}@${event.object.metadata.resourceVersion}`;
}

function start(options: Partial<ReflectorOptions<Thing>> = {}, config = server.kubeConfig()): Promise<void> {
  transport = createTransport(config, { clock, log, random: () => 0 });
  reflector = createReflector<Thing>({
    client: createClient(transport),
    type: THINGS,
    clock,
    log,
    random: () => 0.5,
    metrics: {
      event: (_, type) => void (type === "stale" && stale++),
      failure: (_, cause) => void failures.push(cause),
      synced: () => {},
      size: () => {},
    },
    ...options,
  });
  reflector.subscribe((event) => void seen.push(describeEvent(event)));
  return reflector.start(abort.signal);
}

type Line = readonly [type: string, object: unknown];
const line = ([type, object]: Line) => `${JSON.stringify({ type, object })}\n`;
const bookmark = (rv: number): Line => ["BOOKMARK", { kind: "Thing", metadata: { resourceVersion: String(rv) } }];
const end = (rv: number): Line => [
  "BOOKMARK",
  { kind: "Thing", metadata: { resourceVersion: String(rv), annotations: { "k8s.io/initial-events-end": "true" } } },
];

/** Answers with these events and keeps the watch open. */
function events(exchange: Exchange, ...lines: Line[]): void {
  if (!exchange.response.headersSent) exchange.response.writeHead(200, { "content-type": "application/json" });
  exchange.response.write(lines.map(line).join(""));
}

/** The server's side of the watch that is open. */
function nextWatch(...lines: Line[]): { exchange?: Exchange } {
  const open: { exchange?: Exchange } = {};
  server.next((exchange) => {
    open.exchange = exchange;
    events(exchange, ...lines);
  });
  return open;
}

const queries = () => server.requests.map(({ query }) => Object.fromEntries(query));
const requests = (count: number) => eventually(() => server.requests.length >= count, clock);
const names = () => reflector.list().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);

describe("the first state", () => {
  it("#15 comes by a watch with initial events, and the same watch goes on", async () => {
    const open = nextWatch(["ADDED", thing("a", 3)], ["ADDED", thing("b", 2)]);
    start();
    await requests(1);
    await settle();
    expect(reflector.hasSynced()).toBe(false);
    expect(names()).toEqual([]);
    events(open.exchange!, end(7), ["MODIFIED", thing("a", 8)]);
    await reflector.synced();
    await eventually(() => seen.length === 3);
    expect(seen).toEqual(["added* ns/a@3", "added* ns/b@2", "updated ns/a@8"]);
    expect(reflector.lastSyncedRV()).toBe("8");
    expect(reflector.state()).toBe("Synced");
    expect(server.requests).toHaveLength(1);
    expect(queries()[0]).toMatchObject({
      watch: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: "true",
    });
    expect(queries()[0]).not.toHaveProperty("resourceVersion");
  });

  it("#15 comes by pages where the server refuses initial events", async () => {
    server.next(({ status }) => status(422, "Invalid"));
    server.next(({ json }) =>
      json(200, { items: [thing("a", 1)], metadata: { resourceVersion: "5", continue: "more" } }),
    );
    server.next(({ json }) => json(200, { items: [thing("b", 2)], metadata: { resourceVersion: "5" } }));
    nextWatch();
    start({ labelSelector: "x=y" });
    await requests(4);
    expect(seen).toEqual(["added* ns/a@1", "added* ns/b@2"]);
    expect(queries().slice(1)).toEqual([
      { limit: "500", labelSelector: "x=y" },
      { limit: "500", labelSelector: "x=y", continue: "more" },
      { watch: "true", labelSelector: "x=y", resourceVersion: "5", allowWatchBookmarks: "true", timeoutSeconds: "450" },
    ]);
  });

  it("comes by pages where the server ignores the wish for initial events, and never says that they are complete", async () => {
    nextWatch(["ADDED", thing("a", 3)]);
    server.next(({ json }) => json(200, { items: [thing("a", 3)], metadata: { resourceVersion: "5" } }));
    nextWatch();
    start();
    await requests(3);
    expect(seen).toEqual(["added* ns/a@3"]);
    expect(failures).toEqual(["incomplete"]);
  });

  it("is put aside when the watch breaks before it is complete", async () => {
    server.next((exchange) => {
      events(exchange, ["ADDED", thing("gone", 3)]);
      exchange.response.write("", () => exchange.reset());
    });
    nextWatch(["ADDED", thing("a", 4)], end(9));
    start();
    await eventually(() => reflector.hasSynced(), clock);
    expect(seen).toEqual(["added* ns/a@4"]);
  });

  it("takes deletions into account that happen while it is being sent", async () => {
    nextWatch(["ADDED", thing("a", 3)], ["ADDED", thing("b", 4)], ["DELETED", thing("a", 5)], end(6));
    start();
    await reflector.synced();
    expect(names()).toEqual(["b@4"]);
  });

  it("waits, gently, for a kind that is not installed yet", async () => {
    for (let index = 0; index < 5; index++) server.next(({ status }) => status(404, "NotFound"));
    nextWatch(end(1));
    start();
    const begin = clock.monotonic();
    await requests(2);
    expect(reflector.state()).toBe("NotServed");
    await eventually(() => reflector.hasSynced(), clock);
    expect(reflector.state()).toBe("Synced");
    expect(clock.monotonic() - begin).toBeGreaterThan(5_000);
    const warnings = log.lines.filter(({ level }) => level === "warn");
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining("not installed")]);
  });
});

describe("a watch that ends", () => {
  async function synced(...lines: Line[]): Promise<{ exchange?: Exchange }> {
    const open = nextWatch(["ADDED", thing("a", 3)], ["ADDED", thing("b", 4)], end(10), ...lines);
    start();
    await reflector.synced();
    seen.length = 0;
    await clock.advance(60_000);
    return open;
  }

  it("#11 and #12 in good order is opened again at once, from the last bookmark, without a list", async () => {
    const open = await synced(bookmark(42));
    nextWatch(["MODIFIED", thing("a", 43)]);
    const before = clock.monotonic();
    open.exchange!.response.end();
    await eventually(() => seen.length === 1);
    expect(clock.monotonic()).toBe(before);
    expect(queries()[1]).toEqual({
      watch: "true",
      resourceVersion: "42",
      allowWatchBookmarks: "true",
      timeoutSeconds: "450",
    });
    expect(failures).toEqual([]);
  });

  it("#11 right after it was opened, again and again, is opened less and less often", async () => {
    const open = await synced();
    const times: number[] = [];
    server.otherwise(({ response }) => {
      times.push(clock.monotonic());
      response.end();
    });
    open.exchange!.response.end();
    await eventually(() => times.length >= 12, clock);
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    expect(gaps[0]).toBeLessThan(2_000);
    expect(gaps.at(-1)).toBeGreaterThan(10_000);
    expect(new Set(failures)).toEqual(new Set(["short"]));
  });

  it.each([
    ["#2 a reset", ({ exchange }: { exchange: Exchange }) => exchange.reset(), "connection"],
    [
      "#9 an end inside a line",
      ({ exchange }: { exchange: Exchange }) => exchange.response.end('{"type":"ADDED","obj'),
      "line-truncated",
    ],
  ])("by %s is opened again within two seconds, without a list", async (_, fault, cause) => {
    const open = await synced(bookmark(42));
    nextWatch(["MODIFIED", thing("a", 43)]);
    const before = clock.monotonic();
    fault({ exchange: open.exchange! });
    await eventually(() => seen.length === 1, clock);
    expect(clock.monotonic() - before).toBeLessThan(2_000);
    expect(queries()[1]).toMatchObject({ resourceVersion: "42" });
    expect(failures).toEqual([cause]);
  });

  it.each([401, 403, 429, 500, 503, 504])("#2 is opened again after an answer of %i, for ever", async (code) => {
    const open = await synced();
    for (let index = 0; index < 30; index++) server.next(({ status }) => status(code, "Whatever"));
    nextWatch(["MODIFIED", thing("a", 43)]);
    open.exchange!.response.end();
    await eventually(() => seen.length === 1, clock, 1_000);
    expect(failures).toEqual(Array(30).fill(`status-${code}`));
    expect(queries().every((query) => query.watch === "true")).toBe(true);
    expect(reflector.state()).toBe("Synced");
  });

  it.each([429, 500, 504])("#10 is opened again after an ERROR event %i, which is counted", async (code) => {
    const open = await synced();
    nextWatch(["MODIFIED", thing("a", 43)]);
    events(open.exchange!, ["ERROR", { kind: "Status", code, message: "busy", details: { retryAfterSeconds: 5 } }]);
    const before = clock.monotonic();
    await eventually(() => seen.length === 1, clock);
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(5_000);
    expect(failures).toEqual([`status-${code}`]);
    expect(queries()[1]).toMatchObject({ resourceVersion: "10" });
  });

  it("by HTML from something in between is opened again", async () => {
    const open = await synced();
    server.next(
      ({ response }) => void response.writeHead(502, { "content-type": "text/html" }).end("<html>Bad gateway</html>"),
    );
    nextWatch(["MODIFIED", thing("a", 43)]);
    open.exchange!.response.end();
    await eventually(() => seen.length === 1, clock);
    expect(failures).toEqual(["status-502"]);
  });

  it("by silence is opened again after 90 s, and not before", async () => {
    await synced(bookmark(42));
    nextWatch(["MODIFIED", thing("a", 43)]);
    await clock.advance(29_000);
    expect(server.requests).toHaveLength(1);
    await clock.advance(2_000);
    await eventually(() => seen.length === 1, clock);
    expect(failures).toEqual(["silence"]);
  });

  it("stays open as long as any byte comes, be it a part of a line", async () => {
    const open = await synced();
    const text = line(bookmark(50));
    for (const character of text.slice(0, 20)) {
      open.exchange!.response.write(character);
      await settle(4);
      await clock.advance(60_000);
    }
    expect(server.requests).toHaveLength(1);
    open.exchange!.response.write(text.slice(20));
    await eventually(() => reflector.lastSyncedRV() === "50");
    expect(reflector.lastEventAge()).toBe(0);
  });

  it("#8 by a failing login is opened again when the login works again", async () => {
    const tokenFile = `/tmp/reflector-${process.pid}-${Math.random()}`;
    const open = nextWatch(["ADDED", thing("a", 3)], end(10));
    const run = start({}, server.kubeConfig({ authProvider: { name: "tokenFile", config: { tokenFile } } }));
    await eventually(() => failures.length >= 2, clock);
    expect(failures).toEqual(["other", "other"]);
    await writeFile(tokenFile, "t");
    await eventually(() => reflector.hasSynced(), clock);
    expect(open.exchange?.request.headers.authorization).toBe("Bearer t");
    abort.abort(new Error("enough"));
    await run;
  });
});

describe("an expired resource version", () => {
  const faults: [string, (open: { exchange?: Exchange }) => void][] = [
    [
      "as a status",
      (open) => {
        server.next(({ status }) => status(410, "Expired"));
        open.exchange!.response.end();
      },
    ],
    ["as an event", (open) => events(open.exchange!, ["ERROR", { kind: "Status", code: 410, reason: "Expired" }])],
  ];

  it.each(faults)(
    "#3 %s: the whole state is read at once, and deletions that were missed are told",
    async (_, fault) => {
      const open = nextWatch(["ADDED", thing("a", 3)], ["ADDED", thing("b", 4)], end(10));
      start();
      await reflector.synced();
      seen.length = 0;
      await clock.advance(20_000);
      fault(open);
      nextWatch(["ADDED", thing("b", 12)], ["ADDED", thing("c", 13)], end(20));
      const before = clock.monotonic();
      await eventually(() => reflector.lastSyncedRV() === "20");
      expect(clock.monotonic()).toBe(before);
      expect(seen).toEqual(["deleted? ns/a@3", "updated ns/b@12", "added ns/c@13"]);
      expect(queries().at(-1)).toMatchObject({ sendInitialEvents: "true", resourceVersion: "10" });
    },
  );

  it("#11 again and again: the state is read less and less often, right after the wait", async () => {
    nextWatch(end(10), ["ERROR", { kind: "Status", code: 410 }]);
    const times: number[] = [];
    server.otherwise((exchange) => {
      times.push(clock.monotonic());
      events(exchange, end(10 + times.length), ["ERROR", { kind: "Status", code: 410 }]);
    });
    start();
    await eventually(() => times.length >= 10, clock);
    expect(times[9]! - times[8]!).toBeGreaterThan(10_000);
    expect(new Set(failures)).toEqual(new Set(["status-410"]));
  });

  it("on a continue token: the list begins anew", async () => {
    server.next(({ status }) => status(422, "Invalid"));
    server.next(({ json }) =>
      json(200, { items: [thing("old", 1)], metadata: { resourceVersion: "5", continue: "more" } }),
    );
    server.next(({ status }) => status(410, "Expired"));
    server.next(({ json }) => json(200, { items: [thing("new", 6)], metadata: { resourceVersion: "7" } }));
    nextWatch();
    start();
    await requests(5);
    expect(seen).toEqual(["added* ns/new@6"]);
  });
});

describe("events", () => {
  async function synced(...lines: Line[]): Promise<Exchange> {
    const open = nextWatch(["ADDED", thing("a", 3)], end(10), ...lines);
    start();
    await reflector.synced();
    seen.length = 0;
    return open.exchange!;
  }

  it("#13 from the past are passed over", async () => {
    const exchange = await synced();
    events(
      exchange,
      ["MODIFIED", thing("a", 500)],
      ["MODIFIED", thing("a", 50)],
      ["DELETED", thing("a", 60)],
      bookmark(70),
    );
    events(exchange, ["ADDED", thing("z", 501)]);
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(["updated ns/a@500", "added ns/z@501"]);
    expect(reflector.lastSyncedRV()).toBe("501");
    expect(stale).toBe(2);
  });

  it("compare resource versions as numbers of any length", async () => {
    const exchange = await synced();
    events(exchange, ["MODIFIED", thing("a", 9)], ["MODIFIED", thing("a", 99)], ["MODIFIED", thing("a", 100)]);
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(["updated ns/a@99", "updated ns/a@100"]);
    expect(reflector.observed("9007199254740993")).toBe(false);
    events(exchange, [
      "MODIFIED",
      { ...thing("a", 0), metadata: { ...thing("a", 0).metadata, resourceVersion: "9007199254740993" } },
    ]);
    await eventually(() => reflector.observed("9007199254740993"));
    expect(reflector.observed("9007199254740994")).toBe(false);
  });

  it.each(["ADDED", "MODIFIED"])("#14 an object that was recreated (%s) is deleted and added", async (type) => {
    const exchange = await synced();
    events(exchange, [type, thing("a", 12, { uid: "other" })]);
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(["deleted? ns/a@3", "added ns/a@12"]);
  });

  it("#14 an object that was recreated while nobody watched is deleted and added", async () => {
    const exchange = await synced();
    nextWatch(["ADDED", thing("a", 12, { uid: "other" })], end(20));
    events(exchange, ["ERROR", { kind: "Status", code: 410 }]);
    await eventually(() => seen.length === 2, clock);
    expect(seen).toEqual(["deleted? ns/a@3", "added ns/a@12"]);
  });

  it.each([
    ["a line that is not JSON", "this is not json\n"],
    ["an event without an object", '{"type":"ADDED"}\n'],
    [
      "an event of an unknown type",
      '{"type":"constructor","object":{"metadata":{"name":"a","resourceVersion":"1"}}}\n',
    ],
    ["null", "null\n"],
  ])("#9 %s is counted, and the whole state is read", async (_, text) => {
    const exchange = await synced();
    nextWatch(["ADDED", thing("a", 3)], ["ADDED", thing("lost", 11)], end(20));
    exchange.response.write(text + line(["ADDED", thing("g3", 12)]));
    await eventually(() => seen.length === 1, clock);
    expect(seen).toEqual(["added ns/lost@11"]);
    expect(failures).toEqual(["line-invalid"]);
  });

  it("#7 reach every listener, also when one throws, and nothing else is disturbed", async () => {
    const exchange = await synced();
    const second: string[] = [];
    reflector.subscribe(() => {
      throw new Error("bad listener");
    });
    const stop = reflector.subscribe((event) => void second.push(event.key));
    events(exchange, ["ADDED", thing("b", 11)], ["ADDED", thing("c", 12)]);
    await eventually(() => second.length === 2);
    expect(seen).toHaveLength(2);
    expect(failures).toEqual(["listener", "listener"]);
    stop();
    events(exchange, ["ADDED", thing("d", 13)]);
    await eventually(() => seen.length === 3);
    expect(second).toHaveLength(2);
    expect(server.requests).toHaveLength(1);
  });

  it("#7 a listener that throws at the first state keeps no watch from being opened", async () => {
    nextWatch(["ADDED", thing("a", 3)], end(10), ["ADDED", thing("b", 11)]);
    start();
    reflector.subscribe(() => {
      throw new Error("bad listener");
    });
    await eventually(() => seen.length === 2);
    expect(reflector.state()).toBe("Synced");
  });
});

describe("a state that lies before ours", () => {
  async function relistAt(...positions: number[]): Promise<void> {
    nextWatch(["ADDED", thing("a", 900)], end(1_000), ["ERROR", { kind: "Status", code: 410 }]);
    for (const rv of positions) nextWatch(["ADDED", thing("old", 5)], end(rv));
    start();
    await reflector.synced();
    seen.length = 0;
  }

  it("is refused: another server may lag behind (fault 4)", async () => {
    await relistAt(500, 500, 1_001);
    await eventually(() => reflector.lastSyncedRV() === "1001", clock);
    expect(failures).toEqual(["status-410", "stale", "stale"]);
    expect(seen).toEqual(["deleted? ns/a@900", "added ns/old@5"]);
  });

  it("is taken when it stays that way: the cluster was restored", async () => {
    await relistAt(500, 500, 500, 500, 500);
    await eventually(() => reflector.lastSyncedRV() === "500", clock);
    expect(names()).toEqual(["old@5"]);
    expect(seen).toEqual(["deleted? ns/a@900", "added ns/old@5"]);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: "warn", message: expect.stringContaining("went back") }),
    );
  });

  it("is not asked for by a position that the server has not reached", async () => {
    nextWatch(end(1_000), ["ERROR", { kind: "Status", code: 410 }]);
    const causes = [{ reason: "ResourceVersionTooLarge" }];
    server.next(({ status }) => status(504, "Timeout", { details: { causes } }));
    nextWatch(end(1_005));
    start();
    await eventually(() => reflector.lastSyncedRV() === "1005", clock);
    expect(queries()[1]).toMatchObject({ resourceVersion: "1000" });
    expect(queries()[2]).not.toHaveProperty("resourceVersion");
  });
});

describe("stopping", () => {
  it("#4 is no error, and ends the watch", async () => {
    const open = nextWatch(end(10));
    const run = start();
    await reflector.synced();
    const closed = new Promise((resolve) => open.exchange!.response.on("close", resolve));
    abort.abort(new Error("stop"));
    await expect(run).resolves.toBeUndefined();
    await closed;
    expect(failures).toEqual([]);
    expect(reflector.state()).toBe("Stopped");
    expect(clock.pending).toBe(0);
  });

  it("#5 during a pause opens no watch afterwards", async () => {
    server.otherwise(({ status }) => status(500, "Down"));
    const run = start();
    await eventually(() => failures.length === 3, clock);
    const before = server.requests.length;
    abort.abort(new Error("stop"));
    await run;
    await clock.advance(100_000);
    expect(server.requests).toHaveLength(before);
    await expect(reflector.synced()).rejects.toThrow("stop");
  });

  it("#6 starting twice opens one watch", async () => {
    nextWatch(end(10));
    const first = start();
    expect(reflector.start(abort.signal)).toBe(first);
    await reflector.synced();
    await settle(5);
    expect(server.requests).toHaveLength(1);
  });
});

describe("the copy", () => {
  it("#15 is slim, transformed and indexed", async () => {
    const meta = {
      managedFields: [{ manager: "kubectl" }],
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", keep: "me" },
      labels: { team: "x" },
    };
    nextWatch(["ADDED", thing("a", 3, { size: 1, meta })], ["ADDED", thing("b", 4, { size: 2 })], end(10), [
      "MODIFIED",
      thing("b", 11, { size: 1 }),
    ]);
    start({
      transform: (object) => ({ ...object, status: undefined }),
      indexers: {
        bySize: ({ spec }) => [String(spec?.size)],
        broken: ({ metadata }) => {
          if (metadata.name === "a") throw new Error("odd object");
          return ["rest"];
        },
      },
    });
    await eventually(() => seen.length === 3);
    const a = reflector.get("ns/a")!;
    expect(a.metadata).not.toHaveProperty("managedFields");
    expect(a.metadata.annotations).toEqual({ keep: "me" });
    expect(a.metadata.labels).toEqual({ team: "x" });
    expect(reflector.byIndex("bySize", "1").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect(reflector.byIndex("bySize", "2")).toEqual([]);
    expect(reflector.byIndex("broken", "rest").map(({ metadata }) => metadata.name)).toEqual(["b"]);
    expect(() => reflector.byIndex("byColour", "red")).toThrow(
      'There is no index "byColour"; declared are: bySize, broken.',
    );
    expect(reflector.list("ns")).toHaveLength(2);
    expect(reflector.list("other")).toEqual([]);
    expect(reflector.size).toBe(2);
  });

  it("keeps an object as it came when its transform throws", async () => {
    nextWatch(["ADDED", thing("a", 3)], end(10));
    start({
      transform: () => {
        throw new Error("bad transform");
      },
    });
    await reflector.synced();
    expect(names()).toEqual(["a@3"]);
  });

  it("tells when it shows one's own writes (read your own writes)", async () => {
    const open = nextWatch(["ADDED", thing("a", 3)], end(10));
    start();
    await reflector.synced();
    expect(await reflector.waitForRV("10")).toBe(true);
    const [soon, late] = [reflector.waitForRV("12"), reflector.waitForRV("99", 1_000)];
    expect(reflector.observed("12")).toBe(false);
    events(open.exchange!, ["MODIFIED", thing("a", 12)]);
    await expect(soon).resolves.toBe(true);
    expect(reflector.get("ns/a")?.metadata.resourceVersion).toBe("12");
    await clock.advance(1_000);
    await expect(late).resolves.toBe(false);
    const never = reflector.waitForRV("99");
    abort.abort(new Error("stop"));
    await expect(never).resolves.toBe(false);
    await expect(reflector.waitForRV("99")).resolves.toBe(false);
  });

  it("takes objects that were read directly, but brings back none that is gone", async () => {
    const open = nextWatch(["ADDED", thing("a", 3)], ["ADDED", thing("b", 4)], end(10));
    start();
    await reflector.synced();
    reflector.offer(thing("a", 20, { size: 9 }));
    expect(names()).toContain("a@20");
    events(open.exchange!, ["MODIFIED", thing("a", 15)], ["DELETED", thing("b", 16)]);
    await eventually(() => reflector.observed("16"));
    reflector.offer(thing("b", 4));
    expect(names()).toEqual(["a@20"]);
  });

  it("knows how long ago it last heard something", async () => {
    const open = nextWatch();
    start();
    await requests(1);
    expect(reflector.lastEventAge()).toBeUndefined();
    events(open.exchange!, end(10));
    await reflector.synced();
    await clock.advance(7_000);
    expect(reflector.lastEventAge()).toBe(7_000);
  });
});
