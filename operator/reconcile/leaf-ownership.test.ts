import { describe, expect, it } from "vitest";
import { ownerTags } from "../provider/owner.ts";
import type { Thing } from "../provider/testing/memory.ts";
import type { ThingSpec } from "../provider/testing/thing.ts";
import { ANNOTATIONS } from "./object.ts";
import { environmentWith } from "./testing/environment.ts";
import { denied, message, READY, thingWorld, told, verbs } from "./testing/thing-world.ts";

describe("what is not ours", () => {
  const foreign = (tags: Record<string, string> = {}): Thing => ({
    phase: "ready",
    tags: { theirs: "x", ...tags },
    fields: { size: 50, shape: "round", locked: false, note: null, parent: null, places: [] },
  });
  const withForeign = (spec: ThingSpec, thing: Thing) => {
    const all = thingWorld({ ...spec, externalName: "given" });
    all.cloud.things.set("given", thing);
    return all;
  };

  it("is refused and untouched, and its id and outputs are not taken", async () => {
    const { cloud, host, only } = withForeign({ size: 5 }, foreign());
    await host.pass();
    expect(told(host)).toBe("Ready=False/Conflict Synced=False/Conflict Stalled=True/Conflict");
    expect(host.status).not.toHaveProperty("externalId");
    expect(host.status).not.toHaveProperty("outputs");
    expect(cloud.writes()).toEqual([]);
    expect(only()).toEqual(foreign());
    host.remove();
    const pass = await host.pass();
    expect(pass.released).toBe(true);
    expect(only()).toEqual(foreign());
  });

  it("is not taken by a paused object either", async () => {
    const { host } = withForeign({ size: 5, enabled: false, disabledReason: "not yet" }, foreign());
    await host.pass();
    expect(host.status).not.toHaveProperty("outputs");
    expect(told(host)).toContain("Ready=False/Conflict");
  });

  it("is not taken when the adoption fails", async () => {
    const { cloud, host } = withForeign({ size: 5, adoptionPolicy: "Adopt" }, foreign());
    cloud.fail("adopt", denied());
    await host.pass();
    expect(host.status).not.toHaveProperty("externalId");
  });

  it("is adopted when asked for: first our marks alone, then what spec says; the rest stays", async () => {
    const { cloud, host, only } = withForeign({ size: 5, adoptionPolicy: "Adopt" }, foreign());
    const first = await host.pass();
    expect(verbs(cloud.writes())).toBe("adopt");
    expect(only().fields.size).toBe(50);
    expect(first.next).toMatchObject({ when: "backoff" });
    expect(first.notices).toMatchObject([{ reason: "Adopted" }]);
    await host.pass();
    expect(verbs(cloud.writes())).toBe("adopt update");
    expect(only()).toMatchObject({ fields: { size: 5 }, tags: { theirs: "x", "onyx-name": "orders" } });
    expect(told(host)).toBe(READY);
    expect(host.status).not.toHaveProperty("createdAt");
  });

  it("is another cluster's until this one follows it", async () => {
    const owner = { environment: "prod", cluster: "green", namespace: "shop", kind: "Thing", name: "orders", uid: "u" };
    const { cloud, host, only } = withForeign({ size: 5 }, foreign(ownerTags(owner)));
    await host.pass();
    expect(message(host, "Synced")).toContain('belongs to this object in cluster "green"');
    expect(cloud.writes()).toEqual([]);
    host.environment = environmentWith(cloud.provider, { succeeds: ["green"] });
    const pass = await host.pass();
    expect(pass.notices).toMatchObject([{ reason: "TakenOver" }]);
    expect(pass.notices[0]?.note).toBe("thing/given was found again and is ours still; changed size: 50 → 5");
    expect(only().tags["onyx-cluster"]).toBe("blue");
  });

  it("is taken over by the same object made anew, with its new uid", async () => {
    const { cloud, host, only, name } = thingWorld();
    await host.pass();
    const before = name();
    host.recreate();
    cloud.mark();
    const pass = await host.pass();
    expect(pass.notices).toMatchObject([
      { reason: "TakenOver", note: `thing/${before} was found again and is ours still` },
    ]);
    expect(cloud.writes()).toMatchObject([{ verb: "update", changed: ["tags"] }]);
    expect(only().tags["onyx-uid"]).toBe("thing-orders-2");
    expect(told(host)).toBe(READY);
  });

  it("is imported with status wiped: same id, no write", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    const before = host.status;
    cloud.mark();
    host.setStatus(undefined);
    await host.pass();
    expect(cloud.writes()).toEqual([]);
    const { createdAt: _when, ...rest } = before;
    expect(host.status).toMatchObject({ ...rest, conditions: before.conditions });
  });
});

describe("hands off", () => {
  it.each([
    ["paused", {}, { [ANNOTATIONS.paused]: "true" }],
    ["disabled", { enabled: false, disabledReason: "moved" }, {}],
    ["Observe", { managementPolicy: "Observe" }, {}],
    ["CreateOnly", { managementPolicy: "CreateOnly" }, {}],
  ] as const)("%s: drift is shown, nothing is written", async (_what, over, annotations) => {
    const { cloud, host, only } = thingWorld();
    await host.pass();
    host.edit({ size: 5, ...over });
    host.annotate(annotations);
    only().fields = { ...only().fields, size: 99 };
    cloud.mark();
    await host.pass();
    expect(cloud.writes()).toEqual([]);
    expect(host.status.drift).toEqual([{ field: "size", want: "5", actual: "99" }]);
    expect(told(host)).toContain("Ready=True/Available");
    expect(told(host)).toContain("Drifted=True");
  });

  it("disabled and absent: not made, Ready says why, deletable", async () => {
    const { cloud, host } = thingWorld({ size: 5, enabled: false, disabledReason: "moved to another team" });
    await host.pass();
    expect(told(host)).toBe("Ready=False/Disabled Synced=Unknown/Disabled Paused=True/Disabled");
    expect(message(host, "Ready")).toBe("moved to another team");
    host.remove();
    expect((await host.pass()).released).toBe(true);
    expect(cloud.writes()).toEqual([]);
  });

  it("part of a blueprint: the cloud is not asked, and it is neither made nor claimed", async () => {
    const { cloud, host } = thingWorld();
    host.label({ "onyx.onelens.io/blueprint": "standard" });
    const pass = await host.pass();
    expect(pass.next).toEqual({ when: "change" });
    expect(told(host)).toBe("Ready=False/Blueprint Synced=Unknown/Blueprint Paused=True/Blueprint");
    expect(message(host, "Ready")).toMatch(/part of the blueprint "standard": nothing is made of it itself/);
    host.remove();
    expect(cloud.calls).toEqual([]);
  });

  it("made before it became part of a blueprint: it stays as it is, and goes as it should", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, deletionPolicy: "Delete" });
    await host.settle();
    host.label({ "onyx.onelens.io/blueprint": "standard" });
    host.edit({ size: 6, deletionPolicy: "Delete" });
    cloud.mark();
    await host.pass();
    expect(cloud.writes()).toEqual([]);
    expect(only().fields.size).toBe(5);
    host.remove();
    await host.settle();
    expect(cloud.writes()).toEqual([expect.objectContaining({ verb: "delete" })]);
  });

  it("Observe needs no finalizer, gives id and outputs, and is not Ready once it is gone", async () => {
    const { cloud, host, name } = thingWorld();
    await host.pass();
    const externalName = name();
    host.recreate({ size: 5, managementPolicy: "Observe", externalName });
    await host.pass();
    expect(host.object?.metadata.finalizers).toBeUndefined();
    expect(host.status).toMatchObject({
      externalId: `thing/${externalName}`,
      outputs: { THING_ID: `thing/${externalName}` },
    });
    expect(host.status?.effective).toBeUndefined();
    cloud.things.clear();
    await host.pass();
    expect(told(host)).toContain("Ready=False/NotFound");
  });

  it("Observe tells what is there, of a kind that nothing is written into by", async () => {
    const { cloud, host, only, name } = thingWorld({ size: 5 }, { tellsObserved: true });
    await host.pass();
    only().tags.theirs = "x";
    host.recreate({ size: 7, managementPolicy: "Observe", externalName: name() });
    await host.pass();
    expect(host.status?.effective).toMatchObject({ size: 5 });
    expect(host.status?.effective).not.toHaveProperty("tags");
    cloud.things.clear();
    await host.pass();
    expect(host.status?.effective).toBeUndefined();
  });

  it("does not take the tags of others for ours after a time of observing", async () => {
    const { host, only, name } = thingWorld();
    await host.pass();
    only().tags.theirs = "x";
    host.recreate({ size: 5, managementPolicy: "Observe", externalName: name() });
    await host.pass();
    host.edit({ size: 5, externalName: name() });
    await host.pass();
    expect(only().tags.theirs).toBe("x");
  });
});
