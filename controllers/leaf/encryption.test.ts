import { expect, it } from "vitest";
import { encryptionKeyOf, keyReferences } from "./encryption.ts";

const given = (keys: Readonly<Record<string, string>>) => ({
  target: (field: string) => ({ outputs: keys[field] === undefined ? {} : { KEY_ID: keys[field] }, effective: {} }),
});

it("asks for no key where spec has none", () => {
  expect(keyReferences({})).toEqual([]);
  expect(encryptionKeyOf({}, given({}))).toBeNull();
});

it("takes an external key as it stands and refers to no object", () => {
  const spec = { encryption: { keyRef: { external: "arn:aws:kms:eu-west-1:111122223333:key/k" } } };
  expect(keyReferences(spec)).toEqual([]);
  expect(encryptionKeyOf(spec, given({ "encryption.keyRef": "other" }))).toBe(spec.encryption.keyRef.external);
});

it("takes the KEY_ID of the EncryptionKey that it refers to", () => {
  const spec = { encryption: { keyRef: { name: "orders" } } };
  expect(keyReferences(spec)).toEqual([{ field: "encryption.keyRef", kind: "EncryptionKey", name: "orders" }]);
  expect(encryptionKeyOf(spec, given({ "encryption.keyRef": "the-key" }))).toBe("the-key");
});

it("never takes a key that it can't tell for no key", () => {
  expect(() => encryptionKeyOf({ encryption: { keyRef: { name: "orders" } } }, given({}))).toThrow(
    "EncryptionKey orders (spec.encryption.keyRef) has no KEY_ID",
  );
});
