import { describe, expect, it } from "vitest";
import { type CaseWorld, READY } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import { atRest } from "../../operator/provider/conformance/lifecycle.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import { worldsOf } from "./gapped.ts";
import type { Objects } from "./objects.ts";

const WAITS = "Ready=True/Available Synced=False/AwaitingApproval Stalled=True/AwaitingApproval";

/** `retention.lock`: it is set on a word only, and is for good. */
export function lockCases(
  cloud: CloudUnderTest,
  objects: Objects,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
): void {
  const inWorld = worldsOf("k", cloud, tried, all);
  const live = (world: CaseWorld) => objects.retention(world.host.status.outputs ?? {});
  const kept = (days: number, lock?: boolean) => ({ retention: { days, ...(lock && { lock }) } });
  const ask = async (world: CaseWorld, spec: object) => {
    world.host.edit(world.spec({ ...spec }));
    await world.host.settle();
  };

  describe(`the lock of a Bucket's retention on ${cloud.cloud}`, () => {
    it("a new bucket is made and kept without it; the lock waits for a word that fits one plan, and stays", () =>
      inWorld(async (world) => {
        await ask(world, kept(1, true));
        expect(world.told()).toBe(WAITS);
        expect(await live(world)).toEqual({ days: 1, locked: false });
        expect(world.host.status.effective).toMatchObject({ retention: { days: 1, lock: false } });
        expect(condition(world.host.status.conditions, "Synced")?.message).toMatch(/1 days old.*approve=lock-\w{8}$/);
        await atRest(world);

        world.host.approve();
        await ask(world, kept(2, true));
        expect(world.told()).toBe(WAITS);
        expect(await live(world)).toEqual({ days: 2, locked: false });
        world.host.approve();
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(await live(world)).toEqual({ days: 2, locked: true });
        await atRest(world);
        expect((await world.imported()).spec).toMatchObject({ retention: { days: 2, lock: true } });
        await ask(world, { ...kept(2, true), tags: { team: "other" } });
        expect(world.told()).toBe(READY);
      }));

    it("more days of it need another word; what was given is never taken back", () =>
      inWorld(async (world) => {
        await world.ready(kept(1));
        await ask(world, kept(2, true));
        world.host.approve();
        await world.host.settle();
        await ask(world, kept(3, true));
        expect(world.told()).toBe(WAITS);
        expect(await live(world)).toEqual({ days: 2, locked: true });
        world.host.approve();
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(await live(world)).toEqual({ days: 3, locked: true });
        world.mark();
        for (const spec of [kept(3), kept(1, true), {}]) {
          await ask(world, spec);
          expect(world.told()).toBe("Ready=True/Available Synced=False/Immutable Stalled=True/Immutable");
          expect(condition(world.host.status.conditions, "Synced")?.message).toContain("locked at 3 days");
        }
        expect(world.tried()).toEqual([]);
      }));

    it("a lock that somebody took off, where the cloud lets them, is put back without a word", () =>
      inWorld(async (world) => {
        await ask(world, kept(1, true));
        world.host.approve();
        await world.host.settle();
        world.mark();
        const taken = await objects.unlock(world.host.status.outputs ?? {});
        const pass = await world.host.pass();
        expect(pass.decision).toMatchObject(taken ? { do: "update", because: "drift" } : { do: "none", drift: [] });
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(await live(world)).toEqual({ days: 1, locked: true });
        await atRest(world);
      }));

    it("a bucket that is made anew for a new object finds its lock again, and needs no word", () =>
      inWorld(async (world) => {
        await ask(world, kept(1, true));
        world.host.approve();
        await world.host.settle();
        world.host.recreate();
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(await live(world)).toEqual({ days: 1, locked: true });
      }));
  });
}
