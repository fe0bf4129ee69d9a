import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProviderError } from "../provider/fault.ts";
import { createIntent } from "../provider/provider.ts";
import { createMemoryCloud } from "../provider/testing/memory.ts";
import { type ThingSpec, thingLeaf } from "../provider/testing/thing.ts";
import { environmentWith } from "./testing/environment.ts";
import { type OneObject, oneObject } from "./testing/one-object.ts";
import { message, verbs } from "./testing/thing-world.ts";

const SPEC = { size: 5, externalName: "given" };
const SECOND = 1_000;

/** A cloud that hides what it makes, or its marks, for a while, and one that picks ids itself where told so. */
function hiding(hiddenMs: number, what: "things" | "tags" = "things", assigned = false) {
  const cloud = createMemoryCloud();
  const provider = { ...cloud.provider, ...(assigned ? { ids: "assigned" as const, recordsIntent: true } : {}) };
  const host = oneObject(thingLeaf(), environmentWith(provider), SPEC);
  let shownAt = 0;
  cloud.onCall = ({ verb }) => {
    if (verb === "create") shownAt = host.now.getTime() + hiddenMs;
    cloud.hidden = host.now.getTime() < shownAt && verb !== "create" ? what : "nothing";
  };
  return { cloud, host };
}

/** The cloud takes the create, and status hears nothing of it. */
async function cutOff(host: OneObject<ThingSpec>, how: "killed" | "unwritten"): Promise<void> {
  host.onWrite = (write) => {
    if (write === "status") throw new Error("not written");
  };
  await expect(host.pass()).rejects.toThrow("not written");
  host.onWrite = () => {};
  if (how === "killed") host.restart();
}

/** Passes as the operator makes them, until the object goes. @returns how long that took, in ms */
async function untilGone(host: OneObject<ThingSpec>): Promise<number> {
  const from = host.now.getTime();
  for (let n = 0; n < 100 && host.object; n++) {
    const { next, released } = await host.pass();
    if (!released) host.advance(next.when === "after" ? next.ms : SECOND);
  }
  expect(host.object).toBeUndefined();
  return host.now.getTime() - from;
}

describe("a create of which status never heard", () => {
  it("is not left behind, however it was cut off, whenever it shows, whoever comes after", async () => {
    const story = fc.record({
      hiddenMs: fc.integer({ min: 0, max: 59 * SECOND }),
      what: fc.constantFrom("things" as const, "tags" as const),
      assigned: fc.boolean(),
      how: fc.constantFrom("killed" as const, "unwritten" as const),
      madeBefore: fc.boolean(),
      deletedAfterMs: fc.integer({ min: 0, max: 90 * SECOND }),
      restarts: fc.array(fc.integer({ min: 0, max: 30 * SECOND }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(story, async ({ hiddenMs, what, assigned, how, madeBefore, deletedAfterMs, restarts }) => {
        const { cloud, host } = hiding(hiddenMs, what, assigned);
        if (madeBefore) {
          await host.pass();
          host.advance(3_600 * SECOND);
          await host.settle();
          cloud.things.clear();
        }
        await cutOff(host, how);
        host.advance(deletedAfterMs);
        host.remove();
        for (const wait of restarts) {
          await host.pass();
          if (!host.object) break;
          host.advance(wait);
          host.restart();
        }
        if (host.object) await untilGone(host);
        expect([...cloud.things.keys()]).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("is waited for, told so, and deleted as soon as it shows", async () => {
    const { cloud, host } = hiding(30 * SECOND);
    await cutOff(host, "killed");
    host.remove();
    const pass = await host.pass();
    expect(pass).toMatchObject({ released: false, next: { when: "after", ms: 10_000 } });
    expect(message(host, "Ready")).toMatch(/^A create may have been cut off a moment ago/);
    expect(await untilGone(host)).toBeLessThanOrEqual(30 * SECOND);
    expect(verbs(cloud.writes())).toBe("create delete");
  });

  it("is no reason to hold an object for longer than a cloud hides things, nor after a minute's work", async () => {
    const { cloud, host } = hiding(0);
    cloud.fail("create", new ProviderError("transient", "unavailable"));
    await cutOff(host, "killed");
    host.remove();
    expect(await untilGone(host)).toBe(60 * SECOND);
    const later = hiding(0);
    later.host.restart();
    later.cloud.fail("create", new ProviderError("denied", "may not"));
    await later.host.pass();
    later.host.advance(60 * SECOND);
    later.host.remove();
    expect(await untilGone(later.host)).toBe(0);
  });

  it("a refused step after the first says nothing of the first", async () => {
    const { cloud, host } = hiding(30 * SECOND);
    cloud.fail("create", new ProviderError("denied", "may not", { step: "do the rest" }), "after");
    await host.pass();
    host.remove();
    await untilGone(host);
    expect(cloud.things.size).toBe(0);
  });

  it("where the cloud picks the id, none is made beside the hidden one", async () => {
    const { cloud, host } = hiding(45 * SECOND, "things", true);
    await cutOff(host, "killed");
    expect(host.status.footprint).toEqual([createIntent("given")]);
    for (let n = 0; n < 50 && host.status.externalId === undefined; n++) {
      const { next } = await host.pass();
      host.advance(next.when === "after" ? next.ms : SECOND);
    }
    expect(verbs(cloud.writes())).toBe("create");
    expect(host.status.externalId).toBe("thing/given");
  });

  it("where the cloud picks the id, what was never asked for is made at once after a restart, and let go at once", async () => {
    const { cloud, host } = hiding(0, "things", true);
    host.restart();
    await host.pass();
    expect(verbs(cloud.writes())).toBe("create");
    const idle = hiding(0, "things", true);
    idle.host.restart();
    idle.host.edit({ ...SPEC, enabled: false });
    await idle.host.pass();
    idle.host.remove();
    expect(await untilGone(idle.host)).toBe(0);
  });

  it("takes no write to Kubernetes more: the status at the end, and nothing at rest", async () => {
    const { host } = hiding(0);
    await host.settle();
    expect(host.writes).toEqual(["claim", "status"]);
    for (let n = 0; n < 3; n++) await host.pass();
    host.restart();
    await host.pass();
    expect(host.writes).toEqual(["claim", "status"]);
  });
});
