import { expect } from "vitest";
import { condition } from "../../reconcile/conditions.ts";
import { ANNOTATIONS } from "../../reconcile/object.ts";
import type { Case } from "./case.ts";
import { READY } from "./case-world.ts";
import type { Over } from "./kind-under-test.ts";
import { atRest } from "./lifecycle.ts";

const EXTERNAL = "conf-theirs";
const CONFLICT = "Ready=False/Conflict Synced=False/Conflict Stalled=True/Conflict";

const named = (nonce: string): Over => ({ externalName: `${EXTERNAL}-${nonce}` });

/** What isn't ours, what is only looked at, and what stays. */
export const ownership: readonly Case[] = [
  {
    id: "L8",
    title: "somebody else makes one of our name after we looked: refused, and theirs is untouched",
    async run(world) {
      const spec = world.spec(named(world.host.object?.metadata.namespace ?? ""));
      world.host.edit(spec);
      let before: unknown;
      world.hooks.create = async () => {
        delete world.hooks.create;
        await world.on.createForeign(world.subject());
        before = await world.snapshot();
        world.mark();
      };
      await world.host.pass();
      expect(before).toBeDefined();
      await world.host.pass();
      expect(world.told()).toBe(CONFLICT);
      expect(world.host.status.outputs).toBeUndefined();
      expect(await world.snapshot()).toEqual(before);
      await world.on.remove(world.subject());
    },
  },
  {
    id: "L19",
    title: "one of our name that isn't ours, adoption not asked for: refused and untouched, and let go untouched",
    async run(world) {
      world.host.edit(world.spec(named(world.host.object?.metadata.namespace ?? "")));
      await world.on.createForeign(world.subject());
      const subject = world.subject();
      const before = await world.snapshot();
      expect(before).toBeDefined();
      world.mark();
      await world.host.settle();
      expect(world.told()).toBe(CONFLICT);
      expect(world.host.status.externalId).toBeUndefined();
      world.host.remove();
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(world.tried()).toEqual([]);
      expect(await world.on.snapshot(subject)).toEqual(before);
      await world.on.remove(subject);
    },
  },
  {
    id: "L19",
    title: "one of our name that isn't ours, adoption asked for: our marks are put on it, theirs stay",
    async run(world) {
      const over = { ...named(world.host.object?.metadata.namespace ?? ""), adoptionPolicy: "Adopt" };
      world.host.edit(world.spec(over));
      await world.host.pass();
      expect(condition(world.host.status.conditions, "Ready")).toMatchObject({ status: "False", reason: "NotFound" });
      await world.on.createForeign(world.subject());
      world.mark();
      const pass = await world.host.pass();
      expect(pass.decision).toEqual({ do: "adopt" });
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(await world.count()).toBe(1);
      if (world.on.tag) expect(JSON.stringify(await world.snapshot())).toContain("theirs");
      await atRest(world);
    },
  },
  {
    id: "L20",
    title: "where no mark is possible, the rule of the kind tells whose it is",
    unless: (_kind, on) => (on.tag ? "it carries our marks as tags or labels: L19" : undefined),
    async run(world) {
      world.host.edit(world.spec(named(world.host.object?.metadata.namespace ?? "")));
      await world.on.createForeign(world.subject());
      const before = await world.snapshot();
      world.mark();
      await world.host.settle();
      expect(world.told()).toBe(CONFLICT);
      expect(world.tried()).toEqual([]);
      expect(await world.snapshot()).toEqual(before);
      await world.on.remove(world.subject());
    },
  },
  {
    id: "L17",
    title: "Retain: it stays as it is, and the same object made anew finds it again",
    async run(world) {
      await world.ready({ deletionPolicy: "Retain" });
      const { externalId, outputs } = world.host.status;
      const subject = world.subject();
      world.host.advance(3_600_000);
      world.host.remove();
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(await world.on.snapshot(subject)).toBeDefined();
      world.host.recreate(world.spec({ deletionPolicy: "Retain" }));
      world.mark();
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(world.host.status).toMatchObject({ externalId, outputs });
      expect(world.done().filter((one) => world.on.makes.includes(one) && one.startsWith("Create"))).toEqual([]);
      expect(await world.count()).toBe(1);
      await atRest(world);
    },
  },
  {
    id: "L17",
    title: "Delete of what holds data: waits for the word that names the loss, then goes after a final backup",
    unless: (kind, on) => (kind.leaf.dataBearing && on.fill ? undefined : "nothing is lost with it"),
    async run(world) {
      await world.ready({ deletionPolicy: "Delete" });
      world.host.consents = false;
      const subject = world.subject();
      await world.on.fill?.(subject);
      world.host.advance(3_600_000);
      world.mark();
      world.host.remove();
      await world.host.settle();
      expect(world.told()).toBe("Ready=True/Available Synced=False/AwaitingApproval Stalled=True/AwaitingApproval");
      expect(condition(world.host.status.conditions, "Synced")?.message).toContain(world.host.status.externalId);
      world.host.annotate({ [ANNOTATIONS.approve]: "destroy-of-another" });
      await world.host.settle();
      expect(world.tried()).toEqual([]);
      expect(await world.on.snapshot(subject)).toBeDefined();
      world.host.approve();
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(await world.on.list(subject)).toEqual([]);
      if (world.on.backups) expect(await world.on.backups(subject)).toHaveLength(1);
    },
  },
  {
    id: "L17",
    title: "Block: nothing is written, and the reason says what to do",
    async run(world) {
      await world.ready({ deletionPolicy: "Block" });
      world.host.remove();
      await world.host.settle();
      expect(world.told()).toBe("Ready=True/Available Synced=False/DeletionBlocked Stalled=True/DeletionBlocked");
      expect(world.tried()).toEqual([]);
    },
  },
  {
    id: "L17",
    title: "a guard that spec asks for stops the delete; once spec lifts it, it is lifted and deleted",
    unless: (kind) => (kind.guard ? undefined : "it has no guard against deletion"),
    async run(world) {
      await world.ready({ ...world.kind.guard?.on, deletionPolicy: "Delete" });
      const subject = world.subject();
      world.host.advance(3_600_000);
      world.host.remove();
      await world.host.settle();
      expect(world.told()).toContain("Synced=False/DeletionBlocked");
      expect(world.tried()).toEqual([]);
      world.host.edit(world.spec({ ...world.kind.guard?.off, deletionPolicy: "Delete" }));
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(await world.on.list(subject)).toEqual([]);
    },
  },
  ...(
    [
      ["Observe", { managementPolicy: "Observe" }, {}],
      ["CreateOnly", { managementPolicy: "CreateOnly" }, {}],
      ["driftPolicy Report", { driftPolicy: "Report" }, {}],
      ["paused", {}, { [ANNOTATIONS.paused]: "true" }],
      ["disabled", { enabled: false, disabledReason: "moved away" }, {}],
    ] as const
  ).map(
    ([what, over, annotations]): Case => ({
      id: "L18",
      title: `${what}: nothing is written, and drift is shown all the same`,
      async run(world) {
        await world.ready();
        world.host.edit(world.spec(over));
        await world.host.settle();
        expect(world.told()).toContain("Ready=True/Available");
        world.host.annotate(annotations);
        const [field, tamper] = Object.entries(world.on.tamper).find(([one]) => one !== "tags") ?? [];
        if (!field || !tamper) throw new Error("L18 needs a field that can drift");
        await tamper(world.subject());
        world.mark();
        await world.host.settle();
        expect(world.tried()).toEqual([]);
        expect(world.told()).toContain("Drifted=True/DriftDetected");
        expect(world.host.status.drift).toMatchObject([{ field }]);
        world.host.edit(world.spec());
        world.host.annotate({ [ANNOTATIONS.paused]: "false" });
        await world.host.settle();
        expect(world.told()).toBe(READY);
      },
    }),
  ),
  ...(
    [
      ["Observe", { managementPolicy: "Observe" }, {}],
      ["paused", {}, { [ANNOTATIONS.paused]: "true" }],
      ["disabled", { enabled: false, disabledReason: "not yet" }, {}],
    ] as const
  ).map(
    ([what, over, annotations]): Case => ({
      id: "L18",
      title: `${what}, and nothing is there: nothing is made`,
      async run(world) {
        world.host.edit(world.spec(over));
        world.host.annotate(annotations);
        await world.host.pass();
        await world.host.pass();
        expect(condition(world.host.status.conditions, "Ready")?.status).toBe("False");
        expect(world.tried()).toEqual([]);
        expect(await world.count()).toBe(0);
      },
    }),
  ),
];
