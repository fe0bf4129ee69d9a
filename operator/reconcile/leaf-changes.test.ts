import { describe, expect, it } from "vitest";
import { ANNOTATIONS } from "./object.ts";
import type { Pass } from "./report.ts";
import { lost, message, READY, thingWorld, told, verbs } from "./testing/thing-world.ts";

describe("a changed spec", () => {
  it("is applied with just what changed", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, note: "a" });
    await host.pass();
    cloud.mark();
    host.edit({ size: 6, note: "a" });
    const pass = await host.pass();
    expect(cloud.writes()).toMatchObject([{ verb: "update", changed: ["size"] }]);
    expect(only().fields.size).toBe(6);
    expect(pass.notices).toMatchObject([{ reason: "Updating", note: "Changed size: 5 → 6" }]);
    expect(host.status).toMatchObject({ observedGeneration: 2, effective: { size: 6 } });
    expect(told(host)).toBe(READY);
  });

  it("gives the default again when a field is removed", async () => {
    const { host, only } = thingWorld({ size: 5, note: "a" });
    await host.pass();
    host.edit({ size: 5 });
    await host.pass();
    expect(only().fields.note).toBeNull();
    expect(host.status.effective).not.toHaveProperty("note");
  });

  it("keeps Ready while the cloud works, waits, and then applies the last one", async () => {
    const { cloud, host, only } = thingWorld();
    await host.pass();
    cloud.slow = true;
    host.edit({ size: 6 });
    await host.pass();
    expect(told(host)).toBe("Ready=True/Available Synced=True/Available Reconciling=True/Updating");
    host.edit({ size: 7 });
    await host.pass();
    expect(told(host)).toBe("Ready=True/Available Synced=Unknown/Updating Reconciling=True/Updating");
    cloud.slow = false;
    cloud.settle();
    cloud.mark();
    const pass = await host.pass();
    expect(pass.decision).toMatchObject({ do: "update", because: "spec" });
    expect(only().fields.size).toBe(7);
  });

  it("is a new wish, and no drift, after a fault, a pause or a wait, also where drift is only reported", async () => {
    const report = { driftPolicy: "Report" } as const;
    const { cloud, host, only } = thingWorld({ size: 5, ...report });
    await host.pass();
    host.annotate({ [ANNOTATIONS.paused]: "true" });
    host.edit({ size: 6, ...report });
    await host.pass();
    expect(told(host)).toBe("Ready=True/Available Synced=Unknown/Paused Drifted=True/DriftDetected Paused=True/Paused");
    host.annotate({ [ANNOTATIONS.paused]: "false" });
    cloud.fail("observe", lost());
    await host.pass();
    await host.pass();
    expect(only().fields.size).toBe(6);
    expect(told(host)).toBe(READY);
  });

  it("takes tags that are no longer wanted off, also when a pass was lost between", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, tags: { a: "1", b: "2" } });
    await host.pass();
    only().tags.theirs = "x";
    host.annotate({ [ANNOTATIONS.paused]: "true" });
    host.edit({ size: 5, tags: { a: "1" } });
    await host.pass();
    host.annotate({ [ANNOTATIONS.paused]: "false" });
    cloud.fail("update", lost());
    await host.pass();
    await host.pass();
    expect(only().tags).toMatchObject({ a: "1", theirs: "x" });
    expect(only().tags).not.toHaveProperty("b");
    const before = host.status;
    await host.pass();
    expect(host.status).toEqual(before);
  });

  it("keeps the old places on record until nothing is left there", async () => {
    const { cloud, host } = thingWorld({ size: 5, places: ["a", "b"] });
    await host.pass();
    host.edit({ size: 5, places: ["b", "c"] });
    cloud.fail("update", lost());
    await host.pass();
    expect(host.status.footprint).toEqual(["a", "b", "c"]);
    await host.pass();
    expect(host.status.footprint).toEqual(["b", "c"]);
  });

  it("that the cloud takes in steps goes on until all is in force, stays Ready, and is told once", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, note: "a" });
    await host.pass();
    cloud.stepwise = true;
    cloud.mark();
    host.edit({ size: 6, note: "b", locked: true });
    const first = await host.pass();
    expect(first.next).toMatchObject({ when: "backoff", progress: { working: false } });
    expect(first.notices).toMatchObject([{ reason: "Updating" }]);
    expect(told(host)).toBe("Ready=True/Available Synced=Unknown/Updating Reconciling=True/Updating");
    expect(message(host, "Synced")).toBe("Still to be put in force: locked, note.");
    const second = await host.pass();
    expect(second.notices).toEqual([]);
    expect(markOf(second)).not.toBe(markOf(first));
    const third = await host.pass();
    expect(third.next).toEqual({ when: "after", ms: 600_000 });
    expect(told(host)).toBe(READY);
    expect(verbs(cloud.writes())).toBe("update update update");
    expect(only().fields).toMatchObject({ size: 6, note: "b", locked: true });
  });

  it("of an immutable field is refused, and Ready stays", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    cloud.mark();
    host.edit({ size: 6, shape: "square" });
    await host.pass();
    expect(cloud.writes()).toEqual([]);
    expect(told(host)).toBe("Ready=True/Available Synced=False/Immutable Stalled=True/Immutable");
    expect(message(host, "Synced")).toContain('shape: "round" → "square"');
  });
});

const markOf = ({ next }: Pass) => (next.when === "backoff" ? next.progress?.mark : undefined);

describe("drift", () => {
  it("is corrected with one update and told", async () => {
    const { cloud, host, only } = thingWorld();
    await host.pass();
    only().fields = { ...only().fields, size: 99 };
    cloud.mark();
    const pass = await host.pass();
    expect(cloud.writes()).toMatchObject([{ verb: "update", changed: ["size"] }]);
    expect(only().fields.size).toBe(5);
    expect(pass.notices).toMatchObject([{ reason: "DriftCorrected", note: "Put right size: 99 → 5" }]);
    expect(told(host)).toBe(READY);
  });

  it("is only reported where policy says so, once, also after a failed look", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, driftPolicy: "Report" });
    await host.pass();
    only().fields = { ...only().fields, size: 99 };
    cloud.mark();
    const first = await host.pass();
    expect(first.notices).toMatchObject([{ type: "Warning", reason: "DriftDetected" }]);
    expect(told(host)).toBe(`${READY} Drifted=True/DriftDetected`);
    expect(message(host, "Drifted")).toBe("Cloud → spec: size: 99 → 5");
    expect(host.status.drift).toEqual([{ field: "size", want: "5", actual: "99" }]);
    cloud.fail("observe", lost());
    await host.pass();
    const again = await host.pass();
    expect(again.notices).toEqual([]);
    expect(cloud.writes()).toEqual([]);
    expect(only().fields.size).toBe(99);
  });

  it("is left alone and not told where policy says Ignore", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, driftPolicy: "Ignore" });
    await host.pass();
    only().fields = { ...only().fields, size: 99 };
    cloud.mark();
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(cloud.writes()).toEqual([]);
  });

  it("in tags of others is no drift", async () => {
    const { cloud, host, only } = thingWorld();
    await host.pass();
    only().tags.theirs = "x";
    cloud.mark();
    await host.pass();
    expect(cloud.writes()).toEqual([]);
    expect(only().tags.theirs).toBe("x");
  });

  it("is no drift while an update is not to be seen yet", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, driftPolicy: "Report" });
    await host.pass();
    host.edit({ size: 6, driftPolicy: "Report" });
    cloud.onCall = ({ verb }) => {
      if (verb === "observe" && cloud.calls.at(-1)?.verb === "update") only().fields = { ...only().fields, size: 5 };
    };
    await host.pass();
    cloud.onCall = () => {};
    const pass = await host.pass();
    expect(pass.decision).toMatchObject({ do: "update", because: "spec" });
    expect(only().fields.size).toBe(6);
  });
});

describe("a resource that is gone", () => {
  it("is made again, and that is told", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    host.advance(600_000);
    cloud.things.clear();
    const pass = await host.pass();
    expect(cloud.things.size).toBe(1);
    expect(pass.notices[0]?.note).toMatch(/^Created thing\/\S+ again: it was gone from the cloud$/);
    expect(told(host)).toBe(READY);
  });

  it("with its data is made again only on consent, and on a new one each time", async () => {
    const { cloud, host } = thingWorld({ size: 5 }, { dataBearing: true });
    await host.pass();
    host.advance(600_000);
    cloud.things.clear();
    await host.pass();
    expect(told(host)).toBe("Ready=False/DataLost Synced=False/DataLost Stalled=True/DataLost");
    expect(cloud.things.size).toBe(0);
    const word = /approve=(\S+)$/.exec(message(host, "Synced") ?? "")?.[1] ?? "";
    host.annotate({ [ANNOTATIONS.approve]: word });
    await host.pass();
    expect(told(host)).toBe(READY);
    host.advance(600_000);
    cloud.things.clear();
    await host.pass();
    expect(told(host)).toContain("Ready=False/DataLost");
    expect(cloud.things.size).toBe(0);
  });

  it("is not bound while an earlier one of the same name dies, and then made new", async () => {
    const { cloud, host, only } = thingWorld({ size: 5 }, { dataBearing: true });
    await host.pass();
    only().phase = "deleting";
    host.recreate();
    await host.pass();
    expect(host.status.externalId).toBeUndefined();
    expect(host.status.outputs).toBeUndefined();
    expect(told(host)).toBe("Ready=False/Creating Synced=Unknown/Creating Reconciling=True/Creating");
    cloud.settle();
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(only().tags["onyx-uid"]).toBe("thing-orders-2");
  });
});
