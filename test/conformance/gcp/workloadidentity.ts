import type { WorkloadIdentitySpec } from "../../../crds/workloadidentity.ts";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { unlessGone } from "./queue.ts";

interface Binding {
  readonly role?: string | null;
  readonly members?: string[] | null;
}

const serviceAccountOf = ({ spec }: Subject["object"]): string =>
  (spec as unknown as WorkloadIdentitySpec).serviceAccountRef.name;

/** WorkloadIdentity on GCP: what the principal of a ServiceAccount is granted, wherever that stands. */
export function workloadIdentityOnGcp({ eyes, byOthers, place, who }: GcpUnderTest): KindOnCloud {
  const { publisher, subscriber, projects } = eyes;
  const project = `projects/${place.account}`;
  const principal = ({ object }: Subject) =>
    `principal://iam.googleapis.com/projects/${who.accountNumber}/locations/global/workloadIdentityPools/${place.account}.svc.id.goog/subject/ns/${object.metadata.namespace}/sa/${serviceAccountOf(object)}`;

  /** Every policy that a right can stand in, by the resource. */
  async function policies(): Promise<Map<string, { bindings?: Binding[] | null }>> {
    const [topics] = await publisher.listTopics({ project });
    const [subscriptions] = await subscriber.listSubscriptions({ project });
    const found = new Map<string, { bindings?: Binding[] | null }>();
    for (const { name } of [...topics, ...subscriptions]) {
      // The client's type asks for an instance of a class that it doesn't export.
      const [policy] = (await unlessGone(publisher.getIamPolicy({ resource: name } as never))) ?? [];
      if (name && policy) found.set(name, policy);
    }
    const [own] = await projects.getIamPolicy({ resource: project });
    return found.set(project, own);
  }
  const rights = async (subject: Subject): Promise<string[]> => {
    const member = principal(subject);
    return [...(await policies())]
      .flatMap(([resource, { bindings }]) =>
        (bindings ?? []).flatMap(({ role, members }) => (members?.includes(member) ? [`${role} on ${resource}`] : [])),
      )
      .sort();
  };
  const takeBack = async (subject: Subject, resources: (all: string[]) => string[]) => {
    const member = principal(subject);
    const all = await policies();
    const held = [...all].filter(([, { bindings }]) => bindings?.some(({ members }) => members?.includes(member)));
    for (const resource of resources(held.map(([name]) => name)))
      await byOthers(async () => {
        const policy = all.get(resource);
        const bindings = (policy?.bindings ?? []).map((one) => ({
          ...one,
          members: one.members?.filter((other) => other !== member) ?? [],
        }));
        await eyes.setPolicy(resource, { ...policy, bindings: bindings.filter(({ members }) => members.length > 0) });
      });
  };

  return {
    makes: ["SetIamPolicy", "SetIamPolicy"],
    touches: ({ operation }) => (operation === "SetIamPolicy" ? ["permissions"] : []),
    unmakes: ["SetIamPolicy", "SetIamPolicy"],
    list: async (subject) => ((await rights(subject)).length > 0 ? [{ id: principal(subject) }] : []),
    async snapshot(subject) {
      const held = await rights(subject);
      return held.length > 0 ? held : undefined;
    },
    tamper: { permissions: (subject) => takeBack(subject, (all) => all.slice(0, 1)) },
    async createForeign() {
      throw new Error("There is no identity of somebody else: rights of a principal are told from nothing else.");
    },
    remove: (subject) => takeBack(subject, (all) => all),
  };
}
