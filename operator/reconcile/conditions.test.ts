import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONDITION_TYPES, condition, mergeConditions, type Verdict, type Verdicts } from "./conditions.ts";
import { REASONS, type Reason } from "./reasons.ts";

const at = (second: number) => () => new Date(Date.UTC(2026, 0, 5, 10, 0, second, 250));
const ready = (status: Verdict["status"], message = "m", reason: Reason = "Available"): Verdicts => ({
  Ready: { status, reason, message },
});
const verdict: fc.Arbitrary<Verdict> = fc.record({
  status: fc.constantFrom("True", "False", "Unknown"),
  reason: fc.constantFrom(...(Object.keys(REASONS) as Reason[])),
  message: fc.string({ unit: "binary", maxLength: 1500 }),
});
const verdicts: fc.Arbitrary<Verdicts> = fc.dictionary(
  fc.constantFrom(...CONDITION_TYPES),
  fc.option(verdict, { nil: null }),
) as fc.Arbitrary<Verdicts>;

describe("mergeConditions", () => {
  it("writes the time in whole seconds, as Kubernetes keeps it", () => {
    expect(mergeConditions([], ready("True"), 3, at(1))).toEqual([
      {
        type: "Ready",
        status: "True",
        reason: "Available",
        message: "m",
        observedGeneration: 3,
        lastTransitionTime: "2026-01-05T10:00:01Z",
      },
    ]);
  });

  it("moves the transition time with status alone", () => {
    const first = mergeConditions([], ready("True"), 1, at(1));
    const reworded = mergeConditions(first, ready("True", "other", "Updating"), 2, at(2));
    expect(reworded[0]).toMatchObject({ message: "other", lastTransitionTime: "2026-01-05T10:00:01Z" });
    const turned = mergeConditions(reworded, ready("False"), 2, at(3));
    expect(turned[0]).toMatchObject({ status: "False", lastTransitionTime: "2026-01-05T10:00:03Z" });
  });

  it("takes away what is null and keeps what is not named, with the generation it spoke of", () => {
    const first = mergeConditions(
      [],
      { ...ready("True"), Stalled: { status: "True", reason: "Conflict", message: "" } },
      1,
      at(1),
    );
    const next = mergeConditions(first, { Stalled: null }, 2, at(2));
    expect(next).toEqual([first[0]]);
    expect(next[0]?.observedGeneration).toBe(1);
  });

  it("keeps conditions that aren't ours", () => {
    const theirs = {
      type: "Audited",
      status: "True",
      reason: "Ok",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    } as const;
    expect(mergeConditions([theirs], ready("True"), 1, at(1)).map((one) => one.type)).toEqual(["Ready", "Audited"]);
  });

  it("says the same after the same pass again, at any time", () => {
    fc.assert(
      fc.property(verdicts, verdicts, fc.nat(50), (before, now, generation) => {
        const start = mergeConditions([], before, 1, at(0));
        const once = mergeConditions(start, now, generation, at(1));
        expect(mergeConditions(once, now, generation, at(59))).toEqual(once);
      }),
    );
  });

  it("writes only what comes back from an API server as it was: short and well-formed", () => {
    fc.assert(
      fc.property(verdict, (one) => {
        const [made] = mergeConditions([], { Ready: one }, 1, at(0));
        expect(made?.message.length).toBeLessThanOrEqual(1024);
        expect(made?.message.isWellFormed()).toBe(true);
        if (one.message.length <= 1024 && one.message.isWellFormed()) expect(made?.message).toBe(one.message);
      }),
    );
    const cut = mergeConditions([], ready("True", `${"x".repeat(1022)}😀tail`), 1, at(0))[0]?.message ?? "";
    expect(cut.isWellFormed()).toBe(true);
    expect(cut.endsWith("…")).toBe(true);
  });

  it("holds one condition a type, in one order", () => {
    fc.assert(
      fc.property(fc.array(verdicts, { maxLength: 4 }), (passes) => {
        const last = passes.reduce<ReturnType<typeof mergeConditions>>(
          (before, one, i) => mergeConditions(before, one, i, at(i)),
          [],
        );
        expect(last.map((one) => one.type)).toEqual(CONDITION_TYPES.filter((type) => condition(last, type)));
      }),
    );
  });
});
