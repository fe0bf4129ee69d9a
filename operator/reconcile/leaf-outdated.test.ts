import { describe, expect, it } from "vitest";
import { ANNOTATIONS } from "./object.ts";
import { READY, type ThingWorld, thingWorld, told } from "./testing/thing-world.ts";

/** What the API server came to hold after the state that the cache shows. */
const since: Readonly<Record<string, (world: ThingWorld) => Promise<void>>> = {
  async "it is gone"({ host }) {
    host.remove();
    await host.settle();
  },
  async "it was made anew"({ host }) {
    host.recreate();
    await host.settle();
  },
  async "its spec was changed"({ host }) {
    host.edit({ size: 7 });
    await host.settle();
  },
};

async function ready(): Promise<ThingWorld> {
  const world = thingWorld({ size: 5 });
  await world.host.settle();
  return world;
}

describe("a cache that shows an older state than the API server has", () => {
  it.each(Object.entries(since))("leads to no write to the cloud: %s", async (_title, happen) => {
    const world = await ready();
    const shown = world.host.object;
    await happen(world);
    // What was made a moment ago is waited for in any case.
    world.host.advance(3_600_000);
    const [before, things] = [world.cloud.writes().length, structuredClone([...world.cloud.things])];
    world.host.shown = shown;
    const pass = await world.host.pass();
    expect([world.cloud.writes().length, [...world.cloud.things]]).toEqual([before, things]);
    expect(pass).toMatchObject({ released: false, next: { when: "backoff" }, notices: [] });
  });

  it("deletes nothing of an object that was made anew since it was being deleted", async () => {
    const world = await ready();
    world.host.remove();
    const shown = world.host.object;
    world.host.recreate();
    await world.host.settle();
    world.host.shown = shown;
    await world.host.pass();
    expect(world.cloud.things.size).toBe(1);
  });

  it("changes nothing of an object that is paused by now", async () => {
    const world = await ready();
    world.only().fields = { ...world.only().fields, size: 50 };
    const shown = world.host.object;
    world.host.annotate({ [ANNOTATIONS.paused]: "true" });
    world.host.shown = shown;
    await world.host.pass();
    expect(world.only().fields.size).toBe(50);
  });

  it("goes on with what it shows once it has caught up", async () => {
    const world = await ready();
    world.host.shown = world.host.object;
    world.host.edit({ size: 7 });
    await world.host.pass();
    world.host.shown = undefined;
    await world.host.settle();
    expect([world.only().fields.size, told(world.host)]).toEqual([7, READY]);
  });
});
