import { isDeepStrictEqual } from "node:util";
import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { roleNameOf, sendPolicy } from "./eventrule-shape.ts";
import { linesOf, type PolicyDocument } from "./policy.ts";
import { type Role, roles } from "./role.ts";
import { tagChanges, tagsToCreate } from "./tags.ts";

/**
 * The roles that rules send with: one a rule, named after it, that may send to its target and nothing else. What the
 * schedules and the rules of EventBridge share; they differ in who may take the role.
 */
export function sendingRoles(aws: Pick<Aws, "iam" | "place" | "arn">, trust: PolicyDocument) {
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
    arnOf: (rule: string): string => aws.arn("iam", `role${path}${roleNameOf(rule)}`),
    find: (rule: string, call: Call): Promise<Role | undefined> => role.find(roleNameOf(rule), call),
    permissions: (rule: string, call: Call): Promise<string[]> => role.permissions(roleNameOf(rule), call),

    /** The role with just the rights that the message needs. */
    async ensure(rule: string, want: EventRuleWant, found: Role | undefined, call: Call): Promise<void> {
      const roleName = roleNameOf(rule);
      const policy = sendPolicy(want);
      const wanted = [...linesOf(policy)].sort();
      if (!found) {
        const tags = tagsToCreate(want.tags, call.owner);
        const made = await step("make the role that sends the message", () =>
          role.create({ name: roleName, path, trust, boundary, tags }, call),
        );
        if (made === undefined) await own(roleName, call);
      } else if (!isDeepStrictEqual([...found.trust].sort(), linesOf(trust)))
        await step("set who may take the role", () => role.setTrust(roleName, trust, call));
      if (found && found.boundary !== boundary)
        await step("set its permissions boundary", () => role.setBoundary(roleName, boundary, call));
      const live = found ? await role.permissions(roleName, call) : [];
      if (isDeepStrictEqual(live, wanted)) return;
      await step("let the role send to the target", () => role.setPolicy(roleName, policy, call));
      await step("take off other policies", () => role.removeForeign(roleName, live, call));
    },

    async setTags(rule: string, want: EventRuleWant, found: Role, call: Call): Promise<void> {
      const { set, remove } = tagChanges(found.tags, want.tags, call.owner);
      if (Object.keys(set).length > 0) await step("set tags", () => role.tag(roleNameOf(rule), set, call));
      if (remove.length > 0) await step("remove tags", () => role.untag(roleNameOf(rule), remove, call));
    },

    remove: (rule: string, call: Call): Promise<void> => role.remove(roleNameOf(rule), call),

    async adopt(rule: string, call: Call): Promise<void> {
      const roleName = roleNameOf(rule);
      if (await role.find(roleName, call)) await role.tag(roleName, ownerTags(call.owner), call);
    },

    release: (rule: string, call: Call): Promise<void> => role.untag(roleNameOf(rule), [...HOLDER_MARKS], call),
  };
}
