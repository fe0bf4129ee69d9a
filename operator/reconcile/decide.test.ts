import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Owner, ownerTags } from "../provider/owner.ts";
import type { Present } from "../provider/provider.ts";
import type { ThingOutputs, ThingWant } from "../provider/testing/memory.ts";
import { consentTo } from "./approval.ts";
import { approval, type Decision, decide, isOurs, type Policy, type Situation } from "./decide.ts";
import type { User } from "./in-use.ts";

type ThingSituation = Situation<ThingWant, ThingOutputs>;
type Seen = Present<ThingWant, ThingOutputs>;

const OWNER: Owner = {
  environment: "prod",
  cluster: "blue",
  namespace: "shop",
  kind: "Thing",
  name: "orders",
  uid: "uid-1",
};
const WANT: ThingWant = {
  size: 5,
  shape: "round",
  locked: false,
  note: "n",
  parent: null,
  places: [],
  tags: { team: "a", ...ownerTags(OWNER) },
};
const POLICY: Policy = {
  management: "Manage",
  adoption: "Never",
  drift: "Correct",
  deletion: "Delete",
  active: true,
  dataBearing: false,
};
const absent = { exists: false } as const;

const present = (over: Partial<Seen> = {}): Seen => ({
  exists: true,
  id: "thing/orders",
  owner: OWNER,
  phase: "ready",
  actual: WANT,
  outputs: { THING_ID: "thing/orders" },
  ...over,
});

const situation = (
  over: Partial<Omit<ThingSituation, "policy">> = {},
  policy: Partial<Policy> = {},
): ThingSituation => ({
  want: WANT,
  seen: present(),
  owner: OWNER,
  deleting: false,
  known: true,
  applied: true,
  policy: { ...POLICY, ...policy },
  immutable: ["shape"],
  succeeds: [],
  approved: undefined,
  ...over,
});

/** `update drift size,note`, `wait Creating`, `release Retained unmark`, `none size`, … */
function brief(decision: Decision): string {
  switch (decision.do) {
    case "update":
      return `update ${decision.because} ${decision.changes.map((one) => one.field).join()}`;
    case "none":
      return `none ${decision.drift.map((one) => one.field).join()}`.trim();
    case "release":
      return `release ${decision.reason}${decision.unmark ? " unmark" : ""}`;
    case "replace":
      return `replace ${decision.keep ? "keep" : "drop"}`;
    case "delete":
      return decision.backup ? "delete backup" : "delete";
    case "wait":
    case "refuse":
      return `${decision.do} ${decision.reason}`;
    default:
      return decision.do;
  }
}

const drifted = (over: Partial<ThingWant>): Seen => present({ actual: { ...WANT, ...over } });
const foreign = { ...OWNER, namespace: "other" };
const elsewhere = { ...OWNER, cluster: "green" };
const released = { ...OWNER, cluster: "", uid: "" };
const word = approval(OWNER, "recreate");
/** The word that a refusal asks for. */
const asked = (given: ThingSituation): string | undefined => {
  const decision = decide(given);
  return decision.do === "refuse" ? decision.consent?.word : undefined;
};
const replaceBoth = asked(situation({ seen: drifted({ shape: "square", size: 6 }) }));
const destroy = asked(situation({ deleting: true }, { dataBearing: true }));
const destroyBacked = asked(situation({ deleting: true, backup: true }, { dataBearing: true }));
/** The cloud keeps it for days and can bring it back. */
const buried = (over: Partial<Seen> = {}): Seen =>
  present({ phase: "deleting", restorable: true, actual: { ...WANT, note: "gone" }, ...over });

describe("decide", () => {
  it.each<[string, ThingSituation, string]>([
    ["nothing is there", situation({ seen: absent, known: false }), "create"],
    ["gone behind our back", situation({ seen: absent }), "create"],
    ["gone with its data", situation({ seen: absent }, { dataBearing: true }), "refuse DataLost"],
    ["gone with its data, consent", situation({ seen: absent, approved: word }, { dataBearing: true }), "create"],
    [
      "gone again after an old consent",
      situation({ seen: absent, approved: word, incarnation: "2026" }, { dataBearing: true }),
      "refuse DataLost",
    ],
    [
      "sent a moment ago, the cloud picks the id",
      situation({ seen: absent, known: false, fresh: true, assigned: true }),
      "wait Creating",
    ],
    [
      "sent a moment ago, the id follows from the name",
      situation({ seen: absent, known: false, fresh: true }),
      "create",
    ],
    [
      "perhaps sent by one before us, the cloud picks the id",
      situation({ seen: absent, known: false, unsettledMs: 1, assigned: true }),
      "wait Creating",
    ],
    [
      "perhaps sent by one before us, the id follows from the name",
      situation({ seen: absent, known: false, unsettledMs: 1 }),
      "create",
    ],
    [
      "perhaps sent by one before us, and deleted",
      situation({ seen: absent, known: false, unsettledMs: 1, deleting: true }),
      "wait Creating",
    ],
    [
      "there without marks, perhaps ours, and deleted",
      situation({ seen: present({ owner: undefined }), known: false, unsettledMs: 1, deleting: true }),
      "wait Creating",
    ],
    ["sent by nobody, and deleted", situation({ seen: absent, known: false, deleting: true }), "release Deleted"],
    ["buried behind our back", situation({ seen: buried() }), "update drift note"],
    [
      "buried by an earlier object of this name",
      situation({ seen: buried(), known: false, applied: false }),
      "update spec note",
    ],
    ["buried, somebody else's", situation({ seen: buried({ owner: foreign }), known: false }), "refuse Conflict"],
    ["buried, drift only reported", situation({ seen: buried() }, { drift: "Report" }), "none note"],
    ["buried and deleted", situation({ seen: buried(), deleting: true }), "release Deleted"],
    [
      "buried and deleted, Retain",
      situation({ seen: buried(), deleting: true }, { deletion: "Retain" }),
      "release Deleted",
    ],
    ["made a moment ago, not seen yet", situation({ seen: absent, fresh: true }), "wait Creating"],
    ["name reserved", situation({ seen: { exists: false, reservedForMs: 60_000 }, known: false }), "wait Creating"],
    ["made once, CreateOnly", situation({ seen: absent }, { management: "CreateOnly" }), "refuse NotFound"],
    ["never made, CreateOnly", situation({ seen: absent, known: false }, { management: "CreateOnly" }), "create"],
    ["nothing to observe", situation({ seen: absent, known: false }, { management: "Observe" }), "wait NotFound"],
    [
      "nothing to observe, and no trouble",
      situation({ seen: absent, known: false }, { management: "Observe", optional: true }),
      "none",
    ],
    ["nothing to adopt", situation({ seen: absent, known: false }, { adoption: "Adopt" }), "wait NotFound"],
    ["nothing to adopt, so create", situation({ seen: absent, known: false }, { adoption: "AdoptOrCreate" }), "create"],
    ["absent and paused", situation({ seen: absent, known: false }, { active: false }), "none"],

    ["equal", situation(), "none"],
    ["equal but failed", situation({ seen: present({ phase: "failed" }) }), "refuse CloudFailed"],
    ["new wish", situation({ seen: drifted({ size: 6 }), applied: false }), "update spec size"],
    [
      "new wish, drift only reported",
      situation({ seen: drifted({ size: 6 }), applied: false }, { drift: "Report" }),
      "update spec size",
    ],
    ["drift corrected", situation({ seen: drifted({ size: 6, note: null }) }), "update drift size,note"],
    ["drift reported", situation({ seen: drifted({ size: 6 }) }, { drift: "Report" }), "none size"],
    ["drift ignored", situation({ seen: drifted({ size: 6 }) }, { drift: "Ignore" }), "none"],
    ["tag drift", situation({ seen: drifted({ tags: { ...WANT.tags, team: "b" } }) }), "update drift tags"],
    ["foreign tag", situation({ seen: drifted({ tags: { ...WANT.tags, theirs: "x" } }) }), "none"],
    ["unread field", situation({ seen: present({ actual: { tags: WANT.tags } }) }), "none"],
    ["being changed", situation({ seen: present({ phase: "pending", actual: { size: 6 } }) }), "wait Updating"],
    ["immutable", situation({ seen: drifted({ shape: "square", size: 6 }) }), "refuse Immutable"],
    [
      "immutable, CreateOnly",
      situation({ seen: drifted({ shape: "square" }) }, { management: "CreateOnly" }),
      "none shape",
    ],
    [
      "CreateOnly differs",
      situation({ seen: drifted({ size: 6 }), applied: false }, { management: "CreateOnly" }),
      "none size",
    ],
    ["paused differs", situation({ seen: drifted({ size: 6 }), applied: false }, { active: false }), "none size"],
    [
      "observed, foreign",
      situation({ seen: present({ owner: foreign, actual: { size: 6 } }) }, { management: "Observe" }),
      "none size",
    ],

    ["no marks", situation({ seen: present({ owner: undefined }) }), "refuse Conflict"],
    ["no marks yet", situation({ seen: present({ owner: undefined }), fresh: true }), "wait Creating"],
    ["no marks, paused", situation({ seen: present({ owner: undefined }) }, { active: false }), "refuse Conflict"],
    ["adopt", situation({ seen: present({ owner: undefined }), known: false }, { adoption: "Adopt" }), "adopt"],
    [
      "adopt, paused",
      situation({ seen: present({ owner: undefined }) }, { adoption: "Adopt", active: false }),
      "wait Pending",
    ],
    [
      "adopt, being changed",
      situation({ seen: present({ owner: undefined, phase: "pending" }), known: false }, { adoption: "Adopt" }),
      "wait Creating",
    ],
    [
      "adopt, another shape",
      situation({ seen: { ...drifted({ shape: "square" }), owner: undefined } }, { adoption: "Adopt" }),
      "refuse Immutable",
    ],
    ["another's", situation({ seen: present({ owner: foreign }) }, { adoption: "Adopt" }), "refuse Conflict"],
    ["another cluster's", situation({ seen: present({ owner: elsewhere }) }), "refuse Conflict"],
    [
      "a lost cluster's",
      situation({
        seen: { ...drifted({ tags: { ...WANT.tags, ...ownerTags(elsewhere) } }), owner: elsewhere },
        succeeds: ["green"],
      }),
      "update takeover tags",
    ],
    [
      "the same object made anew",
      situation({
        seen: {
          ...drifted({ size: 6, tags: { ...WANT.tags, "onyx-uid": "old" } }),
          owner: { ...OWNER, uid: "old" },
        },
        known: false,
        applied: false,
      }),
      "update takeover size,tags",
    ],
    [
      "retained, found by its own object",
      situation({ seen: { ...drifted({ tags: { team: "a" } }), owner: released }, known: false, applied: false }),
      "update takeover tags",
    ],
    [
      "retained, another asks",
      situation({ seen: present({ owner: { ...released, name: "else" } }) }),
      "refuse Conflict",
    ],
    [
      "retained, another adopts",
      situation({ seen: present({ owner: { ...released, name: "else" } }) }, { adoption: "Adopt" }),
      "adopt",
    ],
    ["an earlier one is dying", situation({ seen: present({ phase: "deleting" }), known: false }), "wait Creating"],
    ["ours is dying", situation({ seen: present({ phase: "deleting" }) }), "wait Deleting"],

    [
      "immutable, approved",
      situation({ seen: drifted({ shape: "square", size: 6 }), approved: replaceBoth }),
      "replace drop",
    ],
    [
      "immutable, approved, another change since",
      situation({ seen: drifted({ shape: "square", size: 7 }), approved: replaceBoth }),
      "refuse Immutable",
    ],
    [
      "immutable, approved for one that is not there any more",
      situation({ seen: drifted({ shape: "square", size: 6 }), approved: replaceBoth, incarnation: "2026" }),
      "refuse Immutable",
    ],
    [
      "immutable, approved as a deletion, then said to retain",
      situation({ seen: drifted({ shape: "square", size: 6 }), approved: replaceBoth }, { deletion: "Retain" }),
      "refuse Immutable",
    ],
    [
      "immutable, approved, name fixed",
      situation({
        seen: drifted({ shape: "square", size: 6 }),
        approved: replaceBoth,
        irreplaceable: "its name is fixed",
      }),
      "refuse Immutable",
    ],
    [
      "replacing, nothing to adopt",
      situation({ seen: absent, known: false, replacing: true }, { adoption: "Adopt" }),
      "create",
    ],

    ["destroy data", situation({ deleting: true }, { dataBearing: true }), "refuse AwaitingApproval"],
    ["destroy data, approved", situation({ deleting: true, approved: destroy }, { dataBearing: true }), "delete"],
    [
      "destroy data, approved, with a backup",
      situation({ deleting: true, approved: destroyBacked, backup: true }, { dataBearing: true }),
      "delete backup",
    ],
    [
      "destroy data, approved as backed up, none any more",
      situation({ deleting: true, approved: destroyBacked }, { dataBearing: true }),
      "refuse AwaitingApproval",
    ],
    [
      "destroy what is empty",
      situation({ deleting: true, empty: true, backup: true }, { dataBearing: true }),
      "delete",
    ],
    [
      "destroy data, cloud at work",
      situation({ deleting: true, seen: present({ phase: "pending" }) }, { dataBearing: true }),
      "wait Deleting",
    ],
    [
      "retain data",
      situation({ deleting: true }, { dataBearing: true, deletion: "Retain" }),
      "release Retained unmark",
    ],
    [
      "destroy data, guard no longer wished",
      situation(
        {
          deleting: true,
          seen: { ...drifted({ locked: true }), deleteBlockedBy: { field: "locked", message: "locked" } },
        },
        { dataBearing: true },
      ),
      "refuse AwaitingApproval",
    ],

    ["delete", situation({ deleting: true }), "delete"],
    ["delete while paused", situation({ deleting: true }, { active: false }), "delete"],
    ["delete a failed one", situation({ deleting: true, seen: present({ phase: "failed" }) }), "delete"],
    ["delete without references", situation({ deleting: true, want: undefined }), "delete"],
    ["deleted", situation({ deleting: true, seen: absent }), "release Deleted"],
    ["delete, not seen yet", situation({ deleting: true, seen: absent, fresh: true }), "wait Creating"],
    [
      "delete, marks not seen yet",
      situation({ deleting: true, seen: present({ owner: undefined }), fresh: true }),
      "wait Creating",
    ],
    ["delete, cloud at work", situation({ deleting: true, seen: present({ phase: "pending" }) }), "wait Deleting"],
    ["delete, going", situation({ deleting: true, seen: present({ phase: "deleting" }) }), "wait Deleting"],
    ["delete, no marks", situation({ deleting: true, seen: present({ owner: undefined }) }), "release Retained"],
    ["delete, another's", situation({ deleting: true, seen: present({ owner: foreign }) }), "release Retained"],
    [
      "delete, another cluster's",
      situation({ deleting: true, seen: present({ owner: elsewhere }) }),
      "release Retained",
    ],
    ["delete, only observed", situation({ deleting: true }, { management: "Observe" }), "release Retained"],
    ["delete, Retain", situation({ deleting: true }, { deletion: "Retain" }), "release Retained unmark"],
    ["delete, Block", situation({ deleting: true }, { deletion: "Block" }), "refuse DeletionBlocked"],
    [
      "delete, guarded by wish",
      situation({ deleting: true, seen: present({ deleteBlockedBy: { field: "locked", message: "locked" } }) }),
      "refuse DeletionBlocked",
    ],
    [
      "delete, guard no longer wished",
      situation({
        deleting: true,
        seen: { ...drifted({ locked: true, size: 6 }), deleteBlockedBy: { field: "locked", message: "locked" } },
      }),
      "update deletion locked",
    ],
    [
      "delete, guarded, wish unknown",
      situation({
        deleting: true,
        want: undefined,
        seen: present({ deleteBlockedBy: { field: "locked", message: "locked" } }),
      }),
      "refuse DeletionBlocked",
    ],
  ])("%s", (_title, given, expected) => {
    expect(brief(decide(given))).toBe(expected);
  });

  it("says which object holds the name and what to do", () => {
    const decision = decide(situation({ seen: present({ owner: foreign }) }));
    expect(decision).toMatchObject({
      message:
        'thing/orders belongs to Thing other/orders of environment "prod". Nothing was changed. Give this object another name.',
    });
  });

  it("passes on how long a name is reserved", () => {
    expect(decide(situation({ seen: { exists: false, reservedForMs: 59_000 }, known: false }))).toMatchObject({
      afterMs: 59_000,
    });
  });

  it("asks for the word that it then accepts", () => {
    const refused = decide(situation({ seen: absent, incarnation: "2026-01-05T10:00:00Z" }, { dataBearing: true }));
    const inMessage = /approve=(\S+)$/.exec((refused as { message: string }).message)?.[1];
    expect(inMessage).toBeDefined();
    const again = situation(
      { seen: absent, incarnation: "2026-01-05T10:00:00Z", approved: inMessage },
      { dataBearing: true },
    );
    expect(decide(again)).toEqual({ do: "create" });
  });
});

describe("the word", () => {
  const base = {
    act: "replace",
    incarnation: "1",
    id: "a",
    loses: "x",
    changes: [{ field: "f", want: 1, actual: 2 }],
  } as const;
  const of = (over: object, owner = OWNER) => consentTo(owner, { ...base, ...over }).word;

  it.each([
    ["act", of({ act: "destroy" })],
    ["incarnation", of({ incarnation: "2" })],
    ["resource", of({ id: "b" })],
    ["loss", of({ loses: "y" })],
    ["new value", of({ changes: [{ field: "f", want: 3, actual: 2 }] })],
    ["old value", of({ changes: [{ field: "f", want: 1, actual: 3 }] })],
    ["field", of({ changes: [{ field: "g", want: 1, actual: 2 }] })],
    ["object made anew", of({}, { ...OWNER, uid: "uid-2" })],
    ["object", of({}, { ...OWNER, name: "else" })],
  ])("is another one for another %s", (_what, other) => {
    expect(other).not.toBe(of({}));
    expect(other).toMatch(/^(replace|destroy)-[0-9a-z]{8}$/);
  });

  it("is the same whatever the order of fields in a value", () => {
    const word = (want: object) => of({ changes: [{ field: "f", want, actual: null }] });
    expect(word({ a: 1, b: { c: 2, d: 3 } })).toBe(word({ b: { d: 3, c: 2 }, a: 1 }));
  });

  it.each<[string, object, RegExp]>([
    ["a backup", { backup: true, keptDays: 30 }, /items; the cloud keeps a final backup\./],
    [
      "the days in which it can be had back",
      { keptDays: 30 },
      /; for 30 days the same object made again brings it back\./,
    ],
    ["that there is none", { keptDays: 0 }, /, and no backup is made\./],
  ])("says what is kept: %s", (_title, over, says) => {
    const decision = decide(situation({ deleting: true, holds: "its items", ...over }, { dataBearing: true }));
    expect(decision).toMatchObject({ do: "refuse", consent: { loses: expect.stringMatching(says) } });
  });

  it("stands in the message, with what is lost", () => {
    const decision = decide(situation({ deleting: true, holds: "its items" }, { dataBearing: true }));
    expect(decision).toMatchObject({
      message: expect.stringMatching(
        /thing\/orders is destroyed with its items.*Retain.*onyx approve thing orders -n shop.*approve=destroy-\w{8}$/,
      ),
    });
  });
});

const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const anOwner = fc.record({
  environment: some("prod", "prod", "dev"),
  cluster: some("blue", "blue", "green", ""),
  namespace: some("shop", "shop", "shop", "other"),
  kind: some("Thing", "Thing", "Thing", "Queue"),
  name: some("orders", "orders", "orders", "else"),
  uid: some("uid-1", "uid-2", ""),
});
const fields = {
  size: some(5, 6),
  shape: some<"round" | "square">("round", "round", "square"),
  locked: fc.boolean(),
  note: some(null, "n"),
  parent: some(null, "thing/p"),
  places: some<readonly string[]>([], ["a"], ["a", "b"]),
  tags: fc.dictionary(some("team", "onyx-uid", "theirs", "constructor"), some("a", "b")),
};
const aWant: fc.Arbitrary<ThingWant> = fc.record({
  ...fields,
  tags: fc.dictionary(some("team", "onyx-uid", "constructor"), some("a", "b", null)),
});
const aSeen: fc.Arbitrary<ThingSituation["seen"]> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ exists: fc.constant(false as const) }) },
  { weight: 1, arbitrary: fc.record({ exists: fc.constant(false as const), reservedForMs: some(0, 1_000) }) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        owner: fc.option(anOwner, { nil: undefined, freq: 4 }),
        phase: some<Seen["phase"]>("ready", "ready", "pending", "deleting", "failed"),
        actual: fc.record(fields, { requiredKeys: [] }),
        guarded: some(false, false, true),
      })
      .map(({ guarded, ...rest }) =>
        present({
          ...rest,
          ...(guarded ? { deleteBlockedBy: { field: "locked" as const, message: "it is locked" } } : {}),
        }),
      ),
  },
);
const aSituation: fc.Arbitrary<ThingSituation> = fc
  .record({
    want: aWant,
    wantKnown: some(true, true, true, false),
    seen: aSeen,
    deleting: fc.boolean(),
    known: fc.boolean(),
    applied: fc.boolean(),
    fresh: some(false, false, true),
    unsettledMs: some(undefined, 0, 0, 1, 45_000),
    assigned: fc.boolean(),
    incarnation: some(undefined, "2026-01-05T10:00:00Z"),
    policy: fc.record({
      management: some<Policy["management"]>("Manage", "Manage", "Observe", "CreateOnly"),
      adoption: some<Policy["adoption"]>("Never", "Adopt", "AdoptOrCreate"),
      drift: some<Policy["drift"]>("Correct", "Report", "Ignore"),
      deletion: some<Policy["deletion"]>("Delete", "Retain", "Block"),
      active: some(true, true, false),
      dataBearing: fc.boolean(),
    }),
    immutable: some<readonly string[]>([], ["shape"], ["shape", "size"]),
    succeeds: some<readonly string[]>([], ["green"]),
    backup: fc.boolean(),
    users: some<readonly User[]>([], [], [{ name: "a", leaving: true }], [{ name: "b", leaving: false }]),
    empty: some(undefined, undefined, true, false),
    replacing: some(false, false, true),
    irreplaceable: some(undefined, undefined, "its name is fixed"),
    approved: some<string | undefined>(undefined, word, approval(OWNER, "recreate", "2026-01-05T10:00:00Z"), "yes"),
  })
  .chain(({ wantKnown, want, ...rest }) => {
    const given = { ...rest, owner: OWNER, want: wantKnown || !rest.deleting ? want : undefined };
    // Else no arbitrary word would ever be the right one.
    return some(given, { ...given, approved: asked(given) });
  });

const writes = (decision: Decision): boolean =>
  ["create", "update", "adopt", "delete"].includes(decision.do) || (decision.do === "release" && decision.unmark);
const always = (check: (given: ThingSituation, decision: Decision) => void) =>
  fc.assert(
    fc.property(aSituation, (given) => check(given, decide(given))),
    { numRuns: 3_000 },
  );

describe("decide, in every situation", () => {
  it("is pure: same in, same out, and nothing of what it got is changed", () => {
    always((given, decision) => {
      const copy = structuredClone(given);
      expect(decide(copy)).toEqual(decision);
      expect(copy).toEqual(given);
    });
  });

  it("writes only to what is ours, but for putting marks on what nobody holds", () => {
    always(({ seen, owner, succeeds }, decision) => {
      if (!seen.exists || !writes(decision)) return;
      if (decision.do === "adopt") expect(seen.owner === undefined || seen.owner.uid === "").toBe(true);
      else expect(isOurs(seen.owner, owner, succeeds)).toBe(true);
    });
  });

  it("adopts only when asked", () => {
    always(({ policy }, decision) => {
      if (decision.do === "adopt") expect(policy.adoption).not.toBe("Never");
    });
  });

  it("while deleting, does nothing but what leads to the end", () => {
    always(({ deleting }, decision) => {
      if (!deleting) return;
      expect(["release", "delete", "wait", "refuse", "update"]).toContain(decision.do);
      if (decision.do === "update") expect(decision.because).toBe("deletion");
    });
  });

  it("deletes only while deleting, under deletionPolicy Delete, what it manages", () => {
    always(({ deleting, policy }, decision) => {
      if (decision.do !== "delete") return;
      expect({ deleting, deletion: policy.deletion, observed: policy.management === "Observe" }).toEqual({
        deleting: true,
        deletion: "Delete",
        observed: false,
      });
    });
  });

  it("deletes nothing that somebody uses, and neither lifts its guard nor asks for a word before", () => {
    always((given, decision) => {
      if (!given.deleting || given.users?.length === 0) return;
      expect(["release", "wait", "refuse"]).toContain(decision.do);
      if (decision.do === "refuse") expect(decision.consent).toBeUndefined();
    });
  });

  it("destroys what holds data, and replaces anything, only with the word that it asks for", () => {
    always((given, decision) => {
      const { policy, approved, empty } = given;
      const destroys = decision.do === "delete" && policy.dataBearing && !empty;
      if (decision.do !== "replace" && !destroys) return;
      expect(approved).toBe(asked({ ...given, approved: undefined }));
    });
  });

  it("takes no word for another plan", () => {
    always((given, decision) => {
      if (decision.do !== "replace" || !given.seen.exists) return;
      const { actual } = given.seen;
      const other = { ...given, seen: { ...given.seen, actual: { ...actual, note: "another plan" } } };
      expect(decide(other)).toMatchObject({ do: "refuse", reason: "Immutable" });
      expect(decide({ ...given, incarnation: "another one" })).toMatchObject({ do: "refuse", reason: "Immutable" });
    });
  });

  it("replaces only what is ours, managed and at rest, and keeps what holds data or is to be retained", () => {
    always(({ seen, policy, owner, succeeds, deleting, immutable, irreplaceable }, decision) => {
      if (decision.do !== "replace") return;
      expect(isOurs((seen as Seen).owner, owner, succeeds)).toBe(true);
      expect(["ready", "failed"]).toContain((seen as Seen).phase);
      expect({ deleting, irreplaceable, management: policy.management, active: policy.active }).toEqual({
        deleting: false,
        irreplaceable: undefined,
        management: "Manage",
        active: true,
      });
      expect(decision.changes.some((change) => immutable.includes(change.field))).toBe(true);
      expect(decision.keep).toBe(policy.dataBearing || policy.deletion !== "Delete");
    });
  });

  it("makes a final backup of all that holds data where the cloud has it", () => {
    always(({ policy, backup, empty }, decision) => {
      if (decision.do === "delete")
        expect(decision.backup === true).toBe(policy.dataBearing && backup === true && !empty);
    });
  });

  it("never lets an object go while its resource is there, ours and to be deleted", () => {
    always(({ seen, policy, owner, succeeds }, decision) => {
      if (decision.do !== "release" || !seen.exists || policy.management === "Observe") return;
      if (policy.deletion === "Delete") expect(isOurs(seen.owner, owner, succeeds)).toBe(false);
    });
  });

  it("never lets an object go while its resource, or the marks on it, may be hidden, and looks often", () => {
    always(({ deleting, seen, fresh, unsettledMs = 0 }, decision) => {
      const hidden = !seen.exists || seen.owner === undefined;
      if (!deleting || !hidden || (!fresh && unsettledMs === 0)) return;
      expect(decision).toMatchObject({ do: "wait", reason: "Creating" });
      if (!fresh) expect(decision).toHaveProperty("afterMs", Math.min(unsettledMs, 10_000));
    });
  });

  it("makes no second one where the cloud picks the id and may hide the first", () => {
    always(({ assigned, fresh, unsettledMs = 0 }, decision) => {
      if (assigned && (fresh || unsettledMs > 0)) expect(decision.do).not.toBe("create");
    });
  });

  it("creates only what is absent, and never in the place of what holds data without consent", () => {
    always(({ seen, known, policy, approved, owner, incarnation, fresh }, decision) => {
      if (decision.do !== "create") return;
      expect(seen.exists).toBe(false);
      if (known) expect(fresh).toBe(false);
      if (known && policy.dataBearing) expect(approved).toBe(approval(owner, "recreate", incarnation));
    });
  });

  it("writes nothing when it only observes, is paused or disabled, but for deletion", () => {
    always(({ policy, deleting }, decision) => {
      if (policy.management === "Observe" || (!policy.active && !deleting)) expect(writes(decision)).toBe(false);
    });
  });

  it("updates nothing under CreateOnly", () => {
    always(({ policy, deleting }, decision) => {
      if (policy.management === "CreateOnly" && !deleting) expect(decision.do).not.toBe("update");
    });
  });

  it("corrects drift only when told to", () => {
    always(({ policy }, decision) => {
      if (decision.do === "update" && decision.because === "drift") expect(policy.drift).toBe("Correct");
    });
  });

  it("sends updates to what is at rest, never immutable fields, and at least one", () => {
    always(({ immutable, seen }, decision) => {
      if (decision.do !== "update") return;
      expect(seen).toMatchObject({ exists: true });
      expect(["ready", "failed"]).toContain((seen as Seen).phase);
      expect(decision.changes.length).toBeGreaterThan(0);
      if (decision.because !== "deletion")
        expect(decision.changes.filter((change) => immutable.includes(change.field))).toEqual([]);
    });
  });

  it("has nothing to do where want and actual are equal", () => {
    always((given) => {
      const { want, seen, policy, deleting } = given;
      if (!want || !seen.exists || deleting || !policy.active) return;
      const equal = decide({ ...given, seen: { ...seen, phase: "ready", owner: OWNER, actual: want } });
      expect(equal).toEqual({ do: "none", drift: [] });
    });
  });

  it("always says why it waits, refuses or lets go", () => {
    always((_given, decision) => {
      if ("message" in decision) expect(decision.message.trim().length).toBeGreaterThan(10);
    });
  });
});
