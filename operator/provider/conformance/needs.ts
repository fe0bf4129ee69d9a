import { expect } from "vitest";
import type { Case } from "./case.ts";
import { READY } from "./case-world.ts";

/** What spec refers to. */
export const needs: readonly Case[] = [
  {
    id: "L25",
    title: "a reference that is missing or not ready: no call; later one create; deletable without it",
    unless: (kind) => (kind.referring ? undefined : "it refers to nothing"),
    async run(world) {
      const spec = world.spec(world.kind.referring);
      const known = new Map(world.host.others);
      world.host.edit(spec);
      for (const [key, other] of known) world.host.others.set(key, { ...other, status: {} });
      await world.host.pass();
      expect(world.told()).toContain("Synced=False/DependencyNotReady");
      world.host.others.clear();
      await world.host.pass();
      expect(world.told()).toContain("Synced=False/DependencyNotFound");
      expect(world.tried()).toEqual([]);
      for (const [key, other] of known) world.host.others.set(key, other);
      await world.host.settle();
      expect(world.told()).toBe(READY);
      expect(await world.count()).toBe(1);
      const subject = world.subject();
      world.host.advance(3_600_000);
      world.host.others.clear();
      world.host.remove();
      await world.host.settle();
      expect(world.host.object).toBeUndefined();
      expect(await world.on.list(subject)).toEqual([]);
    },
  },
];
