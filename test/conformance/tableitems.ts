import { describe, expect, it } from "vitest";
import { type CaseWorld, READY } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Subject } from "../../operator/provider/conformance/kind-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { worldsOf } from "./gapped.ts";
import { TABLE } from "./kinds/tableitem.ts";

/** What services do with an item that a TableItem stands for, and how it lies in the cloud. */
export interface ItemServices {
  /** Sets one attribute to a text. */
  set(subject: Subject, attribute: string, value: string): Promise<void>;
  /** Writes the item anew, without anything that stood there. */
  replace(subject: Subject): Promise<void>;
  /** The value of an attribute as the cloud holds it, such as `{ N: "5" }`. Undefined: there is none. */
  held(subject: Subject, attribute: string): Promise<unknown>;
  /** A text as the cloud holds it. */
  text(value: string): unknown;
  /** What `expiresAt: 1792592000` is here, as the attribute that the Table expires items by. */
  readonly expiry: unknown;
}

/** Attributes that services write beside ours, and items that change hands. */
export function tableItemCases(
  cloud: CloudUnderTest,
  services: ItemServices,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
): void {
  const inWorld = worldsOf("ti", cloud, tried, all);
  const changedTable = (world: CaseWorld, part: "outputs" | "effective", change: object) => {
    const key = `Table/${TABLE}`;
    const table = world.host.others.get(key);
    if (!table?.status) throw new Error(`${key} is not there`);
    world.host.others.set(key, { ...table, status: { ...table.status, [part]: { ...table.status[part], ...change } } });
  };

  describe(`a TableItem beside services on ${cloud.cloud}`, () => {
    it("TI1 what services write beside ours stays, whatever changes, and is no drift", () =>
      inWorld(async (world) => {
        await world.ready();
        await services.set(world.subject(), "lastRun", "monday");
        world.host.edit(world.spec({ attributes: { price: 1 } }));
        await world.host.settle();
        expect(world.told()).toBe(READY);
        const subject = world.subject();
        expect(await services.held(subject, "lastRun")).toEqual(services.text("monday"));
        expect(await services.held(subject, "open")).toBeUndefined();
        world.mark();
        await world.host.settle();
        expect(world.tried()).toEqual([]);
      }));

    it("TI2 written anew by a service: it is nobody's now, said so and left alone", () =>
      inWorld(async (world) => {
        await world.ready();
        await services.replace(world.subject());
        const before = await world.snapshot();
        // Marks that can't be seen a moment after the making may yet come.
        world.host.advance(3_600_000);
        await world.host.settle();
        expect(world.told()).toContain("Synced=False/Conflict");
        expect(world.tried()).toEqual([]);
        expect(await world.snapshot()).toEqual(before);
      }));

    it("TI3 an attribute of somebody else's that is called like our mark: not adopted, and untouched", () =>
      inWorld(async (world) => {
        await tried.on.createForeign(world.subject());
        await services.set(world.subject(), "onyx", "theirs");
        const before = await world.snapshot();
        world.host.edit(world.spec({ adoptionPolicy: "AdoptOrCreate" }));
        await world.host.pass();
        expect(world.told()).toContain("Synced=False/Conflict");
        expect(await world.snapshot()).toEqual(before);
        await tried.on.remove(world.subject());
      }));

    it("TI4 marked by somebody else between our look and our write: nothing is written", () =>
      inWorld(async (world) => {
        await world.ready();
        const subject = world.subject();
        world.host.edit(world.spec({ attributes: { price: 2 } }));
        world.hooks.update = async () => {
          world.hooks.update = () => {};
          await tried.on.tag?.(subject, "onyx-name", "another");
        };
        await world.host.pass();
        expect(world.done()).toEqual([]);
        await world.host.settle();
        expect(world.told()).toContain("Synced=False/Conflict");
        expect(world.tried()).toEqual([]);
        await tried.on.remove(subject);
      }));

    it("TI5 its Table became another one: said so, and nothing is written to either", () =>
      inWorld(async (world) => {
        await world.ready();
        const { outputs } = world.host.others.get(`Table/${TABLE}`)?.status ?? {};
        changedTable(world, "outputs", { TABLE_ID: `${outputs?.TABLE_ID}-2` });
        await world.host.settle();
        expect(world.told()).toContain("Synced=False/Immutable Stalled=True/Immutable");
        expect(world.tried()).toEqual([]);
      }));

    it("TI6 the expiry is what this cloud's sweep looks at", () =>
      inWorld(async (world) => {
        changedTable(world, "effective", { ttlField: "expiresAt" });
        await world.ready({ attributes: { expiresAt: 1_792_592_000 } });
        expect(await services.held(world.subject(), "expiresAt")).toEqual(services.expiry);
      }));

    it("TI7 what does not fit the Table is said with the field, before anything is written", () =>
      inWorld(async (world) => {
        for (const [spec, said] of [
          [{ key: { partition: "eu" } }, "key.sort: is missing, and the sort key of Table catalogue is at"],
          [
            { key: { partition: 5, sort: 5 } },
            "key.partition: should be a string, as tenant of Table catalogue is, and is 5",
          ],
          [{ attributes: { at: 5 } }, "attributes: at is part of the key, and spec.key says what it is; leave it out"],
          [{ attributes: { grid: [[1]] } }, "attributes: a list lies in a list: put it into a map"],
          [{ attributes: { onyx: 1 } }, 'attributes: "onyx" says whose the item is; call yours something else'],
          [
            { attributes: { big: 2 ** 60 } },
            "attributes: big has a number of more digits than both clouds keep; write it as text",
          ],
        ] as const) {
          world.host.edit(world.spec(spec));
          await world.host.settle();
          expect(world.told()).toContain("Synced=False/InvalidSpec");
          expect(JSON.stringify(world.host.status.conditions)).toContain(JSON.stringify(`spec.${said}`).slice(1, -1));
        }
        expect(world.tried()).toEqual([]);
        world.host.edit(world.spec());
      }));
  });
}
