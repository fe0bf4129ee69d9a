import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProviderError } from "../../operator/provider/fault.ts";
import { createPolicyEditor, holds, type Membership, type Policy, withMember, withoutMember } from "./policy.ts";

const condition = (n: number) => ({ title: `onyx-${n}`, description: "", expression: `resource.name=="${n}"` });
const role = fc.constantFrom("roles/a", "roles/b");
const member = fc.constantFrom("user:x", "user:y", "principal://z", "deleted:user:x?uid=1");
const conditions = fc.option(fc.integer({ min: 0, max: 2 }).map(condition), { nil: undefined });
const binding = fc.record({ role, members: fc.uniqueArray(member, { minLength: 1 }), condition: conditions });
/** As IAM gives policies: one binding a role and condition. */
const policy: fc.Arbitrary<Policy> = fc
  .uniqueArray(binding, { selector: (one) => `${one.role} ${one.condition?.title}` })
  .map((bindings) => ({ version: 3, etag: "e", bindings }));
const membership: fc.Arbitrary<Membership> = fc.record({
  role,
  member: fc.constantFrom("user:x", "user:y", "principal://z"),
  condition: conditions,
});

const asPairs = (policy: Policy) =>
  (policy.bindings ?? [])
    .flatMap((one) => (one.members ?? []).map((who) => `${one.role} ${one.condition?.title ?? ""} ${who}`))
    .sort();
const ours = (one: Membership) => `${one.role} ${one.condition?.title ?? ""} ${one.member}`;
const dead = (one: Membership) => `${one.role} ${one.condition?.title ?? ""} deleted:${one.member}?uid=1`;

describe("a policy is changed additively", () => {
  test("adding adds one member and touches no other", () => {
    fc.assert(
      fc.property(policy, membership, (before, one) => {
        const after = withMember(before, one);
        expect(holds(after, one)).toBe(true);
        const others = asPairs(before).filter((pair) => pair !== ours(one) && pair !== dead(one));
        expect(asPairs(after)).toEqual([...others, ours(one)].sort());
      }),
    );
  });

  test("removing removes one member (and its deleted form) and touches no other", () => {
    fc.assert(
      fc.property(policy, membership, (before, one) => {
        const after = withoutMember(before, one);
        expect(holds(after, one)).toBe(false);
        expect(asPairs(after)).toEqual(asPairs(before).filter((pair) => pair !== ours(one) && pair !== dead(one)));
        expect((after.bindings ?? []).every((left) => (left.members ?? []).length > 0)).toBe(true);
      }),
    );
  });

  test("what is so already comes back as the same object, so that nothing is written", () => {
    fc.assert(
      fc.property(policy, membership, (before, one) => {
        const after = withMember(before, one);
        expect(withMember(after, one)).toBe(after);
        const gone = withoutMember(before, one);
        expect(withoutMember(gone, one)).toBe(gone);
      }),
    );
  });

  test("the same role under another condition is another right", () => {
    const open = { role: "roles/a", member: "user:x" };
    const narrow = { ...open, condition: condition(1) };
    const policy = withMember({ bindings: [] }, narrow);
    expect(holds(policy, open)).toBe(false);
    expect(withMember(policy, open).bindings).toHaveLength(2);
    expect(withoutMember(policy, open)).toBe(policy);
  });

  test("unknown fields are carried along", () => {
    const before = { auditConfigs: [{ service: "allServices" }], etag: "e", bindings: [] } as Policy;
    expect(withMember(before, { role: "roles/a", member: "user:x" })).toMatchObject({
      auditConfigs: [{ service: "allServices" }],
    });
  });
});

describe("the editor", () => {
  const signal = new AbortController().signal;
  const add = (who: string) => (policy: Policy) => withMember(policy, { role: "roles/a", member: who });

  /** A resource's policy with etags, as IAM keeps it. `meddle` runs before each write. */
  function server(meddle: (write: number, policy: Policy) => Policy = (_, policy) => policy) {
    let policy: Policy = { etag: "0", bindings: [] };
    let version = 0;
    let writes = 0;
    return {
      get policy() {
        return policy;
      },
      get writes() {
        return writes;
      },
      port: {
        read: async () => policy,
        async write(_: string, next: Policy) {
          writes += 1;
          const meddled = meddle(writes, policy);
          if (meddled !== policy) policy = { ...meddled, etag: String(++version) };
          if (next.etag !== policy.etag) throw new ProviderError("transient", "concurrent", { code: "ABORTED" });
          policy = { ...next, etag: String(++version) };
        },
      },
    };
  }

  test("somebody else's write in between survives", async () => {
    const cloud = server((write, policy) => (write <= 2 ? add(`user:foreign${write}`)(policy) : policy));
    await createPolicyEditor(cloud.port).edit("t", add("user:ours"), signal);
    expect(asPairs(cloud.policy)).toEqual(["roles/a  user:foreign1", "roles/a  user:foreign2", "roles/a  user:ours"]);
    expect(cloud.writes).toBe(3);
  });

  test("gives up after a bounded number of races", async () => {
    const cloud = server((write, policy) => add(`user:foreign${write}`)(policy));
    await expect(createPolicyEditor(cloud.port).edit("t", add("user:ours"), signal)).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(cloud.writes).toBe(5);
  });

  test("edits of one resource from one process don't race each other", async () => {
    const cloud = server();
    const editor = createPolicyEditor(cloud.port);
    await Promise.all(Array.from({ length: 20 }, (_, n) => editor.edit("t", add(`user:${n}`), signal)));
    expect(asPairs(cloud.policy)).toHaveLength(20);
    expect(cloud.writes).toBe(20);
  });

  test("writes version 3, and nothing when nothing changes", async () => {
    const cloud = server();
    const editor = createPolicyEditor(cloud.port);
    await editor.edit("t", add("user:x"), signal);
    await editor.edit("t", add("user:x"), signal);
    expect(cloud.writes).toBe(1);
    expect(cloud.policy).toMatchObject({ version: 3 });
  });

  test("a failed edit does not hold up the next one", async () => {
    const cloud = server();
    const editor = createPolicyEditor(cloud.port);
    const fail = editor.edit(
      "t",
      () => {
        throw new ProviderError("invalid", "no");
      },
      signal,
    );
    const next = editor.edit("t", add("user:x"), signal);
    await expect(fail).rejects.toThrow("no");
    await next;
    expect(cloud.writes).toBe(1);
  });
});
