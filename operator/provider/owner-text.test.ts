import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isReleased, type Owner, ownerOf, ownerTags } from "./owner.ts";
import { marksIn, withMarks, withoutHolder } from "./owner-text.ts";

const owner: Owner = {
  environment: "prod",
  cluster: "eks-1",
  namespace: "shop",
  kind: "EventRule",
  name: "daily",
  uid: "5f1c7e9a-1111-2222-3333-444455556666",
};
const read = (text: string) => ownerOf(marksIn(text));
const long = fc.string({ minLength: 1, maxLength: 253 });

describe("marks in a description", () => {
  it("are found again, whatever the names and the words of others", () => {
    const owners = fc.record({ environment: long, cluster: long, namespace: long, kind: long, name: long, uid: long });
    fc.assert(
      fc.property(owners, fc.string({ maxLength: 600, unit: "grapheme" }), (one, theirs) => {
        const text = withMarks(theirs, ownerTags(one), 500);
        expect(text.length).toBeLessThanOrEqual(500);
        expect(marksIn(text)).toEqual(ownerTags(one));
        expect(withMarks(text, ownerTags(one), 500)).toBe(text);
      }),
    );
  });

  it("leave the words of others, and take only marks", () => {
    const text = withMarks("The daily report.", { ...ownerTags(owner), team: "shop", gone: null }, 500);
    expect(text.startsWith("The daily report. [onyx onyx-environment=prod ")).toBe(true);
    expect(text).not.toContain("team");
    expect(withMarks(text, ownerTags({ ...owner, uid: "another" }), 500)).toContain("The daily report. [onyx ");
  });

  it("name nobody once they are let go of", () => {
    const released = read(withMarks("", withoutHolder(ownerTags(owner)), 500));
    expect(released && isReleased(released)).toBe(true);
    expect(released).toMatchObject({ environment: "prod", name: "daily" });
  });

  it.each(["", "by hand", "[onyx", "onyx-environment=prod", "[onyx onyx-environment=prod] and more"])(
    "aren't seen in %j",
    (text) => expect(read(text)).toBeUndefined(),
  );
});
