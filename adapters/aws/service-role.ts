import { isDeepStrictEqual } from "node:util";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject, shortHash, type Tags } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { linesOf, type PolicyDocument } from "./policy.ts";
import { type Role, roles } from "./role.ts";
import { tagChanges, tagsToCreate } from "./tags.ts";

const ROLE_NAME_LENGTH = 64;

/** Name of the one role that a resource of that name works with, ending in what it does: of no use to anything else. */
export function roleNameOf(resource: string, ending: string): string {
  const room = ROLE_NAME_LENGTH - ending.length;
  const head = resource.length <= room ? resource : `${resource.slice(0, room - 9)}-${shortHash(resource, 8)}`;
  return head + ending;
}

/** A service may take the role for this one source and account only, so that nobody else's can use it. */
export const trustIn = (service: string, source: string, account: string): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "aws:SourceAccount": account, "aws:SourceArn": source } },
    },
  ],
});

/** What a role of ours should be. */
export interface RoleWant {
  readonly trust: PolicyDocument;
  /** Undefined: it may do nothing. */
  readonly policy: PolicyDocument | undefined;
  readonly tags: Tags;
}

/**
 * Roles that services of AWS act with for a resource of ours: one a resource, named after it, with just the rights that it
 * needs.
 *
 * @param does what the role does, after `the role that`; `may` what is allowed to it, after `let the role`
 */
export function serviceRoles(aws: Pick<Aws, "iam" | "place" | "arn">, does: string, may: string) {
  const role = roles(aws);
  const path = `/onyx/${aws.place.environment}/`;
  const boundary = aws.place.permissionsBoundary;

  /** What a create found in its place must be ours: then a crash left it there. */
  async function own(name: string, call: Call): Promise<void> {
    const found = await role.find(name, call);
    if (!found) throw new ProviderError("transient", `IAM role ${name} is being made or deleted`, { code: "NotYet" });
    const owner = ownerOf(found.tags);
    if (owner && sameObject(owner, call.owner)) return;
    throw new ProviderError("conflict", `IAM role ${name} exists and does not carry our marks`, {
      code: "EntityAlreadyExists",
    });
  }

  return {
    boundary,
    arnOf: (name: string): string => aws.arn("iam", `role${path}${name}`),
    find: role.find,
    permissions: role.permissions,
    remove: role.remove,

    /** The role with just these rights, for just this service. */
    async ensure(name: string, { trust, policy, tags }: RoleWant, found: Role | undefined, call: Call): Promise<void> {
      const wanted = [...(policy ? linesOf(policy) : [])].sort();
      if (!found) {
        const made = await step(`make the role that ${does}`, () =>
          role.create({ name, path, trust, boundary, tags: tagsToCreate(tags, call.owner) }, call),
        );
        if (made === undefined) await own(name, call);
      } else if (!isDeepStrictEqual([...found.trust].sort(), linesOf(trust)))
        await step("set who may take the role", () => role.setTrust(name, trust, call));
      if (found && found.boundary !== boundary)
        await step("set its permissions boundary", () => role.setBoundary(name, boundary, call));
      const live = found ? await role.permissions(name, call) : [];
      if (isDeepStrictEqual(live, wanted)) return;
      await step(`let the role ${may}`, () => role.setPolicy(name, policy, call));
      await step("take off other policies", () => role.removeForeign(name, live, call));
    },

    async setTags(name: string, tags: Tags, found: Role, call: Call): Promise<void> {
      const { set, remove } = tagChanges(found.tags, tags, call.owner);
      if (Object.keys(set).length > 0) await step("set tags", () => role.tag(name, set, call));
      if (remove.length > 0) await step("remove tags", () => role.untag(name, remove, call));
    },

    async adopt(name: string, call: Call): Promise<void> {
      if (await role.find(name, call)) await role.tag(name, ownerTags(call.owner), call);
    },

    release: (name: string, call: Call): Promise<void> => role.untag(name, [...HOLDER_MARKS], call),
  };
}
