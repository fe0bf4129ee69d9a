import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type CaseWorld, READY } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { atRest } from "../../operator/provider/conformance/lifecycle.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import type { LeafStatus } from "../../operator/reconcile/leaf-object.ts";
import { worldsOf } from "./gapped.ts";
import type { Objects } from "./objects.ts";

/** `replicateTo`: what is written arrives in the other bucket, and what is not said to be copied does not. */
export function replicationCases(
  cloud: CloudUnderTest,
  objects: Objects,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
): void {
  const inWorld = worldsOf("p", cloud, tried, all);
  const outputs = (status: LeafStatus | undefined) => status?.outputs ?? {};
  const here = (world: CaseWorld) => outputs(world.host.status);
  const there = (world: CaseWorld, name = "copies") => outputs(world.host.others.get(`Bucket/${name}`)?.status);

  const copying = (body: (world: CaseWorld) => Promise<void>) => () =>
    inWorld(async (world) => {
      await world.ready();
      try {
        await body(world);
      } finally {
        cloud.heal();
        for (const bucket of [here(world), there(world), there(world, "elsewhere")]) await objects.empty(bucket);
      }
    });
  const arrives = async (bucket: Readonly<Record<string, string>>, name: string, text: string) => {
    const end = Date.now() + 20_000;
    while ((await objects.get(bucket, name)) !== text && Date.now() < end) await wait(20);
    expect(await objects.get(bucket, name)).toBe(text);
  };
  const ask = async (world: CaseWorld, spec: object) => {
    world.host.edit(world.spec({ ...spec }));
    await world.host.settle();
  };

  describe(`copies of a Bucket on ${cloud.cloud}`, () => {
    it(
      "what is written and overwritten arrives; a deletion does not, and both versions are there",
      copying(async (world) => {
        await objects.put(here(world), "dir/ünï code", "1");
        await arrives(there(world), "dir/ünï code", "1");
        await objects.put(here(world), "dir/ünï code", "2");
        await arrives(there(world), "dir/ünï code", "2");
        expect(await objects.versions(there(world), "dir/ünï code")).toEqual(["2", "1"]);
        await objects.delete(here(world), "dir/ünï code");
        await objects.put(here(world), "last", "x");
        await arrives(there(world), "last", "x");
        expect(await objects.get(there(world), "dir/ünï code")).toBe("2");
      }),
    );

    it(
      "only what begins with the prefix, and nothing that was there before",
      copying(async (world) => {
        await ask(world, { replicateTo: undefined });
        await objects.put(here(world), "in/before", "x");
        await ask(world, { replicateTo: { bucketRef: { name: "copies" }, prefix: "in/" } });
        expect(world.told()).toBe(READY);
        await objects.put(here(world), "out", "x");
        await objects.put(here(world), "in/after", "x");
        await arrives(there(world), "in/after", "x");
        expect((await objects.list(there(world), { size: 10 })).names).toEqual(["in/after"]);
      }),
    );

    it(
      "to another bucket from the moment that spec says so; nowhere once it says nothing, and nothing of ours is left",
      copying(async (world) => {
        const plain = tried.on.traces;
        await ask(world, { replicateTo: { bucketRef: { name: "elsewhere" } } });
        await objects.put(here(world), "a", "x");
        await arrives(there(world, "elsewhere"), "a", "x");
        expect(await objects.get(there(world), "a")).toBeUndefined();
        expect(await plain?.(world.subject())).not.toEqual([]);
        world.mark();
        await ask(world, { replicateTo: undefined, versioning: false });
        expect(world.told()).toBe(READY);
        // S3 lets nobody turn versions off that are copied. Where there are no such calls, neither is found.
        const [stop = 0, versions = 0] = ["DeleteBucketReplication", "PutBucketVersioning"].map((operation) =>
          world.done().indexOf(operation),
        );
        expect(stop).toBeLessThanOrEqual(versions);
        await atRest(world);
        expect(await plain?.(world.subject())).toEqual([]);
        await objects.put(here(world), "b", "x");
        expect(await objects.get(there(world, "elsewhere"), "b")).toBeUndefined();
      }),
    );

    it("under keys of their own on both sides: copies arrive, under the key of the other bucket, and all stays so", () =>
      worldsOf(
        "q",
        cloud,
        keyed(tried),
        all,
      )(async (world) => {
        await world.ready();
        try {
          const key = world.host.others.get("Bucket/copies")?.status?.effective?.encryptionKey;
          expect(key).toEqual(expect.stringContaining("key"));
          expect(world.host.status.effective).toMatchObject({ replicaKey: key });
          expect(world.host.status.effective?.encryptionKey).not.toBe(key);
          await objects.put(here(world), "secret", "x");
          await arrives(there(world), "secret", "x");
          await atRest(world);
          await ask(world, { encryption: undefined });
          expect(world.told()).toBe(READY);
          await atRest(world);
        } finally {
          for (const bucket of [here(world), there(world)]) await objects.empty(bucket);
        }
      }));

    it(
      "what can't be copied to alike on both clouds is refused, with what to do",
      copying(async (world) => {
        const told = () => condition(world.host.status.conditions, "Synced")?.message;
        const other = world.host.others.get("Bucket/copies");
        if (!other) throw new Error("it was made");
        const effective = { ...other.status?.effective, versioning: false };
        world.host.others.set("Bucket/copies", { ...other, status: { ...other.status, effective } });
        world.mark();
        await ask(world, {});
        expect(told()).toMatch(/keeps no versions.*set versioning: true/);
        expect(world.tried()).toEqual([]);
      }),
    );
  });
}

/** The same with a key, and another one where copies go. */
function keyed({ kind, on }: Tried): Tried {
  const under = (name: string) => ({ encryption: { keyRef: { name } } });
  const spec = (over?: Over) => kind.spec({ ...under("ours"), ...over });
  return {
    on,
    kind: { ...kind, spec, edits: [], companions: { "Bucket/copies": { versioning: true, ...under("theirs") } } },
  };
}
