import { describe, expect } from "vitest";
import { type CaseWorld, READY } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import { type Emulated, gapped, worldsOf } from "./gapped.ts";
import { lockCases } from "./locks.ts";
import { restoreCases } from "./restores.ts";

type Outputs = Readonly<Record<string, string>>;

/** One page of names, in the order of the cloud; `next` asks for the one after it. */
export interface Page {
  readonly names: readonly string[];
  readonly next?: string | undefined;
}

/** What a program does with a bucket, by the cloud's own client and the outputs of the Bucket. */
export interface Objects {
  /** The operation of the cloud that copies one. */
  readonly copies: string;
  put(outputs: Outputs, name: string, text: string): Promise<void>;
  /** False when there is one of that name: the cloud answers 412. */
  putIfAbsent(outputs: Outputs, name: string, text: string): Promise<boolean>;
  /** Undefined: there is none. */
  get(outputs: Outputs, name: string): Promise<string | undefined>;
  /** What is missing is a success. */
  delete(outputs: Outputs, name: string): Promise<void>;
  list(outputs: Outputs, page: { prefix?: string; size: number; after?: string | undefined }): Promise<Page>;
  /** Texts of all versions of an object that are kept, the newest first. */
  versions(outputs: Outputs, name: string): Promise<readonly string[]>;
  /** Status of a read without credentials. */
  anonymousGet(outputs: Outputs, name: string): Promise<number>;
  /** Status of a call that would make the object public. */
  makePublic(outputs: Outputs, name: string): Promise<number>;
  /** A moment after all that was written and before all that will be. */
  moment(outputs: Outputs): Promise<Date>;
  /** What is kept of what is written to it, as the cloud says; undefined: nothing. */
  retention(outputs: Outputs): Promise<{ readonly days: number; readonly locked: boolean } | undefined>;
  /** Tries to take the lock of its retention off, behind our back. False: the cloud refuses. */
  unlock(outputs: Outputs): Promise<boolean>;
  /** All objects and all their versions. */
  empty(outputs: Outputs): Promise<void>;
}

/** The kind that gaps of these cases name; their ids are `B8 nobody`, as far as tells them apart. */
export const OBJECTS = "objects of Bucket";

/** Names that a careless client breaks: each is another object. */
const NAMES = [
  "plain.txt",
  "a//b",
  "a/../b",
  "./c",
  "trailing/",
  "space and+plus",
  "ünïcode/日本語",
  "percent%2Fslash",
  "question?mark#hash",
  "x".repeat(1024),
];

/** The data plane of a Bucket: what programs may count on whatever the cloud. */
export function objectCases(
  cloud: CloudUnderTest,
  objects: Objects,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
  emulated: Emulated,
): void {
  const { it, everyGapNamesACase } = gapped(OBJECTS, cloud, emulated);
  const inWorld = worldsOf("b", cloud, tried, all);
  const withBucket = (over: Over, body: (outputs: Outputs, world: CaseWorld) => Promise<void>) =>
    inWorld(async (world) => {
      await world.ready(over);
      const outputs = world.host.status.outputs ?? {};
      try {
        await body(outputs, world);
      } finally {
        await objects.empty(outputs);
      }
    });

  describe(`objects of a Bucket on ${cloud.cloud}`, () => {
    it("B1 ten put the same object if it is absent: one wins, and the others hear that it is there", () =>
      withBucket({}, async (outputs) => {
        const puts = Array.from({ length: 10 }, (_, n) => objects.putIfAbsent(outputs, "one", String(n)));
        const won = await Promise.all(puts);
        expect(won.filter(Boolean).length).toBe(1);
        expect(await objects.get(outputs, "one")).toBe(String(won.indexOf(true)));
      }));

    it("B2 a list shows what was just written, by the bytes of the names, and pages bear inserts and deletes", () =>
      withBucket({}, async (outputs) => {
        const names = ["B", "a", "a/1", "a/2", "b", "é"];
        for (const name of [...names].reverse()) await objects.put(outputs, name, "x");
        const first = await objects.list(outputs, { size: 3 });
        expect(first.names).toEqual(names.slice(0, 3));
        await objects.put(outputs, "A", "x");
        await objects.put(outputs, "a/3", "x");
        await objects.delete(outputs, "a/1");
        const second = await objects.list(outputs, { size: 10, after: first.next });
        expect(second.names).toEqual(["a/2", "a/3", "b", "é"]);
        expect(second.next).toBeUndefined();
        expect((await objects.list(outputs, { prefix: "a/", size: 10 })).names).toEqual(["a/2", "a/3"]);
      }));

    it("B3 with versioning an overwrite keeps what was there, and a delete hides it; without, nothing is kept", () =>
      withBucket({ versioning: true }, async (outputs, world) => {
        await objects.put(outputs, "doc", "1");
        await objects.put(outputs, "doc", "2");
        expect(await objects.get(outputs, "doc")).toBe("2");
        expect(await objects.versions(outputs, "doc")).toEqual(["2", "1"]);
        await objects.delete(outputs, "doc");
        expect(await objects.get(outputs, "doc")).toBeUndefined();
        expect((await objects.list(outputs, { size: 10 })).names).toEqual([]);
        expect(await objects.versions(outputs, "doc")).toEqual(["2", "1"]);
        world.host.edit(world.spec({ versioning: false }));
        await world.host.settle();
        expect(world.told()).toBe(READY);
        await objects.put(outputs, "later", "1");
        await objects.put(outputs, "later", "2");
        expect(await objects.versions(outputs, "later")).toEqual(["2"]);
        expect(await objects.versions(outputs, "doc")).toEqual(["2", "1"]);
      }));

    it("B4 what is missing is absent when it is read, and its delete succeeds", () =>
      withBucket({}, async (outputs) => {
        expect(await objects.get(outputs, "none")).toBeUndefined();
        await objects.delete(outputs, "none");
        await objects.put(outputs, "some", "x");
        await objects.delete(outputs, "some");
        await objects.delete(outputs, "some");
        expect(await objects.get(outputs, "some")).toBeUndefined();
      }));

    it("B6 odd names are names: each object comes back under its own", () =>
      withBucket({}, async (outputs) => {
        for (const name of NAMES) await objects.put(outputs, name, `text of ${name.slice(0, 30)}`);
        for (const name of NAMES) expect(await objects.get(outputs, name), name).toBe(`text of ${name.slice(0, 30)}`);
        const { names } = await objects.list(outputs, { size: 100 });
        expect([...names].sort()).toEqual([...NAMES].sort());
      }));

    it("B8 nobody reads it without credentials", () =>
      withBucket({}, async (outputs) => {
        await objects.put(outputs, "secret", "x");
        expect([401, 403]).toContain(await objects.anonymousGet(outputs, "secret"));
      }));

    it("B8 no ACL makes an object public", () =>
      withBucket({}, async (outputs) => {
        await objects.put(outputs, "secret", "x");
        expect([400, 403]).toContain(await objects.makePublic(outputs, "secret"));
      }));

    it("L17 a bucket that is not empty is not deleted: the reason says what to do, and nothing of it is lost", () =>
      withBucket({}, async (outputs, world) => {
        await objects.put(outputs, "kept", "x");
        world.host.advance(3_600_000);
        world.host.remove();
        await world.host.pass();
        await world.host.pass();
        const synced = condition(world.host.status.conditions, "Synced");
        expect(synced).toMatchObject({ status: "False", reason: "Conflict" });
        expect(synced?.message).toMatch(/still holds objects/);
        expect(await objects.get(outputs, "kept")).toBe("x");
        await objects.empty(outputs);
        world.host.advance(3_600_000);
        await world.host.settle();
        expect(world.host.object).toBeUndefined();
      }));
  });

  restoreCases(cloud, objects, tried, all);
  lockCases(cloud, objects, tried, all);
  everyGapNamesACase();
}
