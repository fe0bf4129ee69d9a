import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Owner, ownerTags, tagValue } from "../../operator/provider/owner.ts";
import { withoutHolder } from "../../operator/provider/owner-text.ts";
import { accountOf, described, ownerIn, toAccount } from "./workflow-account.ts";

const ID = "projects/p/locations/europe-west1/workflows/prod-shop-fulfil-abc123";
const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,80}[a-z0-9])?$/);
const anyOwner: fc.Arbitrary<Owner> = fc.record({
  environment: name,
  cluster: name,
  namespace: name,
  kind: fc.constant("workflow"),
  name,
  uid: fc.uuid(),
});
const asTags = (owner: Owner): Owner =>
  Object.fromEntries(Object.entries(owner).map(([field, value]) => [field, tagValue(value)])) as unknown as Owner;

describe("the account of a workflow", () => {
  it.each([
    [ID],
    [ID.replace("europe-west1", "us-central1")],
    [ID.replace("projects/p/", "projects/other/")],
    [`${ID}${"x".repeat(40)}`],
  ])("of %s has a name that Google takes, and that is its own", (id) => {
    const [account = "", domain] = accountOf(id).split("@");
    expect(account).toMatch(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/);
    expect(domain).toBe(`${id.split("/")[1]}.iam.gserviceaccount.com`);
    expect(accountOf(id)).toBe(accountOf(id));
    expect(accountOf(`${id}y`)).not.toBe(accountOf(id));
  });

  it("of a project of a domain has it last", () => {
    expect(accountOf(ID.replace("/p/", "/example.com:p/"))).toMatch(/@p\.example\.com\.iam\.gserviceaccount\.com$/);
  });

  it("says whose it is, however long the names are, in what a description holds", () => {
    fc.assert(
      fc.property(anyOwner, anyOwner, (me, other) => {
        const account = toAccount(ID, { ...ownerTags(me), team: "shop", gone: null });
        expect(Buffer.byteLength(account.description ?? "")).toBeLessThanOrEqual(256);
        expect(account.description).not.toContain("team");
        expect(ownerIn(account, me)).toEqual(asTags(me));
        if (tagValue(me.name) !== tagValue(other.name))
          expect(ownerIn(account, other)?.name).not.toBe(tagValue(other.name));
      }),
    );
  });

  it.each([[undefined], [""], ["theirs"], ["[onyx onyx-kind=workflow]"]])(
    "is nobody's with the description %j",
    (text) => {
      const me = { environment: "e", cluster: "c", namespace: "n", kind: "Workflow", name: "w", uid: "u" };
      expect(ownerIn(text === undefined ? {} : { description: text }, me)).toBeUndefined();
    },
  );

  it("keeps the words of others, and is let go", () => {
    const me = { environment: "e", cluster: "c", namespace: "n", kind: "workflow", name: "w", uid: "u" };
    const mine = described("theirs", ownerTags(me));
    expect(mine).toMatch(/^theirs \[onyx onyx-environment=e .* onyx-uid=u\]$/);
    expect(ownerIn({ description: described(mine, withoutHolder(ownerTags(me))) }, me)).toEqual({
      ...me,
      cluster: "",
      uid: "",
    });
  });
});
