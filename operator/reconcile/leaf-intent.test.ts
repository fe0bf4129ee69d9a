import { describe, expect, it } from "vitest";
import { ProviderError } from "../provider/fault.ts";
import { createIntent } from "../provider/provider.ts";
import { createMemoryCloud } from "../provider/testing/memory.ts";
import { thingLeaf } from "../provider/testing/thing.ts";
import { environmentWith } from "./testing/environment.ts";
import { oneObject } from "./testing/one-object.ts";

/** A kind that is marked late, or one that is marked at once. */
function world(recordsIntent: boolean) {
  const cloud = createMemoryCloud();
  const provider = { ...cloud.provider, ...(recordsIntent ? { recordsIntent } : {}) };
  const host = oneObject(thingLeaf(), environmentWith(provider), { size: 5, externalName: "given" });
  return { cloud, host };
}

const INTENT = createIntent("given");

describe("the intent to create what can't be marked at once", () => {
  it("is in status before create is called, and gone when all is as spec asks", async () => {
    const { cloud, host } = world(true);
    const recorded: unknown[] = [];
    cloud.onCall = ({ verb }) => verb === "create" && recorded.push(host.status.footprint);
    await host.settle();
    expect(recorded).toEqual([[INTENT]]);
    expect(host.status).not.toHaveProperty("footprint");
  });

  it("stays while a reply is lost or the cloud still works on it", async () => {
    const { cloud, host } = world(true);
    cloud.slow = true;
    cloud.fail("create", new ProviderError("transient", "no reply"), "after");
    await host.pass();
    expect(host.status.footprint).toEqual([INTENT]);
    await host.pass();
    expect(host.status.footprint).toEqual([INTENT]);
    cloud.settle();
    await host.settle();
    expect(host.status).not.toHaveProperty("footprint");
    expect(cloud.things.size).toBe(1);
  });

  it("is not written for what is there already, nor for kinds that are marked at once", async () => {
    const marked = world(false);
    await marked.host.settle();
    expect(marked.host.writes).not.toContain("record");
    const late = world(true);
    await late.host.settle();
    late.host.writes.length = 0;
    late.host.edit({ size: 6, externalName: "given" });
    await late.host.settle();
    expect(late.host.writes).not.toContain("record");
  });
});
