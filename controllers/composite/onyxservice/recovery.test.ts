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

  it("says what it did not check", () => {
    expect(told({ recovery: { rto: "2h" } })?.message).toContain("less than 2h hangs on the amount of data");
  });
});
