import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ManagedSecretSpec, managedSecret as schema } from "../../crds/managedsecret.ts";
import type { Given, Means } from "../../operator/reconcile/leaf-object.ts";
import { managedSecret } from "./managedsecret.ts";
import type { SecretWant } from "./wants.ts";

const spec = (over: object): ManagedSecretSpec => schema.spec.parse(over) as ManagedSecretSpec;
const means: Means = {
  random: (bytes) => randomBytes(bytes),
  secret: async (name, key) => Buffer.from(`${name}/${key}`),
};
const given = { source: () => "rev1", target: () => ({ outputs: {}, effective: {} }), cloud: "aws", tags: {} };
const want = (over: object) => managedSecret.want(spec(over), given as unknown as Given);
const value = async (over: object, with_: Means = means) =>
  Buffer.from(((await managedSecret.value?.(spec(over), with_)) ?? []) as Uint8Array).toString();

const FORMS = {
  Alphanumeric: /^[A-Za-z0-9]+$/,
  Hex: /^[0-9a-f]+$/,
  Base64Url: /^[A-Za-z0-9_-]+$/,
  Printable: /^[!#-&(-.0-?A-[\]-_a-~]+$/,
} as const;

test("a generated value has the length and characters asked for", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 16, max: 1024 }),
      fc.constantFrom(...(Object.keys(FORMS) as (keyof typeof FORMS)[])),
      async (length, charset) => {
        const made = await value({ generate: { length, charset } });
        expect(made).toHaveLength(length);
        expect(made).toMatch(FORMS[charset]);
      },
    ),
    { numRuns: 50 },
  );
});

test("bytes that would favour some characters are drawn again", async () => {
  // 248 is the first byte past the last whole round of 62.
  const draws = [new Uint8Array(32).fill(248), new Uint8Array(32).fill(0)];
  const made = await value({ generate: {} }, { ...means, random: () => draws.shift() ?? new Uint8Array(32) });
  expect(made).toBe("A".repeat(32));
});

test("two values are not the same", async () => {
  expect(await value({ generate: {} })).not.toBe(await value({ generate: {} }));
});

test("what is wanted changes with form, revision and source, and holds no value", () => {
  expect(want({ generate: {} }).value).toEqual({ from: "Generated", revision: "32-Alphanumeric-1" });
  expect(want({ generate: { length: 64, charset: "Hex", revision: 3 } }).value.revision).toBe("64-Hex-3");
  expect(want({ valueFrom: { secretRef: { name: "a", key: "k" } } }).value).toEqual({
    from: "Secret",
    revision: "rev1",
  });
});

test("what is there becomes the spec that asks for it; of somebody else's value there is nothing to say", () => {
  const naming = { cloud: "aws", reference: (_kind: string, external: string) => ({ external }) } as const;
  const specOf = (actual: object) =>
    JSON.parse(JSON.stringify(managedSecret.specOf?.(actual as Partial<SecretWant>, naming)));
  const generated = (revision: string) => specOf({ value: { from: "Generated", revision } });
  expect(generated("32-Alphanumeric-1")).toEqual({ generate: {} });
  expect(generated("64-Hex-3")).toEqual({ generate: { length: 64, charset: "Hex", revision: 3 } });
  expect(specOf({ value: { from: "External", revision: "as-is" }, recoveryDays: 7 })).toEqual({
    external: {},
    adoptionPolicy: "Adopt",
    recoveryDays: 7,
  });
  expect(specOf({ value: { from: "Secret", revision: "abc" } })).toEqual({ valueFrom: {} });
  expect(
    specOf({
      value: { from: "Generated", revision: "32-Alphanumeric-1" },
      rotation: { everySeconds: 7200, overlapSeconds: 60 },
      encryptionKey: "k",
      overrides: { description: "d" },
    }),
  ).toMatchObject({
    rotation: { every: "2h", overlap: "1m" },
    encryption: { keyRef: { external: "k" } },
    overrides: { aws: { description: "d" } },
  });
});

test("somebody else's value is never made, and what to do is said", async () => {
  expect(want({ external: {}, adoptionPolicy: "Adopt" }).value).toEqual({ from: "External", revision: "as-is" });
  const none = await managedSecret.value?.(spec({ external: {}, adoptionPolicy: "Adopt" }), means);
  expect(none).toEqual({ none: expect.stringMatching(/Make it in the cloud/) });
});

test("the overlap is a day, or half of a shorter rotation", () => {
  expect(want({ generate: {}, rotation: { every: "720h" } }).rotation).toEqual({
    everySeconds: 2_592_000,
    overlapSeconds: 86_400,
  });
  expect(want({ generate: {}, rotation: { every: "2h" } }).rotation?.overlapSeconds).toBe(3600);
  expect(want({ generate: {}, rotation: { every: "2h", overlap: "10m" } }).rotation?.overlapSeconds).toBe(600);
});

test("the value of a source is the content of its key", async () => {
  expect(await value({ valueFrom: { secretRef: { name: "a", key: "k" } } })).toBe("a/k");
  expect(managedSecret.sources?.(spec({ valueFrom: { secretRef: { name: "a", key: "k" } } }))).toEqual([
    { field: "valueFrom.secretRef", name: "a", key: "k" },
  ]);
  expect(managedSecret.sources?.(spec({ generate: {} }))).toEqual([]);
});
