import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  HOLDER_MARKS,
  isMark,
  isReleased,
  type Owner,
  ownerOf,
  ownerTags,
  sameObject,
  shortHash,
  tagValue,
} from "./owner.ts";

const text = fc.oneof(
  fc.stringMatching(/^[a-z0-9.-]{1,90}$/, { size: "max" }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 90, size: "max" }),
);
const owner: fc.Arbitrary<Owner> = fc.record({
  environment: text,
  cluster: text,
  namespace: text,
  kind: text,
  name: text,
  uid: text,
});

describe("marks", () => {
  it("are labels that GCP takes, and so tags that AWS takes", () => {
    fc.assert(
      fc.property(owner, (one) => {
        for (const [key, value] of Object.entries(ownerTags(one))) {
          expect(key).toMatch(/^[a-z][a-z0-9_-]{0,62}$/);
          expect(value).toMatch(/^[a-z0-9_-]{0,63}$/);
          expect(isMark(key)).toBe(true);
        }
      }),
    );
  });

  it("say after reading whose it is", () => {
    fc.assert(
      fc.property(owner, (one) => {
        const read = ownerOf(ownerTags(one));
        expect(read && sameObject(read, one)).toBe(true);
        expect(read && isReleased(read)).toBe(false);
        expect(ownerTags(read as Owner)).toEqual(ownerTags(one));
      }),
    );
  });

  it("are nobody's when one that names the object is missing", () => {
    const tags = ownerTags({ environment: "e", cluster: "c", namespace: "n", kind: "k", name: "x", uid: "u" });
    for (const key of Object.keys(tags).filter((one) => !HOLDER_MARKS.includes(one))) {
      const { [key]: _gone, ...rest } = tags;
      expect(ownerOf(rest)).toBeUndefined();
    }
    expect(ownerOf({})).toBeUndefined();
  });

  it("tell, without the holder's, whose it was", () => {
    const one: Owner = { environment: "e", cluster: "c", namespace: "n", kind: "k", name: "x", uid: "u" };
    const left = Object.fromEntries(Object.entries(ownerTags(one)).filter(([key]) => !HOLDER_MARKS.includes(key)));
    const read = ownerOf(left) as Owner;
    expect(isReleased(read)).toBe(true);
    expect(sameObject(read, one)).toBe(true);
  });
});

describe("tagValue", () => {
  it("encodes once: the encoded form stays as it is", () => {
    fc.assert(fc.property(text, (value) => tagValue(tagValue(value)) === tagValue(value)));
  });

  it("tells long values apart that begin alike", () => {
    expect(tagValue(`${"n".repeat(80)}1`)).not.toBe(tagValue(`${"n".repeat(80)}2`));
  });
});

describe("shortHash", () => {
  it("has the length that is asked for and letters that every name takes", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (value, length) => {
        expect(shortHash(value, length)).toMatch(new RegExp(`^[a-z0-9]{${length}}$`));
      }),
    );
  });
});
