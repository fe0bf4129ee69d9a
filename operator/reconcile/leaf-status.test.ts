import { expect, it } from "vitest";
import { verdicts } from "./leaf-status.ts";

it("what is only observed and need not be there is Ready without it", () => {
  const absent = { kind: "decided", seen: { exists: false }, applied: false, left: [] } as const;
  const ready = verdicts({ ...absent, decision: { do: "none", drift: [], optional: true } }, [], undefined);
  expect(ready).toMatchObject({
    Ready: { status: "True", reason: "Available", message: expect.stringContaining("spec.optional") },
    Synced: { status: "True" },
    Reconciling: null,
    Stalled: null,
  });
  const wait = verdicts({ ...absent, decision: { do: "wait", reason: "NotFound", message: "none" } }, [], undefined);
  expect(wait).toMatchObject({ Ready: { status: "False", reason: "NotFound" } });
});
