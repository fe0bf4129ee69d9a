import { encryptionKey as leaf } from "../../../controllers/leaf/encryptionkey.ts";
import type { EncryptionKeyWant } from "../../../controllers/leaf/wants.ts";
import { type EncryptionKeySpec, encryptionKey as schema } from "../../../crds/encryptionkey.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

/** EncryptionKey, as it is on every cloud. */
export const encryptionKey: KindUnderTest<EncryptionKeySpec, EncryptionKeyWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, deletionPolicy: "Delete", ...over }),
  edits: [
    { title: "rotation", spec: { rotationDays: 90 }, fields: ["rotationDays"] },
    { title: "no rotation", spec: { rotation: "Never" }, fields: ["rotationDays"] },
    { title: "disabled", spec: { state: "Disabled" }, fields: ["state"] },
    tags,
  ],
  optional: [tags],
  falsy: [{ title: "no tags", spec: { tags: {} }, effective: { tags: {} } }],
  immutable: [
    { spec: { deletionWindowDays: 14 }, field: "deletionWindowDays", on: ["gcp"] },
    { spec: { overrides: { aws: { multiRegion: true } }, portability: "Warn" }, field: "overrides", on: ["aws"] },
    { spec: { overrides: { gcp: { protectionLevel: "HSM" } }, portability: "Warn" }, field: "overrides", on: ["gcp"] },
  ],
  many: { tags: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`tag-${n}`, `value-${n}`])) },
  shows: {
    outputs: ["KEY_ID", "REGION"],
    effective: { rotationDays: 365, deletionWindowDays: 30, state: "Enabled", tags: TAGS },
  },
  doesNotApply: {
    L6: "a key is changed at once: no cloud reports an update that still runs",
    L12: "a key can't be taken away at once: its deletion is scheduled, which is taken back (L16)",
    L14: "a symmetric key is made at once",
    L20: "it carries our marks as tags or labels (L19); its alias is judged by the key behind it (L8)",
    L25: "a key refers to nothing",
    L27: "a key is encrypted by none",
  },
};
