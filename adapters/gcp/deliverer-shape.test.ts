import { describe, expect, it } from "vitest";
import { deliverersIn, withDeliverers } from "./deliverer-shape.ts";
import type { Binding } from "./policy.ts";

const ACME = "billing@acme.iam.gserviceaccount.com";
const GLOBEX = "export@globex.iam.gserviceaccount.com";
const ROLE = "roles/storage.objectCreator";

const letsIn = (who: string, prefix = "") => ({ who, prefix, delivers: true });
const written = (...deliverers: ReturnType<typeof letsIn>[]) => withDeliverers({}, "reports", deliverers);
const read = (bindings: readonly Binding[]) => deliverersIn({ bindings }, "reports");
const bindings = (policy: ReturnType<typeof written>) => policy.bindings ?? [];

describe("a deliverer of a bucket", () => {
  it("may make objects, under its prefix alone", () => {
    expect(bindings(written(letsIn(ACME, "acme/")))).toEqual([
      {
        role: ROLE,
        members: [`serviceAccount:${ACME}`],
        condition: {
          title: "onyx-deliverer",
          description: expect.stringContaining("Onyx"),
          expression: 'resource.name.startsWith("projects/_/buckets/reports/objects/acme/")',
        },
      },
    ]);
  });

  it.each([
    ["none", []],
    ["one", [letsIn(ACME)]],
    ["two of one prefix", [letsIn(ACME, "a/"), letsIn(GLOBEX, "a/")]],
    ["two", [letsIn(ACME, "a/"), letsIn(GLOBEX)]],
  ])("%s: reads back as written", (_, deliverers) => {
    expect(read(bindings(written(...deliverers)))).toEqual(deliverers);
    expect(read(bindings(written(...deliverers)).toReversed())).toEqual(deliverers);
  });

  const [ours] = bindings(written(letsIn(ACME, "acme/")));
  it.each<[string, Partial<Binding>, object]>([
    ["another role", { role: "roles/storage.objectAdmin" }, { who: ACME, delivers: false }],
    ["everybody", { members: ["allAuthenticatedUsers"] }, { who: "allAuthenticatedUsers", delivers: false }],
    [
      "an account that is gone",
      { members: [`deleted:serviceAccount:${ACME}?uid=1`] },
      { who: `deleted:serviceAccount:${ACME}?uid=1`, delivers: false },
    ],
    ["no condition but its title", { condition: { title: "onyx-deliverer", expression: "true" } }, { delivers: false }],
    [
      "objects of another bucket",
      {
        condition: {
          title: "onyx-deliverer",
          expression: 'resource.name.startsWith("projects/_/buckets/other/objects/acme/")',
        },
      },
      { prefix: "acme/", delivers: false },
    ],
  ])("is seen to be bent: %s, and put right", (_, change, seen) => {
    const policy = { bindings: [{ ...ours, ...change }] };
    expect(deliverersIn(policy, "reports")).toMatchObject([seen]);
    const wanted = [letsIn(ACME, "acme/")];
    expect(deliverersIn(withDeliverers(policy, "reports", wanted), "reports")).toEqual(wanted);
  });

  it("beside whom somebody let in another is seen with him", () => {
    const members = [`serviceAccount:${ACME}`, "user:eve@example.com"];
    expect(read([{ ...ours, members }])).toEqual([
      letsIn(ACME, "acme/"),
      { who: "user:eve@example.com", prefix: "acme/", delivers: false },
    ]);
  });

  it("goes alone: what others bound stays, the same account with the same role too", () => {
    const theirs: Binding[] = [
      { role: ROLE, members: [`serviceAccount:${ACME}`] },
      {
        role: ROLE,
        members: [`serviceAccount:${ACME}`],
        condition: {
          title: "theirs",
          expression: 'resource.name.startsWith("projects/_/buckets/reports/objects/acme/")',
        },
      },
    ];
    const both = withDeliverers({ bindings: theirs, etag: "e" }, "reports", [letsIn(ACME, "acme/")]);
    expect(both.bindings).toHaveLength(3);
    expect(deliverersIn(both, "reports")).toEqual([letsIn(ACME, "acme/")]);
    expect(withDeliverers(both, "reports", [])).toEqual({ bindings: theirs, etag: "e" });
  });
});
