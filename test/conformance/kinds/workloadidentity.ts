import type { IdentityWant } from "../../../controllers/leaf/wants.ts";
import { workloadIdentity as leaf } from "../../../controllers/leaf/workloadidentity.ts";
import { workloadIdentity as schema, type WorkloadIdentitySpec } from "../../../crds/workloadidentity.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const consume = { kind: "Queue", name: "jobs", access: "Consume" } as const;
const produce = { kind: "Queue", name: "jobs", access: "Produce" } as const;
const BASE = { serviceAccountRef: { name: "worker" }, grants: [consume, produce] };

const less: Edit = { title: "one grant less", spec: { grants: [consume] }, fields: ["permissions"] };
const tags: Edit = {
  title: "tags",
  spec: { tags: { ...TAGS, team: "core" } },
  fields: ["tags"],
  nothingOn: { gcp: "identity-marks: a principal is a name, and policies carry no labels" },
};

/** WorkloadIdentity, as it is on every cloud. */
export const workloadIdentity: KindUnderTest<WorkloadIdentitySpec, IdentityWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...BASE, ...over }),
  // A ServiceAccount has one identity.
  own: (name) => ({ serviceAccountRef: { name } }),
  edits: [less, { title: "the other grant", spec: { grants: [produce] }, fields: ["permissions"] }, tags],
  optional: [less],
  falsy: [{ title: "no grant at all", spec: { grants: [] }, effective: { permissions: [] } }],
  immutable: [],
  referring: {},
  shows: { outputs: ["IDENTITY"], effective: { serviceAccount: { name: "worker" } } },
  doesNotApply: {
    L6: "an identity is changed at once: no cloud reports an update that still runs",
    L14: "an identity is made at once",
    L15: "its name is free at once on both clouds",
    L16: "no cloud keeps a deleted identity for a while",
    L23: "no reply about an identity carries a state that could be new to us",
    L27: "nothing of an identity is encrypted by a key of the customer",
    "L8 gcp": "identity-marks: what grants a principal a right is told from nothing else; there is no foreign identity",
    "L19 gcp":
      "identity-marks: what grants a principal a right is told from nothing else; there is no foreign identity",
    "L20 gcp": "identity-marks: what the footprint in status names is ours, and nothing else is looked at",
    "L28 gcp":
      "identity-marks: what was granted stands in the footprint in status, and without status is made anew from spec",
  },
};
