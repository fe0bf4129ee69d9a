import { describe, expect, it } from "vitest";
import { denied, lost, message, READY, thingWorld, told, verbs } from "./testing/thing-world.ts";

type World = ReturnType<typeof thingWorld>;

/** A thing that is round, and whose spec now asks for a square one. */
async function changed(
  over: Parameters<typeof thingWorld>[1] = {},
  deletionPolicy?: "Delete" | "Retain",
): Promise<World> {
  const world = thingWorld({ size: 5, shape: "round", deletionPolicy }, over);
  await world.host.pass();
  world.cloud.mark();
  world.host.edit({ size: 5, shape: "square", deletionPolicy });
  await world.host.pass();
  return world;
}

const shapes = ({ cloud }: World) => [...cloud.things.values()].map(({ fields }) => fields.shape);

describe("a field that can't be changed", () => {
  it("is refused with the word, what is lost and how to write it; nothing is written", async () => {
    const { cloud, host } = await changed();
    expect(told(host)).toBe("Ready=True/Available Synced=False/Immutable Stalled=True/Immutable");
    expect(message(host, "Synced")).toMatch(
      /can't change shape: "round" → "square".*is deleted with its items.*onyx approve thing orders -n shop.*approve=replace-\w{8}$/,
    );
    expect(host.status.approval).toMatchObject({ act: "replace", changes: [{ field: "shape", want: '"square"' }] });
    expect(cloud.writes()).toEqual([]);
  });

  it("with the word: a new one first, then the old one goes", async () => {
    const world = await changed();
    const { cloud, host } = world;
    const before = host.status;
    world.host.approve();
    await host.pass();
    expect(told(host)).toBe("Ready=True/Available Synced=Unknown/Replacing Reconciling=True/Replacing");
    expect(host.status.outputs).toEqual(before.outputs);
    expect(cloud.writes()).toEqual([]);
    await host.settle();
    expect(verbs(cloud.writes())).toBe("create delete");
    expect(shapes(world)).toEqual(["square"]);
    expect(told(host)).toBe(READY);
    expect(host.status.externalId).not.toBe(before.externalId);
    expect(host.status.outputs).toEqual({ THING_ID: host.status.externalId });
    expect(host.status.replaced).toBeUndefined();
    expect(host.status.approval).toBeUndefined();
    cloud.mark();
    await host.pass();
    expect(cloud.writes()).toEqual([]);
  });

  it("keeps the old one's outputs, and the old one, until the new one is ready", async () => {
    const world = await changed();
    const { cloud, host } = world;
    const { outputs } = host.status;
    world.host.approve();
    cloud.slow = true;
    await host.pass();
    await host.pass();
    await host.pass();
    expect(shapes(world)).toEqual(["round", "square"]);
    expect(host.status.outputs).toEqual(outputs);
    expect(verbs(cloud.writes())).toBe("create");
    cloud.slow = false;
    cloud.settle();
    await host.settle();
    expect(shapes(world)).toEqual(["square"]);
    expect(host.status.outputs).toEqual({ THING_ID: host.status.externalId });
  });

  it("keeps what holds data, and lets go of it with its marks saying whose it was", async () => {
    const world = await changed({ dataBearing: true });
    const { cloud, host } = world;
    const old = host.status.externalId;
    world.host.approve();
    await host.settle();
    expect(verbs(cloud.writes())).toBe("create release");
    expect(shapes(world)).toEqual(["round", "square"]);
    const [first] = cloud.things.values();
    expect(first?.tags).toMatchObject({ "onyx-name": "orders" });
    expect(first?.tags["onyx-uid"]).toBeUndefined();
    expect(host.status.replaced).toEqual([expect.objectContaining({ externalId: old, keep: true, state: "Kept" })]);
    expect(told(host)).toBe(READY);
  });

  it("keeps what is to be retained, though it holds no data", async () => {
    const world = await changed({}, "Retain");
    world.host.approve();
    await world.host.settle();
    expect(shapes(world)).toEqual(["round", "square"]);
    expect(verbs(world.cloud.writes())).toBe("create release");
  });

  it("another change needs another word", async () => {
    const world = await changed();
    world.host.approve();
    world.host.edit({ size: 6, shape: "square" });
    await world.host.settle();
    expect(told(world.host)).toContain("Synced=False/Immutable");
    expect(world.cloud.writes()).toEqual([]);
  });

  it("is not replaced where spec fixes the name", async () => {
    const world = thingWorld({ size: 5, externalName: "mine" });
    await world.host.pass();
    world.host.edit({ size: 5, shape: "square", externalName: "mine" });
    await world.host.pass();
    expect(message(world.host, "Synced")).toContain("spec fixes its name");
    expect(world.host.status.approval).toBeUndefined();
  });

  it.each(["create", "delete"] as const)("goes on after a lost reply of %s", async (verb) => {
    const world = await changed();
    world.host.approve();
    world.cloud.fail(verb, lost(), "after");
    await world.host.settle();
    expect(shapes(world)).toEqual(["square"]);
    expect(told(world.host)).toBe(READY);
  });

  it("goes on after the process ended at any write to Kubernetes", async () => {
    for (const when of ["before", "after"] as const)
      for (let at = 0; at < 4; at++) {
        const world = await changed({ dataBearing: at % 2 === 0 });
        world.host.approve();
        let count = 0;
        world.host.onWrite = (_write, point) => {
          if (point === when && count++ === at) throw new Error("the process ended");
        };
        for (let n = 0; n < 12; n++) await world.host.pass().catch(() => {});
        world.host.onWrite = () => {};
        await world.host.settle();
        expect(shapes(world), `${when} write ${at}`).toEqual(at % 2 === 0 ? ["round", "square"] : ["square"]);
        expect(told(world.host)).toBe(READY);
      }
  });

  it("a new one that can't be made leaves the old one serving", async () => {
    const world = await changed();
    world.host.approve();
    world.cloud.fail("create", denied(), "before", 50);
    for (let n = 0; n < 5; n++) await world.host.pass();
    expect(told(world.host)).toContain("Ready=True/Available Synced=False/AccessDenied");
    expect(shapes(world)).toEqual(["round"]);
    world.cloud.heal();
    await world.host.settle();
    expect(shapes(world)).toEqual(["square"]);
  });

  it.each([true, false])(
    "the object deleted in between: nothing is left but what holds data (%s)",
    async (dataBearing) => {
      const world = await changed({ dataBearing }, "Delete");
      world.host.approve();
      world.cloud.slow = true;
      await world.host.pass();
      await world.host.pass();
      world.cloud.settle();
      world.cloud.slow = false;
      world.host.advance(120_000);
      world.host.remove();
      for (const thing of world.cloud.things.values()) thing.items = 0;
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(shapes(world)).toEqual(dataBearing ? ["round"] : []);
    },
  );

  it("status lost: the new one is found again, and nothing is made", async () => {
    const world = await changed({ dataBearing: true });
    world.host.approve();
    await world.host.settle();
    const { externalId, externalName } = world.host.status;
    world.host.setStatus(undefined);
    world.cloud.mark();
    await world.host.settle();
    expect(world.host.status).toMatchObject({ externalId, externalName });
    expect(world.cloud.writes()).toEqual([]);
    world.host.recreate();
    await world.host.settle();
    expect(world.host.status).toMatchObject({ externalId, externalName });
    expect(world.cloud.things.size).toBe(2);
  });

  it("changed back, approved again: back to the one with the old value", async () => {
    const world = await changed();
    world.host.approve();
    await world.host.settle();
    world.host.edit({ size: 5, shape: "round" });
    await world.host.pass();
    expect(told(world.host)).toContain("Synced=False/Immutable");
    world.host.approve();
    await world.host.settle();
    expect(shapes(world)).toEqual(["round"]);
    expect(told(world.host)).toBe(READY);
  });
});

describe("deleting what holds data", () => {
  const doomed = async (items?: number) => {
    const world = thingWorld({ size: 5, deletionPolicy: "Delete" }, { dataBearing: true });
    await world.host.pass();
    if (items !== undefined) world.only().items = items;
    world.cloud.mark();
    world.host.remove();
    await world.host.pass();
    return world;
  };

  it("waits for the word, and says what is lost and what to do", async () => {
    const { cloud, host } = await doomed(3);
    expect(told(host)).toBe("Ready=True/Available Synced=False/AwaitingApproval Stalled=True/AwaitingApproval");
    expect(message(host, "Synced")).toMatch(
      /is destroyed with its items; the cloud keeps a final backup.*approve=destroy-\w{8}$/,
    );
    expect(host.status.approval).toMatchObject({ act: "destroy" });
    expect(cloud.writes()).toEqual([]);
  });

  it("with the word: a backup that is done, then it goes", async () => {
    const world = await doomed(3);
    world.host.approve();
    world.cloud.slow = true;
    await world.host.pass();
    await world.host.pass();
    expect(verbs(world.cloud.writes())).toBe("backup backup");
    expect(told(world.host)).toContain("Reconciling=True/Deleting");
    world.cloud.slow = false;
    world.cloud.settle();
    await world.host.settle();
    expect(world.host.object).toBeUndefined();
    expect(world.cloud.things.size).toBe(0);
    expect(world.cloud.backups.size).toBe(1);
  });

  it("is not deleted while its backup can't be made", async () => {
    const world = await doomed(3);
    world.host.approve();
    world.cloud.fail("backup", denied(), "before", 9);
    await world.host.pass();
    expect(message(world.host, "Synced")).toBe("Could not make a final backup of it: may not look (AccessDenied)");
    expect(world.cloud.things.size).toBe(1);
  });

  it("needs none where it is empty, and no backup", async () => {
    const { cloud, host } = await doomed(0);
    expect(host.object).toBeUndefined();
    expect(verbs(cloud.writes())).toBe("delete");
  });

  it("needs one where the cloud can't be asked whether it is empty", async () => {
    const world = thingWorld({ size: 5, deletionPolicy: "Delete" }, { dataBearing: true });
    await world.host.pass();
    world.only().items = 0;
    world.host.remove();
    world.cloud.fail("isEmpty", denied());
    await world.host.pass();
    expect(told(world.host)).toContain("Synced=False/AwaitingApproval");
  });

  it("is let go of, without a word, once spec says Retain", async () => {
    const { cloud, host } = await doomed(3);
    host.edit({ size: 5, deletionPolicy: "Retain" });
    await host.pass();
    expect(host.object).toBeUndefined();
    expect(cloud.things.size).toBe(1);
  });
});
