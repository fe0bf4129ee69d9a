import { expect, it } from "vitest";
import { ProviderError } from "../provider/fault.ts";
import { thingLeaf } from "../provider/testing/thing.ts";
import type { LeafObject } from "../reconcile/leaf-object.ts";
import { sealing, thingWorld } from "../reconcile/testing/thing-world.ts";
import { painter } from "./output.ts";
import { foreseer, planLeaves } from "./plan.ts";
import { planExitCode, planText } from "./plan-text.ts";

const signal = new AbortController().signal;

/** Plans what is in the world's one object, as `kubectl apply` of the same file would bring it. */
async function plan(
  world: ReturnType<typeof thingWorld>,
  object: LeafObject = world.host.object as LeafObject,
  live = true,
) {
  const environments = { get: () => world.host.environment };
  const lookups = { environments, live: () => (live ? world.host.object : undefined) };
  const foreseen = foreseer([thingLeaf() as never], [object], lookups);
  const [planned] = await planLeaves([{ ...thingLeaf(), lasting: sealing } as never], [object], {
    ...lookups,
    foreseen,
    signal,
    now: () => world.host.now,
  });
  if (!planned) throw new Error("nothing was planned");
  return planned;
}

it("plans a create with the values that would be in force, and changes nothing", async () => {
  const world = thingWorld();
  const planned = await plan(world, undefined, false);
  expect(planned).toMatchObject({
    action: "create",
    kind: "Thing",
    changes: expect.arrayContaining([expect.objectContaining({ field: "size", from: null })]),
  });
  expect(world.cloud.writes()).toEqual([]);
  expect(world.host.writes).toEqual([]);
  expect(planExitCode([{ target: "t", leaves: [planned], children: [] }])).toBe(2);
});

it("plans nothing for what is as it should be", async () => {
  const world = thingWorld();
  await world.host.settle();
  const planned = await plan(world);
  expect(planned).toMatchObject({ action: "none", changes: [] });
  expect(planExitCode([{ target: "t", leaves: [planned], children: [] }])).toBe(0);
});

it("plans just the fields that change", async () => {
  const world = thingWorld();
  await world.host.settle();
  const object = world.host.object as LeafObject;
  const planned = await plan(world, { ...object, spec: { ...object.spec, size: 7 } as never });
  expect(planned).toMatchObject({ action: "update", changes: [expect.objectContaining({ field: "size", to: 7 })] });
  expect(planText({ target: "t", leaves: [planned], children: [] }, painter(false))).toMatch(
    /~ Thing .*\n {6}size: \d+ → 7\n/,
  );
});

it("refuses, with the operator's own words, what the operator would refuse", async () => {
  const world = thingWorld();
  await world.host.settle();
  const object = world.host.object as LeafObject;
  const planned = await plan(world, { ...object, spec: { ...object.spec, shape: "square" } as never });
  expect(planned).toMatchObject({ action: "refuse", message: expect.stringContaining("Immutable: ") });
  expect(planExitCode([{ target: "t", leaves: [planned], children: [] }])).toBe(1);
});

it("says what nobody can undo, that it waits, and on what word: beside what is done at once", async () => {
  const world = thingWorld({ size: 5, note: "sealed" }, { lasting: sealing });
  const waits = /^then AwaitingApproval: .*note: null → "sealed"\. It is sealed for good\./;
  const created = await plan(world, undefined, false);
  expect(created).toMatchObject({ action: "create", message: expect.stringMatching(waits) });
  expect(created.approve).toBeUndefined();
  await world.host.settle();
  const object = world.host.object as LeafObject;
  const planned = await plan(world, { ...object, spec: { ...object.spec, size: 7 } as never });
  const { word } = world.host.status.approval ?? {};
  expect(planned).toMatchObject({
    action: "update",
    message: expect.stringMatching(waits),
    changes: [{ field: "size", from: 5, to: 7 }],
    approve: { word, loses: "It is sealed for good." },
  });
  expect(await plan(world)).toMatchObject({ action: "refuse", changes: [{ field: "note" }], approve: { word } });
  world.host.approve();
  expect(await plan(world)).toMatchObject({ action: "update", message: undefined, changes: [{ field: "note" }] });
});

it("tells the cloud's error instead of guessing", async () => {
  const world = thingWorld();
  world.cloud.fail("observe", new ProviderError("denied", "no right", { code: "AccessDenied" }));
  expect(await plan(world, undefined, false)).toMatchObject({ action: "error", message: "no right (AccessDenied)" });
});
