import { describe, expect, it } from "vitest";
import { ProviderError } from "../provider/fault.ts";
import type { ThingSpec } from "../provider/testing/thing.ts";
import { condition } from "./conditions.ts";
import { environmentWith } from "./testing/environment.ts";
import { message, READY, thingWorld, told, verbs } from "./testing/thing-world.ts";

describe("what spec needs", () => {
  const parent = (over: object = {}) => ({
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "Thing",
    metadata: { name: "parent", namespace: "shop" },
    status: { externalId: "thing/parent", outputs: { THING_ID: "thing/parent" } },
    ...over,
  });
  const child: ThingSpec = { size: 5, parentRef: { name: "parent" } };

  it.each([
    ["is missing", undefined, "DependencyNotFound"],
    ["is not ready", parent({ status: {} }), "DependencyNotReady"],
    [
      "is being deleted",
      parent({ metadata: { name: "parent", deletionTimestamp: "2026-01-01T00:00:00Z" } }),
      "DependencyNotReady",
    ],
  ])("a reference that %s: no call, then one create", async (_what, other, reason) => {
    const { cloud, host, only } = thingWorld(child);
    if (other) host.others.set("Thing/parent", other);
    const pass = await host.pass();
    expect(cloud.calls).toEqual([]);
    expect(pass.next).toEqual({ when: "change" });
    expect(told(host)).toBe(`Ready=False/${reason} Synced=False/${reason} Reconciling=True/${reason}`);
    expect(message(host, "ReferencesResolved")).toContain("Thing shop/parent (spec.parentRef)");
    host.others.set("Thing/parent", parent());
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(verbs(cloud.writes())).toBe("create");
    expect(only().fields.parent).toBe("thing/parent");
  });

  it("an Environment that serves its namespace: no call before, nothing is touched after, and it waits to be deleted", async () => {
    const { cloud, host, only } = thingWorld({ size: 5, deletionPolicy: "Delete" });
    const serving = (...namespaces: readonly string[]) => environmentWith(cloud.provider, { namespaces });
    host.environment = serving("other");
    await host.pass();
    expect(cloud.calls).toEqual([]);
    expect(told(host)).toBe("Ready=False/NotServed Synced=False/NotServed Stalled=True/NotServed");
    expect(message(host, "Stalled")).toMatch(/Environment "prod" does not serve namespace "shop" \(spec\.namespaces\)/);
    host.environment = serving("other", "shop");
    await host.settle();
    expect(told(host)).toBe(READY);
    host.environment = serving("other");
    host.edit({ size: 6, deletionPolicy: "Delete" });
    cloud.mark();
    await host.pass();
    expect(told(host)).toBe("Ready=True/Available Synced=False/NotServed Stalled=True/NotServed");
    host.remove();
    expect((await host.pass()).released).toBe(false);
    expect(cloud.writes()).toEqual([]);
    expect(only().fields.size).toBe(5);
    host.environment = serving("shop");
    await host.settle();
    expect(host.object).toBeUndefined();
    expect(cloud.things.size).toBe(0);
  });

  it("an Environment that never served its namespace does not hold up the deletion", async () => {
    const { cloud, host } = thingWorld();
    host.environment = environmentWith(cloud.provider, { namespaces: ["other"] });
    await host.pass();
    host.remove();
    expect(host.object).toBeUndefined();
    expect(cloud.calls).toEqual([]);
  });

  it("a reference that went first does not hold up the deletion", async () => {
    const { cloud, host } = thingWorld(child);
    host.others.set("Thing/parent", parent());
    await host.pass();
    host.others.clear();
    host.remove();
    await host.settle();
    expect(host.object).toBeUndefined();
    expect(cloud.things.size).toBe(0);
  });

  it("a reference that gives another id is a new wish, not drift", async () => {
    const { host, only } = thingWorld({ ...child, driftPolicy: "Report" });
    host.others.set("Thing/parent", parent());
    await host.pass();
    host.others.set("Thing/parent", parent({ status: { externalId: "thing/p2", outputs: { THING_ID: "thing/p2" } } }));
    const pass = await host.pass();
    expect(pass.decision).toMatchObject({ do: "update", because: "spec" });
    expect(only().fields.parent).toBe("thing/p2");
  });

  it("a spec that can't be with what it refers to: said by its field, no call, and looked at again when that changes", async () => {
    const { cloud, host } = thingWorld(child, {
      problem: (_spec, given) =>
        given.target("parentRef").effective.full ? "parentRef: it is full. Name another one." : undefined,
    });
    const full = { externalId: "thing/parent", outputs: { THING_ID: "thing/parent" }, effective: { full: true } };
    host.others.set("Thing/parent", parent({ status: full }));
    const pass = await host.pass();
    expect(cloud.calls).toEqual([]);
    expect(pass.next).toEqual({ when: "change" });
    expect(told(host)).toContain("Stalled=True/InvalidSpec");
    expect(message(host, "Synced")).toBe("spec.parentRef: it is full. Name another one.");
    host.others.set("Thing/parent", parent());
    await host.settle();
    expect(told(host)).toBe(READY);
    host.others.set("Thing/parent", parent({ status: full }));
    host.remove();
    await host.settle();
    expect(host.object).toBeUndefined();
    expect(cloud.things.size).toBe(0);
  });

  it("outside the portable range: refused under Strict before any call", async () => {
    const { cloud, host } = thingWorld({ size: 500 });
    await host.pass();
    expect(cloud.calls).toEqual([]);
    expect(told(host)).toContain("Stalled=True/OutsidePortableRange");
    expect(message(host, "Portable")).toBe(
      "spec.size: 500 is more than 100. Set spec.portability: Warn to take it on this cloud.",
    );
  });

  it("outside the portable range: shown under Warn", async () => {
    const { host, only } = thingWorld({ size: 500, portability: "Warn" });
    await host.pass();
    expect(only().fields.size).toBe(100);
    expect(told(host)).toBe(READY);
    expect(condition(host.status.conditions, "Portable")).toMatchObject({ status: "False", reason: "Clamped" });
    expect(host.status).toMatchObject({ effective: { size: 100 }, deviations: [{ field: "size", kind: "Clamped" }] });
  });

  it("a setting of one cloud that is a field of its own is told as in use", async () => {
    const { cloud, host } = thingWorld({ size: 5, portability: "Warn" });
    const named = (field: string) => ({ field, kind: "CloudSpecific" as const, message: "The other one has none." });
    const deviations = [named("overrides.aws.guests"), named("overrides.aws.limits.size"), named("size")];
    host.environment = environmentWith({ ...cloud.provider, fit: (want) => ({ want, deviations }) });
    await host.pass();
    expect(host.status.overridesInUse).toEqual(["aws.guests", "aws.limits"]);
  });

  it("what the adapter can't read is refused before any call, and can be deleted", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    const { fit } = cloud.provider;
    const refusing = {
      ...cloud.provider,
      fit: (): never => {
        throw new ProviderError("invalid", "encryption.keyRef: this is an alias; give the key's ARN");
      },
    };
    host.environment = environmentWith(refusing);
    cloud.mark();
    await host.pass();
    expect(told(host)).toBe("Ready=True/Available Synced=False/InvalidSpec Stalled=True/InvalidSpec");
    expect(cloud.writes()).toEqual([]);
    host.remove();
    await host.settle();
    expect(host.object).toBeUndefined();
    expect(fit).toBeDefined();
  });

  it("a kind that this cloud lacks is said once, without a call", async () => {
    const { cloud, host } = thingWorld();
    host.environment = environmentWith({ unsupported: "GCP has nothing like it." });
    const pass = await host.pass();
    expect(told(host)).toContain("Stalled=True/Unsupported");
    expect(pass.next).toEqual({ when: "change" });
    expect(cloud.calls).toEqual([]);
  });

  it("an Environment that is not there is waited for", async () => {
    const { cloud, host } = thingWorld();
    const there = host.environment;
    host.environment = { problem: { reason: "EnvironmentNotReady", message: "There is none." } };
    expect((await host.pass()).next).toEqual({ when: "backoff" });
    expect(told(host)).toBe(
      "Ready=False/EnvironmentNotReady Synced=False/EnvironmentNotReady Reconciling=True/EnvironmentNotReady",
    );
    host.environment = there;
    await host.pass();
    expect(told(host)).toBe(READY);
    expect(verbs(cloud.calls)).toBe("observe create");
  });

  it.each([
    ["that never was there", { problem: { reason: "EnvironmentNotReady", message: "There is none.", absent: true } }],
    ["that lacks the kind", environmentWith({ unsupported: "Nothing like it." })],
  ] as const)("an Environment %s does not hold up the deletion of what was never made", async (_what, environment) => {
    const { cloud, host } = thingWorld();
    host.onWrite = (write) => {
      if (write === "status") throw new Error("the process ended");
    };
    cloud.fail("observe", new ProviderError("denied", "no"));
    await expect(host.pass()).rejects.toThrow("the process ended");
    host.onWrite = () => {};
    host.environment = environment;
    host.remove();
    expect((await host.pass()).released).toBe(true);
  });

  it("an Environment that is not Ready holds up the deletion, and so does one that is gone with something in it", async () => {
    const { host } = thingWorld();
    await host.pass();
    host.remove();
    for (const absent of [undefined, true] as const) {
      host.environment = { problem: { reason: "EnvironmentNotReady", message: "It is away.", absent } };
      expect((await host.pass()).released).toBe(false);
    }
  });

  it("an Environment that moved elsewhere is not followed, not even to delete", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    const before = cloud.calls.length;
    host.environment = environmentWith(cloud.provider, { who: { account: "999988887777", principal: "p" } });
    await host.pass();
    expect(message(host, "Synced")).toContain("It was made in aws 111122223333 eu-west-1");
    host.remove();
    const pass = await host.pass();
    expect(pass.released).toBe(false);
    expect(cloud.calls.length).toBe(before);
  });

  it("another environmentRef is refused once it is made, and taken before", async () => {
    const { cloud, host } = thingWorld({ size: 5, environmentRef: { name: "prod" } });
    await host.pass();
    host.edit({ size: 5, environmentRef: { name: "dev" } });
    cloud.mark();
    await host.pass();
    expect(message(host, "Synced")).toContain('It was made in Environment "prod", but spec.environmentRef is "dev"');
    expect(cloud.writes()).toEqual([]);
  });
});
