import { z } from "zod";
import type { GrantableKind } from "./access.ts";
import { ACCESS, access, accessFits, grantableKind } from "./access.ts";
import { boundaryArn } from "./aws-arn.ts";
import { leafColumns } from "./columns.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { localReference } from "./refs.ts";
import { immutable, withRules } from "./rules.ts";
import { mapList, objectName } from "./text.ts";

const kinds = Object.keys(ACCESS) as readonly GrantableKind[];

const grant = withRules(
  z.strictObject({
    kind: grantableKind().describe("Kind of the resource."),
    name: objectName().describe("Name of the resource, in the namespace of this object."),
    access: access(),
  }),
  ...kinds.map((kind) => ({
    rule: `self.kind != '${kind}' || ${accessFits(kind)}`,
    message: `access to a ${kind} is one of ${ACCESS[kind].join(", ")}`,
    fieldPath: ".access",
  })),
);

const spec = leafSpec(
  {
    serviceAccountRef: localReference("ServiceAccount").describe(
      "The ServiceAccount whose pods get the rights, in the namespace of this object. It can't be changed.",
    ),
    grants: mapList(grant, 200, "kind", "name", "access")
      .optional()
      .describe(
        "What it may do: just these rights on just these resources. An OnyxService computes them from its bindings.",
      ),
  },
  {
    aws: {
      permissionsBoundary: boundaryArn()
        .optional()
        .describe(
          "ARN of the IAM policy that bounds the role. Absent: that of the Environment; where it has one, no other can be given.",
        ),
    },
    gcp: {},
  },
  immutable("serviceAccountRef", "it says whose identity this is; make a new WorkloadIdentity instead"),
);

export const workloadIdentity = defineKind({
  kind: "WorkloadIdentity",
  plural: "workloadidentities",
  shortNames: ["oxwi"],
  scope: "Namespaced",
  role: "leaf",
  doc: `What the pods of one ServiceAccount may do in the cloud, without keys.

AWS: an IAM role with one policy, bound by EKS Pod Identity or by the cluster's OIDC issuer (IRSA).
GCP: roles bound to the ServiceAccount's principal of Workload Identity Federation, on each resource itself where the
cloud can do that.`,
  spec,
  status: leafStatus(),
  columns: leafColumns({
    name: "Service-Account",
    type: "string",
    jsonPath: ".spec.serviceAccountRef.name",
    description: "Whose identity it is.",
    priority: 1,
  }),
  selectableFields: [...leafSelectableFields, ".spec.serviceAccountRef.name"],
});

export type WorkloadIdentitySpec = SpecOf<typeof workloadIdentity>;
export type WorkloadIdentityStatus = StatusOf<typeof workloadIdentity>;
export type WorkloadIdentityObject = ObjectOf<typeof workloadIdentity>;
