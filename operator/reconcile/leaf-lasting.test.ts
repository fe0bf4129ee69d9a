import { describe, expect, it } from "vitest";
import type { ThingSpec } from "../provider/testing/thing.ts";
import { denied, lost, message, READY, sealing, thingWorld, told, verbs } from "./testing/thing-world.ts";

const WAITS = "Ready=True/Available Synced=False/AwaitingApproval Stalled=True/AwaitingApproval";

const SEALED: ThingSpec = { size: 5, note: "sealed" };
const notes = ({ cloud }: ReturnType<typeof thingWorld>) => [...cloud.things.values()].map(({ fields }) => fields.note);

async function waiting(spec: ThingSpec = SEALED) {
  const world = thingWorld(spec, { lasting: sealing });
  await world.host.settle();
  return world;
}

describe("a change that nobody can undo", () => {
  it("of a new one: it is made and usable without, and says what waits, what it means and the word", async () => {
    const world = await waiting();
    expect(notes(world)).toEqual([null]);
    expect(told(world.host)).toBe(WAITS);
    expect(message(world.host, "Synced")).toMatch(
      /waits for approval: note: null → "sealed"\. It is sealed for good\. To go on, run: onyx approve thing orders -n shop, .*approve=lock-\w{8}$/,
    );
    expect(world.host.status.approval).toMatchObject({ act: "lock", loses: "It is sealed for good." });
    expect(world.host.status.effective).toMatchObject({ size: 5 });
    expect(world.host.status.effective).not.toHaveProperty("note");
    world.cloud.mark();
    await world.host.pass();
    expect(world.cloud.writes()).toEqual([]);
  });

  it("with the word it is done, once, and put back as drift without another", async () => {
    const world = await waiting();
    world.cloud.mark();
    world.host.approve();
    await world.host.settle();
    expect(told(world.host)).toBe(READY);
    expect(notes(world)).toEqual(["sealed"]);
    expect(verbs(world.cloud.writes())).toBe("update");
    expect(world.host.status.approval).toBeUndefined();
    world.only().fields = { ...world.only().fields, note: null };
    expect((await world.host.pass()).decision).toMatchObject({ do: "update", because: "drift" });
    expect(notes(world)).toEqual(["sealed"]);
  });

  it("another one needs another word", async () => {
    const world = await waiting();
    world.host.approve();
    world.host.edit({ ...SEALED, note: "sealed twice" });
    await world.host.settle();
    expect(told(world.host)).toBe(WAITS);
    expect(notes(world)).toEqual([null]);
  });

  it("what else changes is done meanwhile, and needs no other word", async () => {
    const world = await waiting();
    const word = world.host.status.approval?.word;
    world.host.edit({ ...SEALED, size: 7 });
    await world.host.settle();
    expect(world.only().fields).toMatchObject({ size: 7, note: null });
    expect(world.host.status.approval?.word).toBe(word);
  });

  it("on one that is there: Ready stays, and the word that stands on it already is taken at once", async () => {
    const world = await waiting({ size: 5 });
    world.cloud.mark();
    world.host.edit(SEALED);
    await world.host.pass();
    expect(told(world.host)).toBe(WAITS);
    expect(world.cloud.writes()).toEqual([]);
    world.host.approve();
    world.host.edit({ ...SEALED, size: 7 });
    await world.host.pass();
    expect(told(world.host)).toBe(READY);
    expect(world.only().fields).toMatchObject({ size: 7, note: "sealed" });
    expect(verbs(world.cloud.writes())).toBe("update");
  });

  it("taken back before the word: nothing has happened", async () => {
    const world = await waiting();
    world.host.edit({ size: 5 });
    await world.host.settle();
    expect(told(world.host)).toBe(READY);
    expect(world.host.status.approval).toBeUndefined();
    expect(notes(world)).toEqual([null]);
  });

  it("is refused once another one is for good; all else goes on", async () => {
    const world = await waiting();
    world.host.approve();
    await world.host.settle();
    world.host.edit({ size: 8 });
    await world.host.settle();
    expect(told(world.host)).toBe("Ready=True/Available Synced=False/Immutable Stalled=True/Immutable");
    expect(message(world.host, "Synced")).toBe("spec.note: it is sealed.");
    expect(world.only().fields).toMatchObject({ size: 8, note: "sealed" });
  });

  it("one that is found so needs no word", async () => {
    const world = await waiting();
    world.host.approve();
    await world.host.settle();
    world.host.recreate();
    await world.host.settle();
    expect(told(world.host)).toBe(READY);
  });

  it("one that is gone and made anew has nothing of it without a word", async () => {
    const world = await waiting();
    world.host.approve();
    await world.host.settle();
    const { approval } = world.host.status;
    expect(approval).toBeUndefined();
    world.host.advance(3_600_000);
    world.cloud.things.clear();
    await world.host.settle();
    expect(told(world.host)).toBe(WAITS);
    expect(notes(world)).toEqual([null]);
  });

  it("is not taken for done when its reply was lost or refused", async () => {
    const world = await waiting();
    world.host.approve();
    world.cloud.fail("update", denied());
    await world.host.pass();
    expect(told(world.host)).toContain("Ready=True/Available Synced=False/AccessDenied");
    world.cloud.fail("update", lost(), "after");
    await world.host.settle();
    expect(told(world.host)).toBe(READY);
    expect(notes(world)).toEqual(["sealed"]);
  });
});
