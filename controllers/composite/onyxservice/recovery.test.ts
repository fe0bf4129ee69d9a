import { describe, expect, it } from "vitest";
import { type OnyxServiceSpecInput, onyxService } from "../../../crds/onyxservice.ts";
import type { Resolved } from "../../../operator/reconcile/composite-object.ts";
import { recoveryVerdicts } from "./recovery.ts";

const table = (effective: object, spec: object = {}): Resolved => ({ outputs: {}, effective: { ...effective }, spec });
const GOOD = { pointInTimeRecoveryDays: 7, deletionProtection: true };
const ORDERS = [{ table: "orders", access: "ReadWrite" as const }];

function told(over: Partial<OnyxServiceSpecInput>, found: Resolved = table(GOOD)) {
  const spec = onyxService.spec.parse({ image: "orders:1", bindings: ORDERS, ...over });
  return recoveryVerdicts(spec, { namespace: "shop", reference: () => found }).RecoveryMet;
}

describe("RecoveryMet", () => {
  it.each<[string, Partial<OnyxServiceSpecInput>, Resolved, string | undefined]>([
    ["Standard asks for nothing", {}, table({}), undefined],
    [
      "without data nothing is asked",
      { tier: "Critical", bindings: [{ queue: "jobs", access: "Consume" }] },
      table({}),
      undefined,
    ],
    [
      "a workflow holds no data",
      { tier: "Critical", bindings: [{ workflow: "fulfil-order", access: "Start" }] },
      table({}),
      undefined,
    ],
    ["Critical, met", { tier: "Critical" }, table(GOOD), "True"],
    ["Critical, recovery off", { tier: "Critical" }, table({ ...GOOD, pointInTimeRecoveryDays: undefined }), "False"],
    ["Critical, too few days", { tier: "Critical" }, table({ ...GOOD, pointInTimeRecoveryDays: 6 }), "False"],
    ["Critical, unprotected", { tier: "Critical" }, table({ ...GOOD, deletionProtection: false }), "False"],
    ["Critical, to be deleted", { tier: "Critical" }, table(GOOD, { deletionPolicy: "Delete" }), "False"],
    ["Important, met with one day", { tier: "Important" }, table({ pointInTimeRecoveryDays: 1 }), "True"],
    ["Important, recovery off", { tier: "Important" }, table({}), "False"],
    ["rpo, met", { recovery: { rpo: "5m" } }, table({ pointInTimeRecoveryDays: 1 }), "True"],
    ["rpo, recovery off", { recovery: { rpo: "1h" } }, table({}), "False"],
    ["rpo that no cloud has", { recovery: { rpo: "1m" } }, table(GOOD), "False"],
    ["rto, recovery off", { recovery: { rto: "1h" } }, table({}), "False"],
    ["not ready", { tier: "Critical" }, { pending: { reason: "DependencyNotReady", message: "Not yet." } }, "Unknown"],
  ])("%s", (_title, over, found, expected) => {
    expect(told(over, found)?.status).toBe(expected);
  });

  const KEPT = { versioning: true, softDeleteDays: 0, retention: null };
  const short = { lifecycle: [{ name: "old", action: "ExpireNoncurrent", days: 3 }], versioning: true };
  it.each<[string, OnyxServiceSpecInput["tier"], object, object, string[]]>([
    ["versions", "Critical", KEPT, {}, []],
    [
      "versions, and a rule that takes them later",
      "Critical",
      KEPT,
      { ...short, lifecycle: [{ ...short.lifecycle[0], days: 7 }] },
      [],
    ],
    ["versions that go too soon", "Critical", KEPT, short, ["spec.lifecycle[old].days: 7 or more"]],
    ["versions that go soon enough", "Important", KEPT, short, []],
    ["soft delete", "Critical", { ...KEPT, versioning: false, softDeleteDays: 7 }, {}, []],
    ["retention", "Critical", { ...KEPT, versioning: false, retention: { days: 30 } }, {}, []],
    ["nothing", "Important", { ...KEPT, versioning: false }, {}, ["spec.versioning: true or spec.softDeleteDays: 7"]],
    [
      "versions, to be deleted",
      "Critical",
      KEPT,
      { deletionPolicy: "Delete" },
      ["spec.deletionPolicy: Retain or Block"],
    ],
    [
      "all of it missing",
      "Critical",
      { ...KEPT, versioning: false },
      { deletionPolicy: "Delete" },
      ["spec.versioning: true or spec.softDeleteDays: 7", "spec.deletionPolicy: Retain or Block"],
    ],
  ])("of a bucket: %s", (_title, tier, effective, spec, missing) => {
    const bindings = [{ bucket: "media", access: "Read" as const }];
    const verdict = told({ tier, bindings }, table(effective, spec));
    expect(verdict?.status).toBe(missing.length === 0 ? "True" : "False");
    if (missing.length > 0)
      expect(verdict?.message).toBe(`For spec.tier ${tier}: Bucket shop/media needs ${missing.join(", ")}.`);
  });

  it.each<[string, OnyxServiceSpecInput["tier"], "secret" | "key", object, object, string[]]>([
    ["a secret that can be had back", "Critical", "secret", { recoveryDays: 7 }, {}, []],
    ["a secret that is gone at once", "Critical", "secret", { recoveryDays: 0 }, {}, ["spec.recoveryDays: 7 or more"]],
    ["the same for a day", "Important", "secret", { recoveryDays: 0 }, {}, ["spec.recoveryDays: 7 or more"]],
    [
      "a secret to be deleted",
      "Critical",
      "secret",
      { recoveryDays: 30 },
      { deletionPolicy: "Delete" },
      ["spec.deletionPolicy: Retain or Block"],
    ],
    ["a key", "Critical", "key", {}, {}, []],
    [
      "a key to be deleted",
      "Critical",
      "key",
      {},
      { deletionPolicy: "Delete" },
      ["spec.deletionPolicy: Retain or Block"],
    ],
    ["a key to be deleted, where that is not asked", "Important", "key", {}, { deletionPolicy: "Delete" }, []],
  ])("of %s", (_title, tier, field, effective, spec, missing) => {
    const binding =
      field === "key" ? { key: "main", access: "Use" as const } : { secret: "main", access: "Read" as const };
    const verdict = told({ tier, bindings: [binding] }, table(effective, spec));
    expect(verdict?.status).toBe(missing.length === 0 ? "True" : "False");
    const kind = field === "key" ? "EncryptionKey" : "ManagedSecret";
    if (missing.length > 0)
      expect(verdict?.message).toBe(`For spec.tier ${tier}: ${kind} shop/main needs ${missing.join(", ")}.`);
  });

  it("a bucket alone has any rpo", () => {
    const bindings = [{ bucket: "media", access: "Read" as const }];
    expect(told({ recovery: { rpo: "1m" }, bindings }, table(KEPT))?.status).toBe("True");
  });

  it("names the object, the field and the value that is missing, all of them, and each table once", () => {
    const bindings = [
      ...ORDERS,
      { table: "orders", access: "Read" as const },
      { table: "bills", access: "Read" as const },
    ];
    expect(told({ tier: "Critical", bindings }, table({}))).toEqual({
      status: "False",
      reason: "NotRecoverable",
      message:
        "For spec.tier Critical: Table shop/orders needs spec.pointInTimeRecovery.days: 7 or more, spec.deletionProtection: true. Table shop/bills needs spec.pointInTimeRecovery.days: 7 or more, spec.deletionProtection: true.",
    });
  });

  it("an Environment that has what holds data deleted is no way round it", () => {
    const found = { ...table(GOOD), deletionDefault: "Delete" };
    expect(told({ tier: "Critical" }, found)?.message).toBe(
      "For spec.tier Critical: Table shop/orders needs spec.deletionPolicy: Retain or Block.",
    );
    const said = { ...table(GOOD, { deletionPolicy: "Retain" }), deletionDefault: "Delete" };
    expect(told({ tier: "Critical" }, said)?.status).toBe("True");
    expect(told({ tier: "Important" }, found)?.status).toBe("True");
  });

  it("says what it did not check", () => {
    expect(told({ recovery: { rto: "2h" } })?.message).toContain("less than 2h hangs on the amount of data");
  });
});
