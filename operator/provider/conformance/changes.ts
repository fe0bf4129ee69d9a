import { expect } from "vitest";
import { condition } from "../../reconcile/conditions.ts";
import type { Case } from "./case.ts";
import { type CaseWorld, READY } from "./case-world.ts";
import type { Edit } from "./kind-under-test.ts";
import { atRest, look } from "./lifecycle.ts";

/** Another spec, and drift. */
export const changes: readonly Case[] = [
  {
    id: "L3",
    title: "each field changed alone: just that is sent, and the next look finds it so",
    async run(world) {
      await world.ready();
      for (const edit of world.kind.edits) {
        await apply(world, edit);
        await atRest(world);
        world.host.edit(world.spec());
        await world.host.settle();
        expect(world.told()).toBe(READY);
      }
    },
  },
  {
    id: "L3",
    title: "all fields changed at once",
    async run(world) {
      await world.ready();
      world.host.edit(world.spec(Object.assign({}, ...world.kind.edits.map((edit) => edit.spec))));
      await world.host.settle();
      expect(world.told()).toBe(READY);
      await atRest(world);
    },
  },
  {
    id: "L4",
    title: "an optional field set, then removed: our default is back",
    unless: (kind) => (kind.optional.length === 0 ? "it has no optional field" : undefined),
    async run(world) {
      await world.ready();
      const before = world.host.status.effective;
      for (const edit of world.kind.optional) {
        await apply(world, edit);
        expect(world.host.status.effective).not.toEqual(before);
        world.host.edit(world.spec());
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(world.host.status.effective).toEqual(before);
        await atRest(world);
      }
    },
  },
  {
    id: "L5",
    title: "0, false and empty reach the cloud as they are meant",
    unless: (kind) => (kind.falsy.length === 0 ? "no field of it takes 0, false or an empty value" : undefined),
    async run(world) {
      await world.ready();
      for (const { title, spec, effective } of world.kind.falsy) {
        world.host.edit(world.spec(spec));
        await world.host.settle();
        expect(world.told(), title).toBe(READY);
        expect(world.host.status.effective, title).toMatchObject(effective);
        const { actual = {} } = await look(world);
        const read = Object.entries(effective).filter(([field]) => field in actual && field !== "tags");
        expect(actual, title).toMatchObject(Object.fromEntries(read));
        await atRest(world);
      }
    },
  },
  {
    id: "L6",
    title: "another spec while an update runs: waits, and the last one wins",
    async run(world) {
      await world.ready();
      const [first, second] = world.kind.edits;
      if (!first || !second) throw new Error("L6 needs two edits");
      world.cloud.operationsTake(60_000);
      world.host.edit(world.spec(first.spec));
      await world.host.pass();
      expect((await look(world)).phase).toBe("pending");
      world.mark();
      world.host.edit(world.spec(second.spec));
      await world.host.pass();
      world.host.edit(world.spec(first.spec));
      await world.host.pass();
      expect(world.tried()).toEqual([]);
      expect(condition(world.host.status.conditions, "Ready")?.status).toBe("True");
      world.host.edit(world.spec(second.spec));
      world.cloud.operationsTake(0);
      world.cloud.advance(60_000);
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.host.status.observedGeneration).toBe(world.host.object?.metadata.generation);
      await atRest(world);
    },
  },
  {
    id: "L21",
    title: "a field changed behind our back is put right by one update of just that field",
    async run(world) {
      await world.ready();
      for (const [part, tamper] of Object.entries(world.on.tamper)) {
        const [field] = part.split(":");
        await tamper(world.subject());
        world.mark();
        const pass = await world.host.pass();
        expect(pass.decision, part).toMatchObject({ do: "update", because: "drift", changes: [{ field }] });
        expect(pass.notices, part).toMatchObject([{ reason: "DriftCorrected" }]);
        await world.host.settle();
        expect(world.told(), part).toBe(READY);
        await atRest(world);
      }
    },
  },
  {
    id: "L21",
    title: "a part taken away behind our back is made again, or said to be broken and not touched",
    unless: (_kind, on) => (on.removePart ? undefined : "it has no parts"),
    async run(world) {
      for (const [part, remove] of Object.entries(world.on.removePart ?? {})) {
        await world.ready();
        world.host.advance(3_600_000);
        await remove(world.subject());
        world.mark();
        await world.host.settle();
        const broken = world.told().startsWith("Ready=False/CloudFailed");
        if (broken) expect(world.tried(), part).toEqual([]);
        else {
          expect(world.told(), part).toBe(READY);
          expect(world.done().length, part).toBeGreaterThan(0);
          await atRest(world);
        }
        world.host.remove();
        await world.host.settle();
        world.host.recreate(world.spec());
      }
    },
  },
  {
    id: "L21",
    title: "a tag of somebody else is left alone",
    unless: (_kind, on) => (on.tag ? undefined : "there are no tags on it in this cloud"),
    async run(world) {
      await world.ready();
      await world.on.tag?.(world.subject(), "theirs", "x");
      const before = await world.snapshot();
      await world.host.settle();
      world.host.edit(world.spec({ tags: { team: "other" } }));
      await world.host.settle();
      world.host.edit(world.spec());
      await world.host.settle();
      expect(JSON.stringify(await world.snapshot())).toContain("theirs");
      expect(await world.snapshot()).toEqual(before);
    },
  },
  {
    id: "L22",
    title: "an immutable field changed past the schema: Stalled, and nothing is written",
    async run(world) {
      const immutable = world.kind.immutable.filter(({ on }) => on.includes(world.cloud.cloud));
      await world.ready();
      for (const { spec, field } of immutable) {
        world.host.edit(world.spec(spec));
        await world.host.settle();
        expect(world.told(), field).toBe("Ready=True/Available Synced=False/Immutable Stalled=True/Immutable");
        expect(condition(world.host.status.conditions, "Synced")?.message).toContain(field);
        expect(world.tried()).toEqual([]);
        world.host.edit(world.spec());
        await world.host.settle();
        expect(world.told()).toBe(READY);
      }
    },
    unless: (kind, _on, { cloud }) =>
      kind.immutable.some(({ on }) => on.includes(cloud)) ? undefined : "every field can be changed on this cloud",
  },
  {
    id: "L22",
    title:
      "an immutable field, approved: a new one first, the old one kept if it has data; another plan needs another word",
    async run(world) {
      const dataBearing = world.kind.leaf.dataBearing;
      const [edit] = world.kind.immutable.filter(({ on }) => on.includes(world.cloud.cloud));
      const [other] = world.kind.edits.filter(({ nothingOn }) => nothingOn?.[world.cloud.cloud] === undefined);
      await world.ready();
      await world.on.fill?.(world.subject());
      const old = world.subject();
      const before = await world.snapshot();
      const { externalId, outputs } = world.host.status;
      world.host.edit(world.spec(edit?.spec));
      await world.host.settle();
      world.host.approve();
      world.host.edit(world.spec({ ...edit?.spec, ...other?.spec }));
      await world.host.settle();
      expect(world.told()).toContain("Synced=False/Immutable");
      expect(world.tried()).toEqual([]);
      world.host.edit(world.spec(edit?.spec));
      expect((await world.host.pass()).decision).toMatchObject({ do: "replace", keep: dataBearing });
      expect(world.host.status.outputs).toEqual(outputs);
      await world.host.settle(60);
      expect(world.told()).toBe(READY);
      expect(world.host.status.externalId).not.toBe(externalId);
      const left = { ...old, object: world.host.object ?? old.object };
      expect(await world.on.snapshot(left)).toEqual(dataBearing ? expect.anything() : undefined);
      if (dataBearing) {
        expect(JSON.stringify(await world.on.snapshot(left))).not.toBe(JSON.stringify(before));
        expect(world.host.status.replaced).toMatchObject([{ externalId, state: "Kept" }]);
      }
      await atRest(world);
      world.host.setStatus(undefined);
      await world.host.settle();
      expect(world.tried()).toEqual([]);
      expect(world.host.status.externalName).not.toBe(old.name);
      if (dataBearing) await world.on.remove(left);
    },
    unless: (kind, _on, { cloud }) =>
      kind.immutable.some(({ on }) => on.includes(cloud)) ? undefined : "every field can be changed on this cloud",
  },
  {
    id: "L24",
    title: "more parts than stand on one page: all are found, and the next look finds it so",
    unless: (kind) => (kind.many ? undefined : "it has no parts that come in pages"),
    async run(world) {
      await world.ready();
      world.host.edit(world.spec(world.kind.many));
      await world.host.settle(200);
      expect(world.told()).toBe(READY);
      await atRest(world);
    },
  },
];

/** The edit, down to READY, and what was sent for it. */
async function apply(world: CaseWorld, edit: Edit): Promise<void> {
  world.mark();
  world.host.edit(world.spec(edit.spec));
  const pass = await world.host.pass();
  const nothing = edit.nothingOn?.[world.cloud.cloud];
  const wanted = [...edit.fields, ...(edit.more?.[world.cloud.cloud] ?? [])].sort();
  if (nothing !== undefined) {
    expect(world.tried(), `${edit.title}: ${nothing}`).toEqual([]);
  } else {
    expect(pass.decision, edit.title).toMatchObject({ do: "update", because: "spec" });
    const fields = pass.decision?.do === "update" ? pass.decision.changes.map((change) => change.field) : [];
    expect(fields.sort(), edit.title).toEqual(wanted);
  }
  await world.host.settle();
  expect(world.told(), edit.title).toBe(READY);
  if (nothing === undefined) expect(world.touched(), edit.title).toEqual(wanted);
}
