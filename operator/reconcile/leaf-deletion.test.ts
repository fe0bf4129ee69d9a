import { describe, expect, it } from "vitest";
import { ANNOTATIONS, type KubeObject } from "./object.ts";
import { denied, lost, message, thingWorld, told, verbs } from "./testing/thing-world.ts";

describe("deletion", () => {
  it("deletes, and only then lets the object go", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    host.remove();
    const pass = await host.pass();
    expect(pass.released).toBe(true);
    expect(verbs(cloud.calls)).toBe("observe create observe delete observe");
    expect(pass.notices).toMatchObject([{ reason: "Deleted" }]);
    expect(cloud.things.size).toBe(0);
    expect(host.object).toBeUndefined();
  });

  it("keeps the finalizer until the cloud says gone, and is not Ready meanwhile", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    cloud.slow = true;
    host.remove();
    await host.pass();
    expect(told(host)).toBe("Ready=False/Deleting Synced=True/Available Reconciling=True/Deleting");
    await host.pass();
    expect(verbs(cloud.writes())).toBe("create delete");
    cloud.settle();
    expect((await host.pass()).released).toBe(true);
  });

  it("keeps the finalizer when it fails, and goes on after", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    host.remove();
    cloud.fail("delete", lost(), "after");
    expect((await host.pass()).released).toBe(false);
    expect(message(host, "Synced")).toBe("Could not delete it: the connection broke (ECONNRESET)");
    host.advance(60_000);
    expect((await host.pass()).released).toBe(true);
  });

  it("waits for what was made a moment ago and does not show yet", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    cloud.hidden = "things";
    host.remove();
    expect((await host.pass()).released).toBe(false);
    cloud.hidden = "nothing";
    await host.settle();
    expect(cloud.things.size).toBe(0);
    expect(host.object).toBeUndefined();
  });

  it("of what was never made writes nothing", async () => {
    const { cloud, host } = thingWorld();
    cloud.fail("create", denied());
    await host.pass();
    cloud.mark();
    host.remove();
    expect((await host.pass()).released).toBe(true);
    expect(cloud.writes()).toEqual([]);
  });

  it("while it is being made waits, then deletes", async () => {
    const { cloud, host } = thingWorld();
    cloud.slow = true;
    await host.pass();
    host.remove();
    expect((await host.pass()).released).toBe(false);
    expect(verbs(cloud.writes())).toBe("create");
    cloud.slow = false;
    cloud.settle();
    await host.settle();
    expect(cloud.things.size).toBe(0);
  });

  it("goes on while paused", async () => {
    const { cloud, host } = thingWorld();
    await host.pass();
    host.annotate({ [ANNOTATIONS.paused]: "true" });
    host.remove();
    await host.settle();
    expect(cloud.things.size).toBe(0);
  });

  it("Retain leaves it, and the same object made anew finds it again", async () => {
    const { cloud, host, only, name } = thingWorld({ size: 5, deletionPolicy: "Retain" });
    await host.pass();
    const before = name();
    host.remove();
    const pass = await host.pass();
    expect(pass.released).toBe(true);
    expect(pass.notices).toMatchObject([{ reason: "Retained" }]);
    expect(only().tags).not.toHaveProperty("onyx-uid");
    host.recreate({ size: 5 });
    cloud.mark();
    await host.pass();
    expect(cloud.writes()).toMatchObject([{ verb: "update", changed: ["tags"] }]);
    expect(host.status.externalId).toBe(`thing/${before}`);
  });

  it("Block and a guard that spec asks for hold it, until they are lifted", async () => {
    const { cloud, host } = thingWorld({ size: 5, deletionPolicy: "Block", locked: true });
    await host.pass();
    host.remove();
    await host.pass();
    expect(told(host)).toBe("Ready=True/Available Synced=False/DeletionBlocked Stalled=True/DeletionBlocked");
    host.edit({ size: 5, locked: true });
    await host.pass();
    expect(message(host, "Synced")).toMatch(/is locked: unlock it\.$/);
    cloud.mark();
    host.edit({ size: 5 });
    expect((await host.pass()).next).toMatchObject({ when: "backoff" });
    await host.settle();
    expect(cloud.writes()).toMatchObject([{ verb: "update", changed: ["locked"] }, { verb: "delete" }]);
    expect(host.object).toBeUndefined();
  });

  describe("of what others use", () => {
    const user = (name: string, leaving = false): KubeObject => ({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Queue",
      metadata: { name, namespace: "shop", ...(leaving && { deletionTimestamp: "2026-01-05T10:00:00Z" }) },
    });
    const deleted = async (...users: readonly KubeObject[]) => {
      const world = thingWorld({ size: 5 }, { heldByUsers: true });
      await world.host.pass();
      world.host.users.push(...users);
      world.host.remove();
      return world;
    };

    it("is blocked, names them, and goes on once nobody does", async () => {
      const { cloud, host } = await deleted(user("jobs"), user("bills"), user("leaving", true));
      await host.pass();
      expect(told(host)).toBe("Ready=True/Available Synced=False/DeletionBlocked Stalled=True/DeletionBlocked");
      expect(message(host, "Synced")).toMatch(
        /^thing\/\S+ is in use by Queue shop\/bills, Queue shop\/jobs\. .*spec\.deletionPolicy: Retain\.$/,
      );
      expect(verbs(cloud.writes())).toBe("create");
      host.users.length = 0;
      expect((await host.pass()).released).toBe(true);
      expect(cloud.things.size).toBe(0);
    });

    it("waits for those that are leaving", async () => {
      const { cloud, host } = await deleted(user("jobs", true));
      await host.pass();
      expect(told(host)).toBe("Ready=True/Available Synced=True/Available Reconciling=True/Deleting");
      expect(message(host, "Reconciling")).toContain("Queue shop/jobs");
      expect(verbs(cloud.writes())).toBe("create");
    });

    it("names five of many", async () => {
      const { host } = await deleted(...["a", "b", "c", "d", "e", "f", "g"].map((name) => user(name)));
      await host.pass();
      expect(message(host, "Synced")).toContain("Queue shop/e and 2 more.");
    });

    it("lets the object go at once where nothing is deleted, or its users can do without it", async () => {
      const { cloud, host } = await deleted(user("jobs"));
      host.edit({ size: 5, deletionPolicy: "Retain" });
      expect((await host.pass()).released).toBe(true);
      expect(cloud.things.size).toBe(1);
      const other = thingWorld();
      await other.host.pass();
      other.host.users.push(user("jobs"));
      other.host.remove();
      expect((await other.host.pass()).released).toBe(true);
    });
  });

  it("asks the cloud nothing when the finalizer was taken off by hand, or it only observed", async () => {
    for (const over of [{}, { managementPolicy: "Observe" }] as const) {
      const { cloud, host } = thingWorld({ size: 5, ...over });
      await host.pass();
      host.annotate({ note: "kept by somebody else's finalizer" });
      host.remove();
      if (!host.object) continue;
      const before = cloud.calls.length;
      const object = host.object as { metadata: { finalizers?: readonly string[] } };
      object.metadata.finalizers = ["example.com/other"];
      const pass = await host.pass();
      expect(pass.released).toBe(true);
      expect(cloud.calls.length).toBe(before);
    }
  });
});
