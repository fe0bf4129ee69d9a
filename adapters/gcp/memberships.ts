/** Rights as memberships in the allow policies of what they are rights on: looked up, given and taken back. */
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import type { Gcp } from "./gcp.ts";
import { membershipOf, policyPlace, type Right } from "./grants.ts";
import { holds, type Policy, type PolicyEditor, withMember, withoutMember } from "./policy.ts";

/** A right of one member, as policies name members: `principal://…`, `serviceAccount:<email>`. */
export interface Held {
  readonly right: Right;
  readonly member: string;
}

export interface Memberships {
  /** Those that stand in their policies. What a right is on may be gone: nobody holds it then. */
  standing<One extends Held>(all: readonly One[], signal: AbortSignal): Promise<readonly One[]>;
  /** Adds and removes, one write a policy. A policy that is gone needs nothing removed. @throws ProviderError */
  change(add: readonly Held[], remove: readonly Held[], signal: AbortSignal): Promise<void>;
}

type Needs = Pick<
  Gcp,
  "place" | "projectPolicies" | "secretPolicies" | "storagePolicies" | "kmsPolicies" | "pubsubPolicies"
>;

export function createMemberships(gcp: Needs): Memberships {
  const editorOf = (resource: string): PolicyEditor => {
    if (/^projects\/[^/]+$/.test(resource)) return gcp.projectPolicies;
    if (resource.includes("/secrets/")) return gcp.secretPolicies;
    if (resource.includes("/buckets/")) return gcp.storagePolicies;
    return resource.includes("/cryptoKeys/") ? gcp.kmsPolicies : gcp.pubsubPolicies;
  };

  async function policyOrNone(resource: string, signal: AbortSignal): Promise<Policy> {
    try {
      return await editorOf(resource).read(resource, signal);
    } catch (error) {
      if (isGone(error)) return {};
      throw error;
    }
  }

  return {
    async standing(all, signal) {
      const byResource = [...Map.groupBy(all, resourceOf)];
      const found = await sideBySide(
        byResource.map(async ([resource, here]) => {
          const policy = await policyOrNone(resource, signal);
          return here.filter(({ right, member }) => holds(policy, membershipOf(right, member)));
        }),
      );
      return found.flat();
    },
    async change(add, remove, signal) {
      for (const resource of new Set([...add, ...remove].map(resourceOf))) {
        const adding = add.filter((one) => resourceOf(one) === resource);
        const removing = remove.filter((one) => resourceOf(one) === resource);
        const edit = (policy: Policy) => {
          const less = removing.reduce(
            (now, { right, member }) => withoutMember(now, membershipOf(right, member)),
            policy,
          );
          return adding.reduce((now, { right, member }) => withMember(now, membershipOf(right, member)), less);
        };
        await step(`${adding.length > 0 ? "grant rights" : "take back rights"} on ${resource}`, async () => {
          try {
            await editorOf(resource).edit(resource, edit, signal);
          } catch (error) {
            if (adding.length > 0 || !isGone(error)) throw explainMissingRole(error, gcp.place.account);
          }
        });
      }
    },
  };
}

const resourceOf = ({ right }: Held): string => policyPlace(right).resource;

const isGone = (error: unknown): boolean => error instanceof ProviderError && error.fault === "notFound";

/** Our roles are made at install; a project that lacks them gets an error that says how to make them. */
function explainMissingRole(error: unknown, project: string): unknown {
  if (!(error instanceof ProviderError) || error.fault !== "invalid") return error;
  const [role] = /projects\/[^\s/]+\/roles\/onyx\.\w+/.exec(error.message) ?? [];
  if (!role || !/does not exist|not supported|not valid/i.test(error.message)) return error;
  return new ProviderError(
    "denied",
    `The role ${role} does not exist. Make the operator's roles with: node adapters/gcp/install.ts --project ${project}`,
    { code: error.code, cause: error.cause },
  );
}
