import { expect } from "vitest";
import { condition } from "../../reconcile/conditions.ts";
import { ANNOTATIONS } from "../../reconcile/object.ts";
import type { Observation, Present, Wanted } from "../provider.ts";
import type { Case } from "./case.ts";
import { type CaseWorld, READY } from "./case-world.ts";

/** Long enough that nothing counts as just made. */
const LATER_MS = 3_600_000;

/** From nothing to Ready, at rest, and gone again. */
export const lifecycle: readonly Case[] = [
  {
    id: "L1",
    title: "a create takes the fewest writes, and three looks take none",
    async run(world) {
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.done()).toEqual(world.on.makes);
      expect(await world.count()).toBe(1);
      await atRest(world);
    },
  },
  {
    id: "L2",
    title: "touched, and after a restart of the operator: no write",
    async run(world) {
      await world.ready();
      const before = await world.snapshot();
      world.restart();
      world.host.advance(LATER_MS);
      world.host.annotate({ [ANNOTATIONS.reconcileRequestedAt]: "now" });
      await world.host.settle();
      expect(world.tried()).toEqual([]);
      expect(await world.snapshot()).toEqual(before);
      expect(world.host.status.lastHandledReconcileAt).toBe("now");
    },
  },
  {
    id: "L10",
    title: "created, but reads say absent for 30 s: not created again",
    unless: (_kind, on) => (on.makes.length === 0 ? "nothing is made that could be absent" : undefined),
    async run(world) {
      world.hooks.create = () => world.cloud.freezeReads();
      await world.host.pass();
      delete world.hooks.create;
      for (let n = 0; n < 3; n++) {
        world.host.advance(10_000);
        await world.host.pass();
      }
      expect(world.done()).toEqual(world.on.makes.slice(0, Math.max(1, world.done().length)));
      world.cloud.heal();
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.done()).toEqual(world.on.makes);
      expect(await world.count()).toBe(1);
    },
  },
  {
    id: "L12",
    title: "gone behind our back: made anew, or Stalled until somebody consents where there was data",
    async run(world) {
      await world.ready();
      world.host.advance(LATER_MS);
      await world.on.remove(world.subject());
      world.mark();
      if (world.kind.leaf.dataBearing) {
        await world.host.pass();
        expect(world.told()).toBe("Ready=False/DataLost Synced=False/DataLost Stalled=True/DataLost");
        expect(world.tried()).toEqual([]);
        const asked = /approve=(\S+)$/.exec(condition(world.host.status.conditions, "Synced")?.message ?? "");
        world.host.annotate({ [ANNOTATIONS.approve]: asked?.[1] ?? "" });
        world.on.nameHeld && world.cloud.advance(world.on.nameHeld.ms);
      }
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.done()).toEqual(world.on.makes);
      expect(await world.count()).toBe(1);
    },
  },
  {
    id: "L13",
    title: "deleted: the finalizer stays until the cloud says gone; a lost reply at any step does no harm",
    async run(world) {
      for (const operation of [undefined, ...world.on.unmakes]) {
        await world.ready();
        const subject = world.subject();
        world.host.advance(LATER_MS);
        if (operation) world.cloud.troubleWrite(operation, "lost");
        world.host.remove();
        await world.host.settle();
        world.cloud.heal();
        expect(world.host.object).toBeUndefined();
        expect(world.done().filter((one) => !world.on.unmakes.includes(one))).toEqual([]);
        expect(await world.on.list(subject)).toEqual([]);
        if (world.on.nameHeld) world.cloud.advance(world.on.nameHeld.ms);
        world.host.recreate(world.spec());
      }
    },
  },
  {
    id: "L13",
    title: "deleted after somebody else deleted it: success, and nothing is written",
    async run(world) {
      await world.ready();
      world.host.advance(LATER_MS);
      await world.on.remove(world.subject());
      world.mark();
      world.host.remove();
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(world.tried()).toEqual([]);
    },
  },
  {
    id: "L13",
    title: "deleted while somebody else deletes it: success",
    async run(world) {
      await world.ready();
      world.host.advance(LATER_MS);
      const subject = world.subject();
      world.hooks.delete = () => world.on.remove(subject);
      world.host.remove();
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
    },
  },
  {
    id: "L13",
    title: "deleted after somebody took a part of it away: nothing is left",
    unless: (_kind, on) => (on.removePart ? undefined : "it has no parts"),
    async run(world) {
      for (const [part, remove] of Object.entries(world.on.removePart ?? {})) {
        await world.ready();
        world.host.advance(LATER_MS);
        const subject = world.subject();
        await remove(subject);
        world.host.remove();
        await world.host.settle();
        expect(world.host.object, part).toBeUndefined();
        expect(await world.on.list(subject), part).toEqual([]);
        expect(await world.on.snapshot(subject), part).toBeUndefined();
        world.host.recreate(world.spec());
      }
    },
  },
  {
    id: "L13",
    title: "deleted before it was ever made: nothing is written",
    async run(world) {
      world.hooks.create = () => {
        throw new Error("the process ended");
      };
      await expect(world.host.pass()).rejects.toThrow("the process ended");
      world.host.remove();
      // Nobody can tell it from a create that was sent: it goes once no cloud would hide one any more.
      expect((await world.host.pass()).released).toBe(false);
      world.host.advance(LATER_MS);
      expect((await world.host.pass()).released).toBe(true);
      expect(world.tried()).toEqual([]);
    },
  },
  {
    id: "L14",
    title: "deleted while it is being made: waits, then nothing is left",
    async run(world) {
      world.cloud.operationsTake(60_000);
      await world.host.pass();
      const { phase } = await look(world);
      expect(phase).toBe("pending");
      world.host.remove();
      expect((await world.host.pass()).released).toBe(false);
      const subject = world.subject();
      world.cloud.operationsTake(0);
      world.cloud.advance(60_000);
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(await world.on.list(subject)).toEqual([]);
    },
  },
  {
    id: "L15",
    title: "deleted, and the same name at once: waits as long as the name is held",
    unless: (_kind, on) => (on.nameHeld ? undefined : "the cloud gives the name free at once"),
    async run(world) {
      await world.ready();
      world.host.advance(LATER_MS);
      world.host.remove();
      await world.host.settle();
      world.on.nameHeld?.hold();
      world.host.recreate(world.spec());
      const pass = await world.host.pass();
      expect(world.host.status.externalId).toBeUndefined();
      expect(condition(world.host.status.conditions, "Ready")?.status).toBe("False");
      expect(condition(world.host.status.conditions, "Stalled")).toBeUndefined();
      if (pass.next.when === "after") expect(pass.next.ms).toBeLessThanOrEqual(world.on.nameHeld?.ms ?? 0);
      else expect(pass.next.when).toBe("backoff");
      world.cloud.heal();
      world.cloud.advance(world.on.nameHeld?.ms ?? 0);
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(await world.count()).toBe(1);
    },
  },
  {
    id: "L16",
    title: "deleted with a delay: the object goes at once; made again, the same one is restored and usable",
    unless: (_kind, on) => (on.restores ? undefined : "the cloud keeps nothing of what is deleted"),
    async run(world) {
      await world.ready();
      const { externalId } = world.host.status;
      const subject = world.subject();
      world.host.advance(LATER_MS);
      world.host.remove();
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(world.done()).toEqual(world.on.unmakes);
      expect(await world.on.restores?.usable(subject)).toBe(false);
      world.host.recreate(world.spec());
      world.mark();
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.host.status.externalId).toBe(externalId);
      expect(new Set(world.done())).toEqual(new Set(world.on.restores?.operations));
      expect(await world.on.restores?.usable(world.subject())).toBe(true);
      expect(await world.count()).toBe(1);
      await atRest(world);
    },
  },
  {
    id: "L16",
    title: "deleted with a delay behind our back: restored and usable",
    unless: (_kind, on) => (on.restores ? undefined : "the cloud keeps nothing of what is deleted"),
    async run(world) {
      await world.ready();
      world.host.advance(LATER_MS);
      await world.on.remove(world.subject());
      world.mark();
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(await world.on.restores?.usable(world.subject())).toBe(true);
      expect(await world.count()).toBe(1);
      await atRest(world);
    },
  },
  {
    id: "L28",
    title: "status lost (a restored backup): the same resource is found, and nothing is written",
    async run(world) {
      await world.ready();
      const { conditions, createdAt: _made, ...before } = world.host.status;
      world.host.setStatus(undefined);
      await world.host.settle();
      expect(world.host.status).toMatchObject(before);
      expect(world.tried()).toEqual([]);
    },
  },
  {
    id: "L28",
    title: "imported: listed, and the spec made of what is there asks for just that",
    unless: ({ leaf }) =>
      leaf.specOf ? undefined : "it is computed from others, which are imported: nobody writes it for what is there",
    async run(world) {
      const shapes = [{}, ...world.kind.edits.map(({ spec }) => spec)];
      for (const shape of shapes) {
        await world.ready(shape);
        const { found, spec } = await world.imported();
        expect(found.id).toBe(world.host.status.externalId);
        const { tags, portability } = world.host.object?.spec ?? {};
        world.host.edit(world.spec({ tags, portability, ...spec, externalName: found.name }));
        world.host.setStatus(undefined);
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(world.tried()).toEqual([]);
        expect(world.host.status.externalId).toBe(found.id);
        world.host.edit(world.spec());
      }
    },
  },
  {
    id: "L29",
    title: "says the same as on every other cloud",
    async run(world) {
      await world.ready();
      const { outputs, effective, conditions } = world.host.status;
      expect(Object.keys(outputs ?? {}).sort()).toEqual([...world.kind.shows.outputs].sort());
      expect(effective).toMatchObject(world.kind.shows.effective);
      expect(conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`)).toEqual([
        "Ready=True/Available",
        "Synced=True/Available",
        "Portable=True/Portable",
        "ReferencesResolved=True/Resolved",
      ]);
    },
  },
];

/** Three more looks: nothing is written, to the cloud or to status. */
export async function atRest(world: CaseWorld): Promise<void> {
  world.mark();
  const { status } = world.host;
  for (let n = 0; n < 3; n++) {
    world.host.advance(LATER_MS);
    const pass = await world.host.pass();
    expect(pass.notices).toEqual([]);
  }
  expect(world.tried()).toEqual([]);
  expect(world.host.status).toEqual(status);
}

/** What the adapter itself says is there. */
export async function look(world: CaseWorld): Promise<Partial<Present<Wanted, unknown>>> {
  const { environment } = world.host;
  if ("problem" in environment) throw new Error(environment.problem.message);
  const provider = environment.provider(world.kind.leaf.kind);
  if ("unsupported" in provider) throw new Error(provider.unsupported);
  const { name, object } = world.subject();
  const { namespace = "", name: own, uid = "" } = object.metadata;
  const seen: Observation<Wanted, unknown> = await provider.observe(
    { name, id: object.status?.externalId, footprint: object.status?.footprint ?? [] },
    {
      signal: new AbortController().signal,
      token: "look",
      owner: {
        environment: environment.name,
        cluster: environment.place.cluster,
        namespace,
        kind: world.kind.leaf.kind,
        name: own,
        uid,
      },
    },
  );
  return seen.exists ? seen : {};
}
