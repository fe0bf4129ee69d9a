import { describe, expect, it } from "vitest";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { worldsOf } from "./gapped.ts";

/** An item of the base Table: partition key `tenant`, sort key `at`. */
export interface Item {
  readonly tenant: string;
  readonly at: number;
  readonly [attribute: string]: string | number;
}

/** One partition, in the order of the sort key. */
export interface Range {
  /** Attribute and value to look up by: of the table's own key or of an index. */
  readonly by: readonly [attribute: string, value: string];
  /** Name of the index; absent: the table itself. */
  readonly index?: string | undefined;
  readonly from: number;
  readonly to: number;
  readonly reverse?: boolean;
}

/** What a program does with a table, by the cloud's own client and the outputs of the Table. */
export interface Items {
  /** False when there is one of that key. */
  putIfAbsent(outputs: Readonly<Record<string, string>>, item: Item): Promise<boolean>;
  get(outputs: Readonly<Record<string, string>>, key: Item): Promise<Item | undefined>;
  delete(outputs: Readonly<Record<string, string>>, key: Item): Promise<void>;
  query(outputs: Readonly<Record<string, string>>, range: Range): Promise<readonly Item[]>;
}

/** The data plane of a Table, as far as keys and indexes carry it. What a client library adds is for its own tests. */
export function itemCases(cloud: CloudUnderTest, items: Items, tried: Tried, all: ReadonlyMap<string, Tried>): void {
  const inWorld = worldsOf("i", cloud, tried, all);
  const withTable = (over: object, body: (outputs: Readonly<Record<string, string>>) => Promise<void>) =>
    inWorld(async (world) => {
      await world.ready({ ...over });
      await body(world.host.status.outputs ?? {});
    });

  describe(`items of a Table on ${cloud.cloud}`, () => {
    it("TB1 ten put the same item if it is absent: one wins", () =>
      withTable({}, async (outputs) => {
        const puts = Array.from({ length: 10 }, (_, n) => items.putIfAbsent(outputs, { tenant: "t", at: 1, by: n }));
        const won = await Promise.all(puts);
        expect(won.filter(Boolean).length).toBe(1);
        expect((await items.get(outputs, { tenant: "t", at: 1 }))?.by).toBe(won.indexOf(true));
      }));

    it("TB2 what is missing is absent when it is read, and its delete succeeds", () =>
      withTable({}, async (outputs) => {
        const key = { tenant: "t", at: 1 };
        expect(await items.get(outputs, key)).toBeUndefined();
        await items.delete(outputs, key);
        await items.putIfAbsent(outputs, key);
        await items.delete(outputs, key);
        expect(await items.get(outputs, key)).toBeUndefined();
      }));

    it("TB5 a range of one partition comes in the order of numbers with their sign, both ways", () =>
      withTable({}, async (outputs) => {
        for (const at of [10, -5, 2, 0, -50, 100]) await items.putIfAbsent(outputs, { tenant: "t", at });
        await items.putIfAbsent(outputs, { tenant: "other", at: 1 });
        const range: Range = { by: ["tenant", "t"], from: -5, to: 10 };
        const found = await items.query(outputs, range);
        expect(found.map(({ at }) => at)).toEqual([-5, 0, 2, 10]);
        const reversed = await items.query(outputs, { ...range, reverse: true });
        expect(reversed.map(({ at }) => at)).toEqual([10, 2, 0, -5]);
      }));

    it("TB6 an index finds what has its attribute, in order, and nothing else", () =>
      withTable(
        {
          indexes: [
            {
              name: "by-owner",
              partitionKey: { name: "owner", type: "String" },
              sortKey: { name: "at", type: "Number" },
            },
          ],
        },
        async (outputs) => {
          await items.putIfAbsent(outputs, { tenant: "a", at: 3, owner: "x" });
          await items.putIfAbsent(outputs, { tenant: "b", at: 1, owner: "x" });
          await items.putIfAbsent(outputs, { tenant: "a", at: 2, owner: "y" });
          await items.putIfAbsent(outputs, { tenant: "a", at: 1 });
          const range: Range = { by: ["owner", "x"], index: "by-owner", from: 0, to: 9 };
          for (const reverse of [false, true]) {
            const found = (await items.query(outputs, { ...range, reverse })).map(({ tenant }) => tenant);
            expect(found).toEqual(reverse ? ["a", "b"] : ["b", "a"]);
          }
        },
      ));
  });
}
