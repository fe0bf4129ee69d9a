import { managedSecret as leaf } from "../../../controllers/leaf/managedsecret.ts";
import type { SecretWant } from "../../../controllers/leaf/wants.ts";
import { type ManagedSecretSpec, managedSecret as schema } from "../../../crds/managedsecret.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { parseState } from "../../../operator/provider/kept-value.ts";
import { stored, TAGS } from "./parse.ts";

const BASE = { generate: {}, recoveryDays: 0, deletionPolicy: "Delete" } as const;
const REVISION = "32-Alphanumeric-1";

const rotation: Edit = {
  title: "rotation",
  spec: { rotation: { every: "720h", overlap: "24h" } },
  fields: ["rotation"],
};
const recovery: Edit = { title: "recovery", spec: { recoveryDays: 14 }, fields: ["recoveryDays"] };
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

/** The fields of Want that differ from the base in what is written beside the value. */
export function stateTouches(text: string | undefined): readonly string[] {
  const state = parseState(text);
  // Of somebody else's value there is nothing to say but that: a mark.
  if (state?.value.from === "External") return [];
  return [
    ...(state?.rotation ? ["rotation"] : []),
    ...(state && state.recoveryDays !== BASE.recoveryDays ? ["recoveryDays"] : []),
    ...(state && state.value.revision !== REVISION ? ["value"] : []),
  ];
}

/** ManagedSecret, as it is on every cloud. What becomes of values has its own cases: secrets.ts. */
export const managedSecret: KindUnderTest<ManagedSecretSpec, SecretWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...BASE, ...over }),
  edits: [
    { title: "another form of the value", spec: { generate: { length: 48 } }, fields: ["value"] },
    rotation,
    recovery,
    tags,
  ],
  optional: [rotation, tags],
  falsy: [{ title: "no recovery", spec: { recoveryDays: 0 }, effective: { recoveryDays: 0 } }],
  immutable: [],
  shows: {
    outputs: ["SECRET_ID", "VERSION"],
    effective: { value: { from: "Generated", revision: REVISION }, recoveryDays: 0, tags: TAGS },
  },
  doesNotApply: {
    L6: "a secret is changed at once: no cloud reports an update that still runs",
    L14: "a secret is made at once: no cloud reports one that is still being made",
    L15: "with recoveryDays 0 the name is free at once; with more it is held: secrets.ts",
    L16: "tried with its value: secrets.ts",
    L20: "it carries our marks as tags or labels: L19",
    L23: "no reply about a secret carries a state that could be new to us",
    L24: "a secret has no parts that come in pages",
    L25: "a generated secret refers to nothing; one with a source: secrets.ts",
    L27: "neither cloud says of a secret that its key is disabled before its value is asked for",
  },
};
