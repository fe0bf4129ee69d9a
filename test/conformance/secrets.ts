import { describe, expect, it } from "vitest";
import { type CaseWorld, READY } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import { createSecretServer } from "../../operator/reconcile/testing/secret-server.ts";
import { worldsOf } from "./gapped.ts";

type Outputs = Readonly<Record<string, string>>;

/** What a program does with a secret, by the cloud's own client and the outputs of the ManagedSecret. */
export interface SecretValues {
  /** The value of the version that VERSION names. */
  read(outputs: Outputs): Promise<Uint8Array>;
  /** The value behind the label of the previous version; undefined: nothing is there to be read. */
  previous(outputs: Outputs): Promise<Uint8Array | undefined>;
  /** How many versions exist, readable or not. */
  versions(outputs: Outputs): Promise<number>;
  /** Writes of a rotation, in order. */
  readonly rotates: readonly string[];
  /** S2: whether the version before is disabled and not destroyed, as far as the cloud tells. */
  isKept(outputs: Outputs, version: string): Promise<boolean>;
  /** L15: makes one of somebody else that is deleted and holds its name. Absent: this cloud's names are free at once. */
  holdName?(name: string): Promise<void>;
}

const HOUR_MS = 3_600_000;
const ROTATED = { generate: {}, rotation: { every: "2h", overlap: "30m" } };
const FROM_SECRET = { generate: undefined, valueFrom: { secretRef: { name: "source", key: "k" } } };

/** What becomes of values: the numbers S1 to S4 of the list of cases, and what concerns deletion and sources. */
export function secretCases(
  cloud: CloudUnderTest,
  values: SecretValues,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
): void {
  const inWorld = worldsOf("s", cloud, tried, all);
  const run = (body: (world: CaseWorld) => Promise<void>) => () => inWorld(body);
  const outputs = (world: CaseWorld): Outputs => world.host.status.outputs ?? {};
  const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();
  const later = (world: CaseWorld, ms: number) => {
    world.host.advance(ms);
    cloud.advance(ms);
  };
  const source = (world: CaseWorld, value: string, write: number) =>
    world.host.secrets.set("source", { write, data: { k: value } });

  describe(`values of ManagedSecret on ${cloud.cloud}`, () => {
    it(
      "S1 rotated when it is old enough: current and previous can be read",
      run(async (world) => {
        await world.ready(ROTATED);
        const before = outputs(world);
        const old = text(await values.read(before));
        later(world, HOUR_MS);
        await world.host.settle();
        expect(world.tried()).toEqual([]);
        later(world, HOUR_MS);
        const pass = await world.host.pass();
        expect(pass.decision).toMatchObject({ do: "update", because: "schedule" });
        expect(world.told()).toBe(READY);
        expect(world.done()).toEqual(values.rotates);
        const after = outputs(world);
        expect(after.VERSION).not.toBe(before.VERSION);
        expect(text(await values.read(after))).toMatch(/^[A-Za-z0-9]{32}$/);
        expect(text(await values.read(after))).not.toBe(old);
        expect(text(await values.previous(after))).toBe(old);
      }),
    );

    it(
      "a copy in a Secret: both values for the overlap, then the one in force",
      run(async (world) => {
        const server = createSecretServer();
        world.host.client = server.client;
        await world.ready({ ...ROTATED, syncTo: { name: "copy", previousKey: "before" } });
        const first = text(await values.read(outputs(world)));
        expect(server.text("copy")).toEqual({ value: first });
        later(world, 2 * HOUR_MS);
        await world.host.settle();
        expect(world.told()).toBe(READY);
        const second = text(await values.read(outputs(world)));
        expect(server.text("copy")).toEqual({ value: second, before: first });
        server.requests.length = 0;
        await world.host.settle();
        expect(server.requests).toEqual(["META copy"]);
        later(world, HOUR_MS / 2 + 60_000);
        await world.host.settle();
        expect(server.text("copy")).toEqual({ value: second });
        expect(JSON.stringify(world.host.object)).not.toContain(second);
        world.host.remove();
        await world.host.settle();
        expect(server.secrets.size).toBe(0);
      }),
    );

    it(
      "S2 the previous one works for the overlap, then it is disabled and not destroyed",
      run(async (world) => {
        await world.ready(ROTATED);
        const before = outputs(world);
        later(world, 2 * HOUR_MS);
        await world.host.settle();
        later(world, HOUR_MS / 2 - 60_000);
        await world.host.settle();
        expect(await values.previous(outputs(world))).toBeDefined();
        later(world, 120_000);
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(await values.previous(outputs(world))).toBeUndefined();
        expect(await values.isKept(outputs(world), before.VERSION ?? "")).toBe(true);
        const current = outputs(world).VERSION;
        world.mark();
        await world.host.settle();
        expect(world.tried()).toEqual([]);
        expect(outputs(world).VERSION).toBe(current);
      }),
    );

    it.each([
      ["65,536 bytes", "x".repeat(65_536)],
      ["a newline at its end", "text\n"],
      ["letters of all kinds", '\ufeffGrüße, 世界 😀 "quotes" \\ \t\u0000'],
    ])("S3 %s", (_, value) =>
      run(async (world) => {
        source(world, value, 1);
        await world.ready(FROM_SECRET);
        expect(text(await values.read(outputs(world)))).toBe(value);
      })(),
    );

    it(
      "S3 65,537 bytes, and none: refused before any call",
      run(async (world) => {
        for (const value of ["x".repeat(65_537), ""]) {
          source(world, value, 1);
          world.host.edit(world.spec(FROM_SECRET));
          await world.host.pass();
          expect(world.told()).toContain("Synced=False/InvalidSpec");
          expect(world.tried()).toEqual([]);
        }
      }),
    );

    it(
      "S4 cut off at each step of a rotation: current can always be read, and one version is made",
      run(async (world) => {
        await world.ready(ROTATED);
        for (const [index, operation] of values.rotates.entries()) {
          const versions = await values.versions(outputs(world));
          later(world, 2 * HOUR_MS);
          const skip = values.rotates.slice(0, index).filter((one) => one === operation).length;
          cloud.troubleWrite(operation, "lost", skip);
          await world.host.pass();
          expect(await values.read(outputs(world)), operation).toHaveLength(32);
          cloud.heal();
          world.restart();
          await world.host.settle();
          expect(world.told(), operation).toBe(READY);
          expect(await values.read(outputs(world)), operation).toHaveLength(32);
          expect(await values.versions(outputs(world)), operation).toBe(versions + 1);
        }
      }),
    );

    it(
      "a generated value stays when status is lost, and when the object is made anew",
      run(async (world) => {
        await world.ready();
        const before = outputs(world);
        world.host.setStatus(undefined);
        world.restart();
        await world.host.settle();
        expect(outputs(world)).toEqual(before);
        world.host.recreate(world.spec());
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(outputs(world)).toEqual(before);
        expect(world.done()).not.toContain("AddSecretVersion");
        expect(world.done()).not.toContain("PutSecretValue");
      }),
    );

    it(
      "a source that changes makes a version; one that is only written again makes none",
      run(async (world) => {
        source(world, "one", 1);
        await world.ready(FROM_SECRET);
        const first = outputs(world);
        source(world, "one", 2);
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(outputs(world)).toEqual(first);
        source(world, "two", 3);
        await world.host.settle();
        expect(outputs(world).VERSION).not.toBe(first.VERSION);
        expect(text(await values.read(outputs(world)))).toBe("two");
        expect(text(await values.previous(outputs(world)))).toBe("one");
        world.mark();
        await world.host.settle();
        expect(world.tried()).toEqual([]);
      }),
    );

    it(
      "a source that is not there, or lacks the key: no call, and made once it is there",
      run(async (world) => {
        world.host.edit(world.spec(FROM_SECRET));
        expect((await world.host.pass()).next).toEqual({ when: "backoff" });
        expect(world.told()).toContain("Synced=False/DependencyNotFound");
        world.host.secrets.set("source", { write: 1, data: { other: "x" } });
        await world.host.pass();
        expect(world.told()).toContain("Synced=False/NotFound");
        expect(condition(world.host.status.conditions, "Synced")?.message).toContain('no key "k"');
        expect(world.tried()).toEqual([]);
        source(world, "one", 2);
        await world.host.settle();
        expect(world.told()).toBe(READY);
      }),
    );

    it(
      "L16 deleted with a recovery window: gone at once; applied again, its value is back",
      run(async (world) => {
        await world.ready({ recoveryDays: 7 });
        const before = outputs(world);
        const value = text(await values.read(before));
        later(world, HOUR_MS);
        world.host.remove();
        await world.host.settle();
        expect(world.host.object).toBeUndefined();
        await expect(values.read(before)).rejects.toThrow();
        world.host.recreate(world.spec({ recoveryDays: 0 }));
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(outputs(world)).toEqual(before);
        expect(text(await values.read(before))).toBe(value);
      }),
    );

    it(
      "somebody else's value: adopted as it is, followed when they change it, never written; then taken over",
      run(async (world) => {
        const externalName = `theirs-${process.pid}`;
        const subject = { ...world.subject(), name: externalName };
        await tried.on.createForeign(subject);
        const theirs = { generate: undefined, external: {}, adoptionPolicy: "Adopt", externalName } as const;
        world.host.edit(world.spec(theirs));
        await world.host.settle();
        expect(world.told()).toBe(READY);
        const before = outputs(world);
        expect(text(await values.read(before))).toBe("theirs");
        world.mark();
        await tried.on.tamper.value?.(subject);
        world.mark();
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(world.tried()).toEqual([]);
        expect(outputs(world).VERSION).not.toBe(before.VERSION);
        expect(text(await values.read(outputs(world)))).toBe("somebody's");
        world.host.edit(world.spec({ externalName }));
        await world.host.settle();
        expect(world.told()).toBe(READY);
        expect(text(await values.read(outputs(world)))).toMatch(/^[A-Za-z0-9]{32}$/);
        world.host.edit(world.spec(theirs));
        await world.host.settle();
        const ours = outputs(world);
        expect(world.told()).toBe(READY);
        world.host.setStatus(undefined);
        await world.host.settle();
        expect(outputs(world)).toEqual(ours);
      }),
    );

    it(
      "somebody else's value that is gone: nothing is made in its place, and what to do is said",
      run(async (world) => {
        const externalName = `gone-${process.pid}`;
        world.host.edit(world.spec({ generate: undefined, external: {}, adoptionPolicy: "Adopt", externalName }));
        await world.host.pass();
        expect(world.told()).toContain("Synced=Unknown/NotFound");
        const subject = { ...world.subject(), name: externalName };
        await tried.on.createForeign(subject);
        await world.host.settle();
        expect(world.told()).toBe(READY);
        await tried.on.remove(subject);
        later(world, 120_000);
        await world.host.pass();
        world.host.approve();
        world.mark();
        await world.host.pass();
        expect(world.told()).toContain("Synced=False/InvalidSpec");
        expect(condition(world.host.status.conditions, "Synced")?.message).toContain("Make it in the cloud");
        expect(world.tried()).toEqual([]);
      }),
    );

    const { holdName } = values;
    if (holdName)
      it(
        "L15 the name is held by one of somebody else that was deleted: waits",
        run(async (world) => {
          // An external name, so that it is known before anything is made.
          const externalName = `held-${process.pid}`;
          await holdName(externalName);
          world.host.edit(world.spec({ externalName }));
          const pass = await world.host.pass();
          expect(pass.decision).toMatchObject({ do: "wait" });
          expect(pass.next.when === "after" && pass.next.ms).toBeLessThanOrEqual(HOUR_MS);
          expect(world.tried()).toEqual([]);
        }),
      );

    it(
      "no value is told: not in status, decisions, notices or errors",
      run(async (world) => {
        const canary = "canary-5f1e0c";
        source(world, canary, 1);
        world.host.edit(world.spec(FROM_SECRET));
        const [first = ""] = tried.on.makes;
        cloud.troubleWrite(first, "denied");
        const passes = [await world.host.pass()];
        cloud.heal();
        passes.push(await world.host.settle());
        source(world, `${canary}-2`, 2);
        passes.push(await world.host.pass(), await world.host.settle());
        await tried.on.tamper.value?.(world.subject());
        passes.push(await world.host.pass(), await world.host.settle());
        expect(text(await values.read(outputs(world)))).toBe(`${canary}-2`);
        expect(JSON.stringify([passes, world.host.object])).not.toContain("canary");
        expect(JSON.stringify([passes, world.host.object])).not.toContain(
          Buffer.from(canary).toString("base64").slice(0, 12),
        );
      }),
    );
  });
}
