import { z } from "zod";
import { leafColumns } from "./columns.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { limits } from "./limits.ts";
import { numberRange, numberWithin } from "./ranges.ts";
import { immutable } from "./rules.ts";

const limit = limits.encryptionkey;

const spec = leafSpec(
  {
    rotationDays: numberWithin(limit.rotationDays)
      .default(limit.rotationDays.portable.default)
      .describe(
        "After how many days the cloud makes new key material. What was encrypted before stays readable, and the key's id stays the same.",
      ),
    rotation: z
      .enum(["Regular", "Never"])
      .default("Regular")
      .describe(
        "Regular: after rotationDays. Never: the cloud never makes new key material by itself, whatever rotationDays says.",
      ),
    deletionWindowDays: numberWithin(limit.deletionWindowDays)
      .default(limit.deletionWindowDays.portable.default)
      .describe(
        "How many days a deleted key can still be brought back: by making this object again. Fixed once the key is made.",
      ),
    state: z
      .enum(["Enabled", "Disabled"])
      .default("Enabled")
      .describe(
        "Disabled: nothing can be encrypted or decrypted with it, so what it protects can't be read, until it is Enabled again.",
      ),
  },
  {
    aws: {
      multiRegion: z
        .boolean()
        .optional()
        .describe("A primary key of which replicas can be made in other regions. Fixed once the key is made."),
      keyPolicy: z
        .enum(["Managed", "Unmanaged"])
        .optional()
        .describe(
          "Managed, or absent: the key's policy holds two statements of ours beside those of others: for the account's IAM policies, and for services of AWS that send into what the key encrypts. Unmanaged: none; somebody else's statements have to allow it, and those who manage the key.",
        ),
    },
    gcp: {
      protectionLevel: z
        .enum(["Software", "HSM"])
        .optional()
        .describe(
          "Where Google keeps the key material. AWS keeps it in hardware security modules always. Fixed once the key is made.",
        ),
    },
  },
  numberRange("rotationDays", limit.rotationDays),
  numberRange("deletionWindowDays", limit.deletionWindowDays),
  immutable("deletionWindowDays", "Google Cloud fixes it when the key is made; make a new key"),
);

export const encryptionKey = defineKind({
  kind: "EncryptionKey",
  plural: "encryptionkeys",
  shortNames: ["oxk"],
  scope: "Namespaced",
  role: "leaf",
  stateful: true,
  doc: `A key of yours that encrypts other resources, or data of a service.

AWS: a symmetric KMS key with an alias. GCP: a symmetric crypto key in the key ring of the Environment.
Other kinds use it by encryption.keyRef; a service encrypts with it by a binding with access Use. Losing a key loses what it
encrypted: it is retained by default, is not deleted while an object refers to it, and a deleted one can be brought back for
deletionWindowDays.`,
  spec,
  status: leafStatus(),
  columns: leafColumns(
    {
      name: "Rotation-Days",
      type: "integer",
      jsonPath: ".spec.rotationDays",
      description: "After how many days it gets new key material.",
      priority: 1,
    },
    { name: "State", type: "string", jsonPath: ".spec.state", description: "Whether it can be used.", priority: 1 },
  ),
  selectableFields: leafSelectableFields,
});

export type EncryptionKeySpec = SpecOf<typeof encryptionKey>;
export type EncryptionKeyStatus = StatusOf<typeof encryptionKey>;
export type EncryptionKeyObject = ObjectOf<typeof encryptionKey>;
