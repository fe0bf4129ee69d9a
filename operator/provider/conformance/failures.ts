import { expect } from "vitest";
import { condition } from "../../reconcile/conditions.ts";
import type { Case } from "./case.ts";
import { type CaseWorld, READY } from "./case-world.ts";
import type { Trouble } from "./cloud-under-test.ts";

/** What each trouble must be to users. */
const REASON: Readonly<Record<Trouble, string>> = {
  denied: "AccessDenied",
  throttled: "Throttled",
  unavailable: "CloudError",
  refused: "CloudError",
  lost: "CloudError",
  cut: "CloudError",
  empty: "CloudError",
};

/** Calls that fail, and replies that never come. */
export const failures: readonly Case[] = [
  {
    id: "L7",
    title: "a later step of the create fails: the step is named, and only it is sent again",
    unless: (_kind, on) => (on.makes.length > 1 ? undefined : "it is made by one call"),
    async run(world) {
      for (const at of steps(world).slice(1)) {
        world.cloud.troubleWrite(at.operation, "denied", at.skip);
        world.mark();
        await untilFailed(world);
        expect(condition(world.host.status.conditions, "Ready")).toMatchObject({
          status: "False",
          reason: "AccessDenied",
        });
        expect(condition(world.host.status.conditions, "Synced")?.message).not.toMatch(
          /^Could not (create|update) it:/,
        );
        expect(world.done()).toEqual(world.on.makes.slice(0, at.index));
        world.cloud.heal();
        world.mark();
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(world.done()).toEqual(world.on.makes.slice(at.index));
        expect(await world.count()).toBe(1);
        await again(world);
      }
    },
  },
  {
    id: "L9",
    title: "the reply to any step of the create is lost: one resource, and nothing is made twice",
    async run(world) {
      for (const at of steps(world)) {
        world.mark();
        world.cloud.troubleWrite(at.operation, "lost", at.skip);
        await world.host.pass();
        world.restart();
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(world.done()).toEqual(world.on.makes);
        expect(await world.count()).toBe(1);
        await again(world);
      }
    },
  },
  {
    id: "L9",
    title: "the process ends before status is written: found again, and nothing is made twice",
    async run(world) {
      world.host.onWrite = (write) => {
        if (write === "status") throw new Error("the process ended");
      };
      await expect(world.host.pass()).rejects.toThrow("the process ended");
      world.host.onWrite = () => {};
      world.restart();
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.done()).toEqual(world.on.makes);
      expect(await world.count()).toBe(1);
    },
  },
  {
    id: "L9",
    title: "the process ends before status is written, and the cloud shows nothing of it: made once, or deleted",
    unless: (_kind, on) => (on.makes.length === 0 ? "nothing is made that could be hidden" : undefined),
    async run(world) {
      await cutOffUnseen(world);
      await world.host.pass();
      world.cloud.heal();
      world.host.advance(60_000);
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(await world.count()).toBe(1);
      await again(world);

      await cutOffUnseen(world);
      world.host.remove();
      world.mark();
      for (let n = 0; n < 3; n++) {
        expect((await world.host.pass()).released).toBe(false);
        world.host.advance(10_000);
      }
      expect(world.tried()).toEqual([]);
      const subject = world.subject();
      world.cloud.heal();
      await world.host.settle(60);
      expect(world.host.object).toBeUndefined();
      expect(await world.on.list(subject)).toEqual([]);
    },
  },
  {
    id: "L9",
    title: "the cloud takes the create and lets nobody ask about it: it is not forgotten",
    unless: (_kind, on) =>
      on.makes.length === 0
        ? "nothing is made that could be forgotten"
        : on.restores
          ? "what is deleted can be seen and brought back"
          : undefined,
    async run(world) {
      world.hooks.create = () => world.cloud.troubleReads("throttled");
      await world.host.pass();
      delete world.hooks.create;
      world.cloud.heal();
      if (world.done().length > 0 && condition(world.host.status.conditions, "Synced")?.status === "False") {
        await world.on.remove(world.subject());
        world.host.remove();
        expect((await world.host.pass()).released).toBe(false);
        world.host.advance(3_600_000);
        await world.host.settle();
        expect(world.host.object).toBeUndefined();
        return;
      }
      await world.host.settle();
      expect(world.told()).toBe(READY);
    },
  },
  ...(Object.keys(REASON) as Trouble[]).map(
    (trouble): Case => ({
      id: "L11",
      title: `a look that is ${trouble}: nothing is written, Ready stays, the reason is right`,
      unless: (_kind, _on, cloud) =>
        cloud.troubles.has(trouble) ? undefined : `no reply of this cloud can be ${trouble}`,
      async run(world) {
        await world.ready();
        const before = condition(world.host.status.conditions, "Ready");
        world.cloud.troubleReads(trouble);
        const pass = await world.host.pass();
        expect(world.tried()).toEqual([]);
        expect(condition(world.host.status.conditions, "Ready")).toEqual(before);
        expect(condition(world.host.status.conditions, "Synced")).toMatchObject({
          status: "False",
          reason: REASON[trouble],
        });
        expect(["backoff", "after"]).toContain(pass.next.when);
        const { status } = world.host;
        await world.host.pass();
        expect(world.host.status, "the message of the same error is the same").toEqual(status);
        world.host.remove();
        expect((await world.host.pass()).released).toBe(false);
        expect(world.tried()).toEqual([]);
        world.cloud.heal();
      },
    }),
  ),
  {
    id: "L23",
    title: "a state that nobody knows yet: waited for, and nothing is written",
    unless: (_kind, on) =>
      on.states?.unknown ? undefined : "the emulator can't report a state that its API does not have",
    async run(world) {
      await world.ready();
      world.on.states?.unknown?.();
      world.host.edit(world.spec(world.kind.edits[0]?.spec));
      await world.host.pass();
      await world.host.pass();
      expect(world.tried()).toEqual([]);
      expect(condition(world.host.status.conditions, "Ready")?.status).toBe("True");
      world.cloud.heal();
      await world.host.settle();
      expect(world.told()).toBe(READY);
    },
  },
  {
    id: "L27",
    title: "the key of a living resource is disabled: failed, nothing is written, and it heals alone",
    unless: (_kind, on) => (on.states?.keyDisabled ? undefined : "the emulator has no keys that could be disabled"),
    async run(world) {
      await world.ready();
      world.on.states?.keyDisabled?.();
      const pass = await world.host.pass();
      expect(world.told()).toBe("Ready=False/CloudFailed Synced=False/CloudFailed Stalled=True/CloudFailed");
      expect(pass.next.when).toBe("after");
      expect(world.tried()).toEqual([]);
      world.cloud.heal();
      await world.host.pass();
      expect(world.told()).toBe(READY);
      expect(world.tried()).toEqual([]);
    },
  },
  {
    id: "L26",
    title: "a right that was just granted is not in force yet: tried again for ten minutes, then Stalled",
    async run(world) {
      const [first] = world.on.makes;
      if (!first) throw new Error("L26 needs a write");
      world.cloud.troubleWrite(first, "denied");
      await world.host.pass();
      expect(world.told()).toBe("Ready=False/AccessDenied Synced=False/AccessDenied Reconciling=True/AccessDenied");
      world.host.advance(600_000);
      world.cloud.troubleWrite(first, "denied");
      await world.host.pass();
      expect(world.told()).toBe("Ready=False/AccessDenied Synced=False/AccessDenied Stalled=True/AccessDenied");
      world.cloud.heal();
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.done()).toEqual(world.on.makes);
    },
  },
];

/** Passes until one meets the trouble. */
async function untilFailed({ host }: CaseWorld): Promise<void> {
  for (let n = 0; n < 20; n++) {
    await host.pass();
    if (condition(host.status.conditions, "Synced")?.status === "False") return;
    await host.pause();
  }
  throw new Error("no call met the trouble");
}

/** Each write of the create: which operation, and the how manyeth of its kind. */
function steps({ on }: CaseWorld): readonly { index: number; operation: string; skip: number }[] {
  return on.makes.map((operation, index) => ({
    index,
    operation,
    skip: on.makes.slice(0, index).filter((one) => one === operation).length,
  }));
}

/** From the start: deleted, and made anew. */
async function again(world: CaseWorld): Promise<void> {
  const subject = world.subject();
  world.host.advance(3_600_000);
  world.host.remove();
  await world.host.settle();
  expect(world.host.object).toBeUndefined();
  await world.on.restores?.forget(subject);
  await world.on.clear?.(subject);
  if (world.on.nameHeld) world.cloud.advance(world.on.nameHeld.ms);
  world.host.recreate(world.spec());
}

/** The cloud takes the create and hides what it made; the process ends before its status is written. */
async function cutOffUnseen(world: CaseWorld): Promise<void> {
  world.hooks.create = async (look) => {
    await look();
    world.cloud.freezeReads();
  };
  world.host.onWrite = (write) => {
    if (write === "status") throw new Error("the process ended");
  };
  await expect(world.host.pass()).rejects.toThrow("the process ended");
  delete world.hooks.create;
  world.host.onWrite = () => {};
  world.restart();
}
