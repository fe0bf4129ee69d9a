import { describe, expect, it } from "vitest";
import { type CaseWorld, READY } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { atRest } from "../../operator/provider/conformance/lifecycle.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { worldsOf } from "./gapped.ts";

const WITH_KEY = { encryption: { keyRef: { name: "main" } } };

/** The kinds that can be encrypted, and those that can change their key. */
const KINDS = ["Queue", "Table", "Topic", "ManagedSecret", "Bucket"];
const MOVABLE = ["Queue", "Topic", "ManagedSecret", "Bucket"];

/** What `encryption.keyRef: {name}` means for the kinds that have it, the same on every cloud. */
export function encryptedCases(cloud: CloudUnderTest, all: ReadonlyMap<string, Tried>): void {
  const known = (kind: string): Tried => {
    const tried = all.get(kind);
    if (!tried) throw new Error(`the suite does not know ${kind}`);
    return tried;
  };
  /** The kind with a key in its base spec, and nothing else to refer to. */
  const encrypted = (name: string): Tried => {
    const { kind, on } = known(name);
    const spec = (over?: Over) => kind.spec({ ...WITH_KEY, ...over });
    return { on, kind: { ...kind, spec, edits: [], referring: undefined } };
  };
  let count = 0;
  const inWorld = (tried: Tried, others: ReadonlyMap<string, Tried>, run: (world: CaseWorld) => Promise<void>) => {
    const world = worldsOf(`e${++count}-`, cloud, tried, others);
    return () => world(run);
  };
  const keyOf = (world: CaseWorld) => world.host.others.get("EncryptionKey/main")?.status?.outputs?.KEY_ID ?? "no key";

  describe(`encrypted with an EncryptionKey on ${cloud.cloud}`, () => {
    it.each(KINDS)("a %s is made with it and stays so", (kind) =>
      inWorld(encrypted(kind), all, async (world) => {
        await world.ready();
        expect(world.host.status.effective?.encryptionKey).toBe(keyOf(world));
        expect(JSON.stringify(await world.snapshot())).toContain(keyOf(world));
        await atRest(world);
      })(),
    );

    it.each(KINDS)("a %s is not made without it", (kind) =>
      inWorld(encrypted(kind), all, async (world) => {
        world.host.others.clear();
        await world.host.pass();
        expect(world.told()).toContain("Synced=False/DependencyNotFound");
        expect(world.tried()).toEqual([]);
      })(),
    );

    it.each(MOVABLE)("a %s is moved to the cloud's own key and back", (kind) =>
      inWorld(encrypted(kind), all, async (world) => {
        await world.ready();
        const key = keyOf(world);
        for (const over of [{ encryption: undefined }, {}]) {
          world.host.edit(world.spec(over));
          await world.host.settle();
          expect(world.told()).toBe(READY);
          const held = JSON.stringify(await world.snapshot()).includes(key);
          expect(held).toBe(!("encryption" in over));
        }
        await atRest(world);
      })(),
    );

    it(
      "who consumes from an encrypted Queue may have it decrypted, and use its key for nothing else",
      inWorld(known("WorkloadIdentity"), new Map([...all, ["Queue", encrypted("Queue")]]), async (world) => {
        await world.ready();
        const queue = world.host.others.get("Queue/jobs")?.status;
        const key = String(queue?.effective?.encryptionKey);
        const permissions = (world.host.status.effective?.permissions ?? []) as readonly string[];
        const rights = permissions.filter((one) => one.includes(key));
        // On GCP the service agent decrypts: workloads need no right on the key.
        if (cloud.cloud === "gcp") expect(rights).toEqual([]);
        else {
          expect(rights.length).toBeGreaterThan(0);
          for (const right of rights) {
            expect(right).toMatch(/^allow kms:(Decrypt|GenerateDataKey) on /);
            expect(right).toContain("kms:ViaService=sqs.");
            expect(right).toContain(`aws:sqs:arn=${queue?.externalId}`);
          }
        }
      }),
    );

    it(
      "who writes to an encrypted Bucket may have it encrypted and decrypted, in its name or its objects', and no more",
      inWorld(
        granted(known("WorkloadIdentity"), [{ kind: "Bucket", name: "media", access: "Write" }]),
        new Map([...all, ["Bucket", encrypted("Bucket")]]),
        async (world) => {
          await world.host.settle();
          expect(world.told()).toBe(READY);
          const bucket = world.host.others.get("Bucket/media")?.status;
          const key = String(bucket?.effective?.encryptionKey);
          const permissions = (world.host.status.effective?.permissions ?? []) as readonly string[];
          const rights = permissions.filter((one) => one.includes(key));
          const id = bucket?.externalId;
          const names = [`StringEquals kms:EncryptionContext:aws:s3:arn=${id}`];
          names.push(`StringLike kms:EncryptionContext:aws:s3:arn=${id}/*`);
          const aws = ["Decrypt", "GenerateDataKey"].flatMap((action) =>
            names.map((name) => [`allow kms:${action} on ${key}`, name]),
          );
          const told = rights.map((one) => [one.split(" when ")[0], names.find((name) => one.includes(name))]);
          expect(told).toEqual(cloud.cloud === "aws" ? aws : []);
          expect(rights.every((one) => one.includes("StringEquals kms:ViaService=s3."))).toBe(true);
          await atRest(world);
        },
      ),
    );

    it(
      "who uses an EncryptionKey has just the right to encrypt and decrypt with it",
      inWorld(
        granted(known("WorkloadIdentity"), [{ kind: "EncryptionKey", name: "main", access: "Use" }]),
        all,
        async (world) => {
          await world.host.settle();
          expect(world.told()).toBe(READY);
          const key = keyOf(world);
          const rights = world.host.status.effective?.permissions;
          const aws = ["Decrypt", "Encrypt", "GenerateDataKey"].map((action) => `allow kms:${action} on ${key}`);
          const gcp = [`roles/cloudkms.cryptoKeyEncrypterDecrypter on ${key}`];
          expect(rights).toEqual(cloud.cloud === "aws" ? aws : gcp);
          await atRest(world);
        },
      ),
    );
  });
}

/** An identity with just these grants. */
const granted = ({ kind, on }: Tried, grants: readonly object[]): Tried => ({
  on,
  kind: { ...kind, spec: (over?: Over) => kind.spec({ grants, ...over }), edits: [], referring: undefined },
});
