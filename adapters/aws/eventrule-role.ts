import type { EventRuleWant } from "../../controllers/leaf/wants.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { roleOf, sendPolicy } from "./eventrule-shape.ts";
import type { PolicyDocument } from "./policy.ts";
import type { Role } from "./role.ts";
import { serviceRoles } from "./service-role.ts";

/**
 * The roles that rules send with: one a rule, named after it, that may send to its target and nothing else. What the
 * schedules and the rules of EventBridge share; they differ in who may take the role.
 */
export function sendingRoles(aws: Pick<Aws, "iam" | "place" | "arn">, trust: PolicyDocument) {
  const role = serviceRoles(aws, "sends the message", "send to the target");
  return {
    arnOf: (rule: string): string => role.arnOf(roleOf(rule)),
    find: (rule: string, call: Call): Promise<Role | undefined> => role.find(roleOf(rule), call),
    permissions: (rule: string, call: Call): Promise<string[]> => role.permissions(roleOf(rule), call),
    /** The role with just the rights that the message needs. */
    ensure: (rule: string, want: EventRuleWant, found: Role | undefined, call: Call): Promise<void> =>
      role.ensure(roleOf(rule), { trust, policy: sendPolicy(want), tags: want.tags }, found, call),
    setTags: (rule: string, want: EventRuleWant, found: Role, call: Call): Promise<void> =>
      role.setTags(roleOf(rule), want.tags, found, call),
    remove: (rule: string, call: Call): Promise<void> => role.remove(roleOf(rule), call),
    adopt: (rule: string, call: Call): Promise<void> => role.adopt(roleOf(rule), call),
    release: (rule: string, call: Call): Promise<void> => role.release(roleOf(rule), call),
  };
}
