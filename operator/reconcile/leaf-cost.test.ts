import { expect, it } from "vitest";
import { estimateOf } from "../cost/estimate.ts";
import { createMemoryCloud, type ThingWant } from "../provider/testing/memory.ts";
import { type ThingSpec, thingLeaf } from "../provider/testing/thing.ts";
import { environmentWith } from "./testing/environment.ts";
import { oneObject } from "./testing/one-object.ts";
import { denied } from "./testing/thing-world.ts";

/** A Thing costs two dollars a month for each of its size. */
function costly(spec: ThingSpec) {
  const cloud = createMemoryCloud();
  const price = { amount: "2.00", per: 1, unit: "sizes", source: "", checked: "" };
  const leaf = {
    ...thingLeaf(),
    cost: (want: ThingWant, on: "aws" | "gcp") =>
      estimateOf(on, { fixed: [{ what: "size", quantity: want.size, price }] }),
  };
  return { cloud, host: oneObject(leaf, environmentWith(cloud.provider), spec) };
}

it("tells what a thing costs in the same write as that it is there", async () => {
  const { host } = costly({ size: 5 });
  await host.pass();
  expect(host.writes).toEqual(["claim", "status"]);
  expect(host.status.cost).toEqual({ monthlyEstimate: "10.00 USD", prices: expect.stringMatching(/^us-east-1 20/) });
});

it("writes nothing while the want stays, and the new cost with a new want", async () => {
  const { host } = costly({ size: 5 });
  await host.settle();
  const before = host.writes.length;
  await host.pass();
  expect(host.writes.length).toBe(before);
  host.edit({ size: 7 });
  await host.settle();
  expect(host.status.cost?.monthlyEstimate).toBe("14.00 USD");
});

it("tells no cost of what is not there: switched off before it was made, or not to be made", async () => {
  const { host } = costly({ size: 5, enabled: false, disabledReason: "not yet" });
  await host.pass();
  expect(host.status.externalId).toBeUndefined();
  expect(host.status.cost).toBeUndefined();

  const { cloud, host: refused } = costly({ size: 5 });
  cloud.fail("create", denied());
  await refused.pass();
  expect(refused.status.cost).toBeUndefined();
});

it("leaves the cost as it was while the cloud can't be asked", async () => {
  const { cloud, host } = costly({ size: 5 });
  await host.settle();
  cloud.fail("observe", denied());
  host.edit({ size: 7 });
  await host.pass();
  expect(host.status.cost?.monthlyEstimate).toBe("10.00 USD");
});

it("tells the cost no more once the thing is gone behind our back and is not made again", async () => {
  const { cloud, host } = costly({ size: 5 });
  await host.settle();
  cloud.things.clear();
  host.annotate({ "onyx.onelens.io/paused": "true" });
  await host.pass();
  expect(host.status.cost).toBeUndefined();
});
