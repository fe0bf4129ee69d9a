import type { WorkloadIdentitySpec } from "../../../crds/workloadidentity.ts";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { rightsOnGcp } from "./rights.ts";

const serviceAccountOf = ({ spec }: Subject["object"]): string =>
  (spec as unknown as WorkloadIdentitySpec).serviceAccountRef.name;

/** WorkloadIdentity on GCP: what the principal of a ServiceAccount is granted, wherever that stands. */
export function workloadIdentityOnGcp(gcp: GcpUnderTest): KindOnCloud {
  const { place, who } = gcp;
  const rights = rightsOnGcp(gcp);
  const principal = ({ object }: Subject) =>
    `principal://iam.googleapis.com/projects/${who.accountNumber}/locations/global/workloadIdentityPools/${place.account}.svc.id.goog/subject/ns/${object.metadata.namespace}/sa/${serviceAccountOf(object)}`;
  const rightsOf = (subject: Subject) => rights.of(principal(subject));

  return {
    makes: ["SetIamPolicy", "SetIamPolicy"],
    touches: ({ operation }) => (operation === "SetIamPolicy" ? ["permissions"] : []),
    unmakes: ["SetIamPolicy", "SetIamPolicy"],
    list: async (subject) => ((await rightsOf(subject)).length > 0 ? [{ id: principal(subject) }] : []),
    async snapshot(subject) {
      const held = await rightsOf(subject);
      return held.length > 0 ? held : undefined;
    },
    tamper: { permissions: (subject) => rights.takeBack(principal(subject), (all) => all.slice(0, 1)) },
    async createForeign() {
      throw new Error("There is no identity of somebody else: rights of a principal are told from nothing else.");
    },
    remove: (subject) => rights.takeBack(principal(subject), (all) => all),
  };
}
