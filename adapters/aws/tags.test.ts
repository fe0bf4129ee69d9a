import { describe, expect, it } from "vitest";
import { type Owner, ownerTags } from "../../operator/provider/owner.ts";
import { ownerOfMade } from "./tags.ts";

const owner: Owner = {
  environment: "dev",
  cluster: "a",
  namespace: "shop",
  kind: "Queue",
  name: "orders",
  uid: "8f1c",
};
const answer = { answered: true, what: "SQS queue orders", code: "QueueNameExists" };

describe("whose that is that a create was answered with", () => {
  it("is ours by its marks, whoever made it", () => {
    for (const answered of [true, false])
      expect(ownerOfMade(ownerTags(owner), owner, { ...answer, answered })).toMatchObject({ name: "orders" });
  });

  it("is waited for while it shows no tags at all, as what was just made may", () => {
    expect(() => ownerOfMade({}, owner, answer)).toThrow(
      expect.objectContaining({ fault: "transient", message: "SQS queue orders does not show its tags yet" }),
    );
  });

  it.each([
    ["carries tags and none of ours", { team: "x" }, true],
    ["carries another object's marks", ownerTags({ ...owner, name: "other" }), true],
    ["was refused to us, and carries no tags", {}, false],
  ])("is somebody else's where it %s", (_what, tags, answered) => {
    expect(() => ownerOfMade(tags, owner, { ...answer, answered })).toThrow(
      expect.objectContaining({ fault: "conflict", code: "QueueNameExists" }),
    );
  });
});
