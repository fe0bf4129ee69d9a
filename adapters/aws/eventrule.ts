import { isDeepStrictEqual } from "node:util";
import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { jointOwner } from "../../operator/provider/joint-owner.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import { marksIn, withoutHolder } from "../../operator/provider/owner-text.ts";
import type { Call, Present, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import {
  actualOf,
  fitEventRule,
  roleNameOf,
  sendPolicy,
  toSchedule,
  trustOf,
  withDescription,
} from "./eventrule-shape.ts";
import { linesOf } from "./policy.ts";
import { type Role, roles } from "./role.ts";
import { type Schedule, schedules } from "./scheduler.ts";
import { tagChanges, tagsToCreate } from "./tags.ts";

type Seen = Present<EventRuleWant, EventRuleOutputs>;

/**
 * EventRule as a schedule in the group of its Environment and an IAM role that Scheduler sends with. A schedule takes no
 * tags: our marks stand at the end of its description. Role, policy, schedule are made in this order; what a cut leaves
 * out is found by the next look and made by `update`. The delete goes backwards.
 */
export function eventRuleProvider(aws: Aws): Provider<EventRuleWant, EventRuleOutputs> {
  const { place } = aws;
  const role = roles(aws);
  const schedule = schedules(aws);
  const path = `/onyx/${place.environment}/`;
  const boundary = place.permissionsBoundary;
  const trust = trustOf(schedule.groupArn, place.account);
  const roleArnOf = (name: string) => aws.arn("iam", `role${path}${roleNameOf(name)}`);
  const outputsOf = (name: string): EventRuleOutputs => ({ RULE_ID: schedule.arnOf(name), REGION: place.region });

  /** The role with just the rights that the message needs. False: there was one of that name, and it is ours. */
  async function ensureRole(name: string, want: EventRuleWant, found: Role | undefined, call: Call): Promise<void> {
    const roleName = roleNameOf(name);
    const policy = sendPolicy(want);
    const wanted = [...(policy ? linesOf(policy) : [])].sort();
    if (!found) {
      const tags = tagsToCreate(want.tags, call.owner);
      const made = await step("make the role that sends the message", () =>
        role.create({ name: roleName, path, trust, boundary, tags }, call),
      );
      if (made === undefined) await ownRole(roleName, call);
    } else if (!isDeepStrictEqual([...found.trust].sort(), linesOf(trust)))
      await step("set who may take the role", () => role.setTrust(roleName, trust, call));
    if (found && found.boundary !== boundary)
      await step("set its permissions boundary", () => role.setBoundary(roleName, boundary, call));
    const live = found ? await role.permissions(roleName, call) : [];
    if (isDeepStrictEqual(live, wanted)) return;
    await step("let the role send to the target", () => role.setPolicy(roleName, policy, call));
    await step("take off other policies", () => role.removeForeign(roleName, live, call));
  }

  /** What a create found in its place must be ours: then a crash left it there. */
  async function ownRole(name: string, call: Call): Promise<void> {
    const found = await role.find(name, call);
    if (!found) throw new ProviderError("transient", `IAM role ${name} is being made or deleted`, { code: "NotYet" });
    const owner = ownerOf(found.tags);
    if (owner && sameObject(owner, call.owner)) return;
    throw new ProviderError("conflict", `IAM role ${name} exists and does not carry our marks`, {
      code: "EntityAlreadyExists",
    });
  }

  /** False: one of that name was there before, and it is ours. */
  async function makeSchedule(name: string, want: EventRuleWant, call: Call): Promise<boolean> {
    const made = await step("make the schedule", () => schedule.create(name, toSchedule(want, roleArnOf(name)), call));
    if (made) return true;
    const found = await schedule.find(name, call);
    const owner = ownerOf(marksIn(found?.Description ?? ""));
    if (owner && sameObject(owner, call.owner)) return false;
    // The role was made for a schedule that can't be: nothing would ever find it again.
    await step("take the role away again", () => role.remove(roleNameOf(name), call));
    throw new ProviderError("conflict", `schedule ${schedule.arnOf(name)} exists and does not carry our marks`, {
      code: "ConflictException",
    });
  }

  async function setTags(name: string, want: EventRuleWant, found: Role, call: Call): Promise<void> {
    const { set, remove } = tagChanges(found.tags, want.tags, call.owner);
    if (Object.keys(set).length > 0) await step("set tags", () => role.tag(roleNameOf(name), set, call));
    if (remove.length > 0) await step("remove tags", () => role.untag(roleNameOf(name), remove, call));
  }

  /** Its marks, target and role are compared as they stand, so that a right that was missing alone sends no schedule. */
  function scheduleIsDue(name: string, want: EventRuleWant, changed: ReadonlySet<string>, found: Schedule): boolean {
    if (["schedule", "input", "suspended", "overrides"].some((field) => changed.has(field))) return true;
    const wanted = toSchedule(want, roleArnOf(name), found);
    return (
      found.Target?.Arn !== wanted.Target?.Arn ||
      found.Target?.RoleArn !== wanted.Target?.RoleArn ||
      !isDeepStrictEqual(marksIn(found.Description ?? ""), marksIn(wanted.Description ?? ""))
    );
  }

  async function rewrite(seen: Seen, marks: (found: Schedule) => ReturnType<typeof withDescription>, call: Call) {
    const name = nameOf(seen.id);
    const found = await schedule.find(name, call);
    if (found) await step("mark the schedule", () => schedule.update(name, marks(found), call));
  }

  return {
    ids: "derived",
    service: "scheduler",
    immutable: [],
    fit: (want) => fitEventRule(aws, schedule.groupArn, want),
    foresee: (name) => outputsOf(name),

    async observe(at, call) {
      const name = at.id === undefined ? at.name : nameOf(at.id);
      const roleName = roleNameOf(name);
      const [found, its] = await sideBySide([schedule.find(name, call), role.find(roleName, call)]);
      if (!found && !its) return { exists: false };
      const permissions = its ? await role.permissions(roleName, call) : [];
      const owners = [
        ...(found ? [ownerOf(marksIn(found.Description ?? ""))] : []),
        ...(its ? [ownerOf(its.tags)] : []),
      ];
      return {
        exists: true,
        id: schedule.arnOf(name),
        owner: jointOwner(owners, call.owner),
        phase: "ready",
        ...(!found && { message: `The schedule ${name} is missing.` }),
        actual: actualOf(found, its, permissions, roleArnOf(name)),
        outputs: outputsOf(name),
      };
    },

    // Other groups hold schedules of others: an EventRule stands in the group of its Environment.
    list: async (call) => (await schedule.names(call)).map((name) => ({ name, id: schedule.arnOf(name) })),

    async create(name, want, call) {
      await step("make the schedule group", () => schedule.ensureGroup(call));
      await ensureRole(name, want, undefined, call);
      const made = await makeSchedule(name, want, call);
      return { id: schedule.arnOf(name), ...(made && { outputs: outputsOf(name) }) };
    },

    async update(seen, want, changed, call) {
      const name = nameOf(seen.id);
      const [found, its] = await sideBySide([schedule.find(name, call), role.find(roleNameOf(name), call)]);
      if (changed.has("target")) await ensureRole(name, want, its, call);
      if (changed.has("tags") && its) await setTags(name, want, its, call);
      if (!found) {
        await step("make the schedule group", () => schedule.ensureGroup(call));
        await makeSchedule(name, want, call);
      } else if (scheduleIsDue(name, want, changed, found))
        await step("update the schedule", () => schedule.update(name, toSchedule(want, roleArnOf(name), found), call));
    },

    async delete(seen, _at, call) {
      const name = nameOf(seen.id);
      await step("delete the schedule", () => schedule.remove(name, call));
      await step("delete its role", () => role.remove(roleNameOf(name), call));
    },

    async adopt(seen, want, call) {
      await rewrite(seen, (found) => withDescription(found, want.tags), call);
      const roleName = roleNameOf(nameOf(seen.id));
      if (await role.find(roleName, call)) await role.tag(roleName, ownerTags(call.owner), call);
    },

    async release(seen, call) {
      await rewrite(seen, (found) => withDescription(found, withoutHolder(marksIn(found.Description ?? ""))), call);
      await role.untag(roleNameOf(nameOf(seen.id)), [...HOLDER_MARKS], call);
    },
  };
}

/** `arn:aws:scheduler:…:schedule/onyx-prod/orders` → `orders`. */
const nameOf = (arn: string): string => parseArn(arn)?.resource.split("/").at(-1) ?? arn;
