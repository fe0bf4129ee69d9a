import { describe, expect, it } from "vitest";
import { ProviderError } from "../provider/fault.ts";
import { condition } from "./conditions.ts";
import { FINALIZER } from "./object.ts";
import { environmentWith } from "./testing/environment.ts";
import { denied, lost, message, READY, thingWorld, told, verbs } from "./testing/thing-world.ts";

const NAME = /^prod-shop-orders-[a-z0-9]{6}$/;

describe("a new object", () => {
  it("is Ready after one pass, with one write to the cloud and one of status", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, tags: { team: "a" } }, { defaultTags: { stage: "prod" } });
    const pass = await host.pass();
    expect(verbs(cloud.calls)).toBe("observe create");
    expect(host.writes).toEqual(["claim", "status"]);
    expect(told(host)).toBe(READY);
    expect(pass.next).toEqual({ when: "after", ms: 600_000 });
    expect(only().fields.size).toBe(5);
    expect(only().tags).toMatchObject({
      team: "a",
      stage: "prod",
      "onyx-name": "orders",
      "onyx-uid": "thing-orders-1",
    });
    expect(host.status).toMatchObject({
      observedGeneration: 1,
      environment: "prod",
      cloud: "aws",
      account: "111122223333",
      region: "eu-west-1",
      externalName: expect.stringMatching(NAME),
      externalId: expect.stringContaining("thing/prod-shop-orders-"),
      createdAt: "2026-01-05T10:00:00Z",
      outputs: { THING_ID: expect.any(String) },
      effective: { size: 5, shape: "round", tags: { team: "a", stage: "prod" } },
    });
    expect(pass.notices).toMatchObject([{ type: "Normal", reason: "Available", action: "Create" }]);
  });

  it("is at rest in the second pass: no call but a look, an equal status, no notice", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    const before = host.status;
    host.advance(600_000);
    cloud.mark();
    const pass = await host.pass();
    expect(pass.status).toEqual(before);
    expect(pass.notices).toEqual([]);
    expect(cloud.writes()).toEqual([]);
    expect(host.writes).toEqual(["claim", "status"]);
  });

  it("has its finalizer before the cloud is asked anything", async () => {
    const { cloud, host } = thingWorld();
    const seen: boolean[] = [];
    cloud.onCall = () => seen.push(host.object?.metadata.finalizers?.includes(FINALIZER) === true);
    await host.pass();
    expect(seen).toEqual([true, true]);
  });

  it("asks the cloud nothing when the finalizer can't be written", async () => {
    const { cloud, host } = thingWorld();
    host.onWrite = () => {
      throw new Error("the API server is away");
    };
    await expect(host.pass()).rejects.toThrow("the API server is away");
    expect(cloud.calls).toEqual([]);
  });

  it("has the places of its traces in status before they are made", async () => {
    const { cloud, host } = thingWorld({ size: 5, places: ["b", "a"] });
    let known: unknown;
    cloud.onCall = ({ verb }) => {
      if (verb === "observe") known = structuredClone(host.status);
    };
    await host.pass();
    expect(known).toMatchObject({
      footprint: ["a", "b"],
      environment: "prod",
      externalName: expect.stringMatching(NAME),
    });
    expect(host.writes).toEqual(["claim", "record", "status"]);
    expect(host.status.footprint).toEqual(["b", "a"]);
  });

  it("has the intent to make it in status before it is made, where its marks come later, and until all is as it should", async () => {
    const { cloud, host, name } = thingWorld();
    host.environment = environmentWith({ ...cloud.provider, recordsIntent: true });
    cloud.slow = true;
    let known: unknown;
    cloud.onCall = ({ verb }) => {
      if (verb === "create") known = host.status.footprint;
    };
    await host.pass();
    expect(known).toEqual([`create ${name()}`]);
    expect(host.status.footprint).toEqual(known);
    cloud.settle();
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(host.status.footprint).toBeUndefined();
  });

  it("is Creating while the cloud works on it, and Ready after", async () => {
    const { cloud, host } = thingWorld();
    cloud.slow = true;
    const first = await host.pass();
    expect(told(host)).toBe("Ready=False/Creating Synced=True/Available Reconciling=True/Creating");
    expect(first.next).toMatchObject({ when: "backoff", progress: { working: true } });
    const second = await host.pass();
    const waiting = host.status;
    expect(told(host)).toBe("Ready=False/Creating Synced=Unknown/Creating Reconciling=True/Creating");
    // Nothing came further: the same mark, so the waits grow.
    expect((await host.pass()).next).toEqual(second.next);
    expect(host.status).toEqual(waiting);
    cloud.settle();
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(verbs(cloud.writes())).toBe("create");
  });

  it("is found again when the reply to create was lost", async () => {
    const { cloud, host } = thingWorld();
    cloud.fail("create", lost(), "after");
    const pass = await host.pass();
    expect(told(host)).toBe("Ready=False/CloudError Synced=False/CloudError Reconciling=True/CloudError");
    expect(message(host, "Synced")).toBe("Could not create it: the connection broke (ECONNRESET)");
    expect(pass.next).toEqual({ when: "backoff" });
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(verbs(cloud.writes())).toBe("create");
    expect(cloud.things.size).toBe(1);
  });

  it("is found again when the process ended before status was written", async () => {
    const { cloud, host } = thingWorld();
    host.onWrite = (write) => {
      if (write === "status") throw new Error("killed");
    };
    await expect(host.pass()).rejects.toThrow("killed");
    host.onWrite = () => {};
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(verbs(cloud.writes())).toBe("create");
  });

  it("is not made twice while the cloud does not show it or its marks yet", async () => {
    for (const hidden of ["things", "tags"] as const) {
      const { cloud, host } = thingWorld();
      await host.pass();
      cloud.hidden = hidden;
      host.advance(30_000);
      await host.pass();
      expect(verbs(cloud.writes())).toBe("create");
      expect(condition(host.status.conditions, "Stalled")).toBeUndefined();
      cloud.hidden = "nothing";
      await host.pass();
      expect(told(host)).toBe(READY);
      expect(verbs(cloud.writes())).toBe("create");
    }
  });

  it("waits as long as its name is reserved", async () => {
    const { cloud, host } = thingWorld();
    cloud.reservedMs = 42_000;
    const pass = await host.pass();
    expect(pass.next).toEqual({ when: "after", ms: 42_000 });
    expect(told(host)).toBe("Ready=False/Creating Synced=Unknown/Creating Reconciling=True/Creating");
    expect(cloud.writes()).toEqual([]);
    expect(host.status.externalId).toBeUndefined();
  });
});

describe("what fails", () => {
  it.each([
    ["transient", "CloudError", { when: "backoff" }, "Reconciling"],
    ["throttled", "Throttled", { when: "backoff", atMostMs: 15_000 }, "Reconciling"],
    ["conflict", "Conflict", { when: "backoff" }, "Reconciling"],
    ["notFound", "NotFound", { when: "backoff" }, "Reconciling"],
    ["denied", "AccessDenied", { when: "backoff" }, "Reconciling"],
    ["quota", "QuotaExceeded", { when: "after", ms: 900_000 }, "Stalled"],
    ["invalid", "InvalidSpec", { when: "change" }, "Stalled"],
  ] as const)("a look answered by %s keeps Ready and writes nothing", async (fault, reason, next, type) => {
    const { cloud, host } = thingWorld();
    await host.pass();
    const ready = condition(host.status.conditions, "Ready");
    cloud.mark();
    cloud.fail("observe", new ProviderError(fault, "no"));
    const pass = await host.pass();
    expect(condition(host.status.conditions, "Ready")).toEqual(ready);
    expect(told(host)).toBe(`Ready=True/Available Synced=False/${reason} ${type}=True/${reason}`);
    expect(pass.next).toEqual(next);
    expect(cloud.writes()).toEqual([]);
    expect(host.status.externalId).toBeDefined();
  });

  it("is denied: a grant may not be in force yet, so it takes ten minutes to be Stalled", async () => {
    const { cloud, host } = thingWorld();
    cloud.fail("create", denied(), "before", 4);
    for (const minutes of [0, 5, 4]) {
      host.advance(minutes * 60_000);
      expect((await host.pass()).next).toEqual({ when: "backoff" });
      expect(told(host)).toBe("Ready=False/AccessDenied Synced=False/AccessDenied Reconciling=True/AccessDenied");
    }
    host.advance(60_001);
    expect((await host.pass()).next).toEqual({ when: "after", ms: 900_000 });
    expect(told(host)).toBe("Ready=False/AccessDenied Synced=False/AccessDenied Stalled=True/AccessDenied");
    await host.pass();
    expect(told(host)).toBe(READY);
  });

  it("comes back when the cloud says so", async () => {
    const { cloud, host } = thingWorld();
    cloud.fail("create", new ProviderError("throttled", "slow down", { retryAfterMs: 7_000 }));
    expect((await host.pass()).next).toEqual({ when: "after", ms: 7_000 });
  });

  it("is told once, with the request id, which is not in the condition", async () => {
    const { cloud, host } = thingWorld();
    cloud.fail("observe", denied(), "before", 3);
    const first = await host.pass();
    const status = host.status;
    const second = await host.pass();
    expect(first.notices).toMatchObject([
      {
        type: "Warning",
        reason: "AccessDenied",
        note: "Could not look at it: may not look (AccessDenied) (request req-4711)",
      },
    ]);
    expect(second.notices).toEqual([]);
    expect(host.status).toEqual(status);
    expect(JSON.stringify(host.status)).not.toContain("req-4711");
  });

  it("names the step that failed", async () => {
    const { cloud, host } = thingWorld();
    cloud.fail("create", new ProviderError("denied", "no", { step: "grant publisher on the dead-letter topic" }));
    await host.pass();
    expect(message(host, "Synced")).toBe("Could not grant publisher on the dead-letter topic: no");
  });

  it("does not blame the update for a look that failed after it", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    host.edit({ size: 6 });
    cloud.onCall = ({ verb }) => {
      if (verb === "update") cloud.fail("observe", lost());
    };
    await host.pass();
    expect(message(host, "Synced")).toBe("Could not look at it again: the connection broke (ECONNRESET)");
    expect(told(host)).toContain("Ready=True/Available");
  });

  it("throws what is no fault of the cloud", async () => {
    const { cloud, host } = thingWorld();
    cloud.onCall = () => {
      throw new TypeError("a bug");
    };
    await expect(host.pass()).rejects.toThrow(TypeError);
  });
});
