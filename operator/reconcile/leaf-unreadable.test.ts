import { describe, expect, it } from "vitest";
import { createMemoryCloud } from "../provider/testing/memory.ts";
import { thingLeaf } from "../provider/testing/thing.ts";
import { condition } from "./conditions.ts";
import { environmentWith } from "./testing/environment.ts";
import { oneObject } from "./testing/one-object.ts";

/** A kind that can read its spec only as its schema has it. */
function world() {
  const leaf = thingLeaf();
  const cloud = createMemoryCloud();
  const picky = {
    ...leaf,
    want: (spec: Parameters<typeof leaf.want>[0], given: Parameters<typeof leaf.want>[1]) => {
      if (typeof spec.size !== "number") throw new TypeError("spec.size.toFixed is not a function");
      return leaf.want(spec, given);
    },
  };
  const host = oneObject(picky, environmentWith(cloud.provider), { size: 5 });
  return { cloud, host, unreadable: { size: "five" as unknown as number } };
}

describe("a spec that its kind can't read", () => {
  it("is told as InvalidSpec with the reason, and nothing is done in the cloud", async () => {
    const { cloud, host, unreadable } = world();
    host.edit(unreadable);
    const pass = await host.pass();
    expect(condition(host.status.conditions, "Stalled")).toMatchObject({ status: "True", reason: "InvalidSpec" });
    expect(condition(host.status.conditions, "Synced")?.message).toContain("spec.size.toFixed is not a function");
    expect(pass.next.when).toBe("after");
    expect(cloud.things.size).toBe(0);
  });

  it("leaves what is there as it is, and it can be deleted", async () => {
    const { cloud, host, unreadable } = world();
    await host.settle();
    host.edit(unreadable);
    await host.pass();
    expect(condition(host.status.conditions, "Ready")?.status).toBe("True");
    host.advance(3_600_000);
    host.remove();
    await host.settle();
    expect(host.object).toBeUndefined();
    expect(cloud.things.size).toBe(0);
  });

  it("is worked on once it can be read", async () => {
    const { cloud, host, unreadable } = world();
    host.edit(unreadable);
    await host.pass();
    host.edit({ size: 6 });
    await host.settle();
    expect(condition(host.status.conditions, "Ready")?.status).toBe("True");
    expect(condition(host.status.conditions, "Stalled")).toBeUndefined();
    expect(cloud.things.size).toBe(1);
  });
});
