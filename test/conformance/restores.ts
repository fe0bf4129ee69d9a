import { describe, expect, it } from "vitest";
import { type Restored, restore } from "../../operator/cli/restore.ts";
import { type CaseWorld, READY, toldOf } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import type { LeafObject, LeafSpec } from "../../operator/reconcile/leaf-object.ts";
import { type OneObject, oneObject } from "../../operator/reconcile/testing/one-object.ts";
import { worldsOf } from "./gapped.ts";
import type { Objects } from "./objects.ts";

const NAMES = ["doc", "dir//b", "ünïcode/日本語", "space and+plus", "percent%2Fslash", "q?m#h"];

/** `onyx restore bucket`: a new one from a moment of another. */
export function restoreCases(
  cloud: CloudUnderTest,
  objects: Objects,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
): void {
  const inWorld = worldsOf("r", cloud, tried, all);
  const outputsOf = (host: OneObject<LeafSpec>) => host.status.outputs ?? {};

  interface Scene {
    readonly world: CaseWorld;
    /** The object that the restore is for. */
    readonly again: OneObject<LeafSpec>;
    restored(moment?: Date): Promise<Restored>;
  }

  const withBuckets = (over: Over, body: (scene: Scene) => Promise<void>) =>
    inWorld(async (world) => {
      await world.ready(over);
      const { environment, object } = world.host;
      if (!object) throw new Error("it is there");
      const from = { ...object, status: world.host.status } as LeafObject;
      const { namespace = "" } = from.metadata;
      const again = oneObject(world.kind.leaf, environment, world.spec(over), { namespace, name: "again" });
      const restored = (moment?: Date) =>
        restore({
          leaf: world.kind.leaf as never,
          from,
          to: "again",
          moment,
          environments: { get: () => environment },
          lookup: () => undefined,
          signal: AbortSignal.timeout(60_000),
          everyMs: 10,
          tell: () => undefined,
        });
      try {
        await body({ world, again, restored });
      } finally {
        cloud.heal();
        await objects.empty(outputsOf(world.host));
        if (again.status.outputs) await objects.empty(outputsOf(again));
        again.remove();
        if (again.object) await again.settle();
        expect(again.object).toBeUndefined();
      }
    });

  const takenUp = async ({ again, world }: Scene, restored: Restored) => {
    world.mark();
    await again.settle();
    expect(toldOf(again.status)).toBe(READY);
    expect(again.status.externalId).toBe(restored.externalId);
    return outputsOf(again);
  };

  describe(`restores of a Bucket on ${cloud.cloud}`, () => {
    it("what was there at a moment is in a new bucket, the old one is as it was, and a new object takes it up", () =>
      withBuckets({ versioning: true }, async (scene) => {
        const old = outputsOf(scene.world.host);
        for (const name of [...NAMES, "deleted"]) await objects.put(old, name, `${name} then`);
        const moment = await objects.moment(old);
        await objects.put(old, "doc", "doc now");
        await objects.delete(old, "deleted");
        await objects.put(old, "later", "x");
        const restored = await scene.restored(moment);
        expect(restored.copied).toMatchObject({ copied: NAMES.length + 1, there: 0, leftOut: [], leftOutCount: 0 });
        const made = await takenUp(scene, restored);
        expect(scene.world.tried()).not.toContain(tried.on.makes[0]);
        for (const name of [...NAMES, "deleted"]) expect(await objects.get(made, name)).toBe(`${name} then`);
        expect(await objects.get(made, "later")).toBeUndefined();
        expect(await objects.get(old, "doc")).toBe("doc now");
        expect(await objects.get(old, "deleted")).toBeUndefined();
      }));

    it("without versions it is what is there now, and no earlier moment", () =>
      withBuckets({}, async (scene) => {
        const old = outputsOf(scene.world.host);
        await objects.put(old, "doc", "now");
        await expect(scene.restored(new Date())).rejects.toThrow(/keeps no versions/);
        const made = await takenUp(scene, await scene.restored());
        expect(await objects.get(made, "doc")).toBe("now");
      }));

    it("a moment is refused that old versions don't reach back to", () =>
      withBuckets(
        { versioning: true, lifecycle: [{ name: "old", action: "ExpireNoncurrent", days: 30 }] },
        async ({ restored }) => {
          await expect(restored(new Date(Date.now() - 40 * 86_400_000))).rejects.toThrow(/after 30 days/);
        },
      ));

    it("a copy that breaks off is nobody's, and the next run goes on with it", () =>
      withBuckets({ versioning: true }, async (scene) => {
        const old = outputsOf(scene.world.host);
        const names = Array.from({ length: 40 }, (_, n) => `n${n}`);
        for (const name of names) await objects.put(old, name, name);
        const moment = await objects.moment(old);
        cloud.troubleWrite(objects.copies, "denied", 10);
        await expect(scene.restored(moment)).rejects.toMatchObject({ fault: "denied" });
        await scene.again.settle();
        expect(condition(scene.again.status.conditions, "Synced")).toMatchObject({
          status: "False",
          reason: "Conflict",
        });
        await expect(scene.restored(new Date(moment.getTime() - 1000))).rejects.toThrow(/is being restored to/);
        const restored = await scene.restored(moment);
        const { copied = 0, there = 0 } = restored.copied ?? {};
        expect(there).toBeGreaterThanOrEqual(10);
        expect(copied + there).toBe(40);
        scene.world.host.advance(3_600_000);
        scene.again.advance(3_600_000);
        const made = await takenUp(scene, restored);
        for (const name of names) expect(await objects.get(made, name)).toBe(name);
      }));
  });
}
