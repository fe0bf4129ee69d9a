import type { GcpUnderTest } from "./cloud.ts";
import { unlessGone } from "./queue.ts";

interface Binding {
  readonly role?: string | null;
  readonly members?: string[] | null;
}
type Policy = { bindings?: Binding[] | null };

/** What a member of policies is granted, wherever that stands. */
export interface RightsOnGcp {
  /** As `<role> on <resource>`, sorted. */
  of(member: string): Promise<string[]>;
  /** Takes away all that it holds on the resources that `pick` leaves of those where it holds something. */
  takeBack(member: string, pick: (resources: string[]) => string[]): Promise<void>;
}

export function rightsOnGcp({ eyes, byOthers, place }: GcpUnderTest): RightsOnGcp {
  const { publisher, subscriber, projects } = eyes;
  const project = `projects/${place.account}`;

  /** Every policy that a right can stand in, by the resource. */
  async function policies(): Promise<Map<string, Policy>> {
    const [topics] = await publisher.listTopics({ project });
    const [subscriptions] = await subscriber.listSubscriptions({ project });
    const found = new Map<string, Policy>();
    for (const { name } of [...topics, ...subscriptions]) {
      // The client's type asks for an instance of a class that it doesn't export.
      const [policy] = (await unlessGone(publisher.getIamPolicy({ resource: name } as never))) ?? [];
      if (name && policy) found.set(name, policy);
    }
    const [own] = await projects.getIamPolicy({ resource: project });
    return found.set(project, own);
  }

  return {
    of: async (member) =>
      [...(await policies())]
        .flatMap(([resource, { bindings }]) =>
          (bindings ?? []).flatMap(({ role, members }) =>
            members?.includes(member) ? [`${role} on ${resource}`] : [],
          ),
        )
        .sort(),
    async takeBack(member, pick) {
      const all = await policies();
      const held = [...all].filter(([, { bindings }]) => bindings?.some(({ members }) => members?.includes(member)));
      for (const resource of pick(held.map(([name]) => name)))
        await byOthers(async () => {
          const policy = all.get(resource);
          const bindings = (policy?.bindings ?? []).map((one) => ({
            ...one,
            members: one.members?.filter((other) => other !== member) ?? [],
          }));
          await eyes.setPolicy(resource, { ...policy, bindings: bindings.filter(({ members }) => members.length > 0) });
        });
    },
  };
}
