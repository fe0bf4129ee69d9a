import type { EncryptionKeySpec } from "../../crds/encryptionkey.ts";
import type { Leaf } from "../../operator/reconcile/leaf-object.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import type { EncryptionKeyWant } from "./wants.ts";

/** A symmetric key: KMS, or Cloud KMS. */
export const encryptionKey: Leaf<EncryptionKeySpec, EncryptionKeyWant> = {
  kind: "EncryptionKey",
  dataBearing: true,
  holds: "all that is encrypted with it",
  keptDays: ({ deletionWindowDays = 0 }) => deletionWindowDays,
  heldByUsers: true,
  // The id of a crypto key.
  nameLimit: 63,
  flaw: ({ rotation, rotationDays }) => {
    if (rotation !== "Regular" && rotation !== "Never")
      return `rotation: is ${JSON.stringify(rotation)}, and should be Regular or Never; apply the object again`;
    return Number.isInteger(rotationDays)
      ? undefined
      : `rotationDays: is ${JSON.stringify(rotationDays)}, and should be whole days; apply the object again`;
  },
  references: () => [],
  want: (spec, given) => ({
    rotationDays: spec.rotation === "Never" ? 0 : spec.rotationDays,
    deletionWindowDays: spec.deletionWindowDays,
    state: spec.state,
    access: [],
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
  specOf: ({ rotationDays, deletionWindowDays, state, access, overrides }, naming) => ({
    rotationDays: rotationDays || undefined,
    rotation: rotationDays === 0 ? "Never" : undefined,
    deletionWindowDays: deletionWindowDays || undefined,
    state: state === "Disabled" ? state : "Enabled",
    overrides: overridesSpec(
      naming.cloud === "aws" && access?.length === 0 ? { ...overrides, keyPolicy: "Unmanaged" } : overrides,
      naming.cloud,
    ),
  }),
};
