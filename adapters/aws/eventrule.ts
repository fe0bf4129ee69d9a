import { isDeepStrictEqual } from "node:util";
import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { jointOwner } from "../../operator/provider/joint-owner.ts";
import { ownerOf, sameObject } from "../../operator/provider/owner.ts";
import { marksIn, withoutHolder } from "../../operator/provider/owner-text.ts";
import type { Call, Present, Provider } from "../../operator/provider/provider.ts";
import { eitherRule } from "../rule-either.ts";
import { parseArn } from "./arn.ts";
import { busRuleProvider } from "./bus-rule.ts";
import type { Aws } from "./clients.ts";
import { sendingRoles } from "./eventrule-role.ts";
import { actualOf, fitEventRule, toSchedule, trustOf, withDescription } from "./eventrule-shape.ts";
import { type Schedule, schedules } from "./scheduler.ts";

type Seen = Present<EventRuleWant, EventRuleOutputs>;

/** EventRule on AWS: a schedule of EventBridge Scheduler, or a rule on an event bus. */
export const eventRuleProvider = (aws: Aws): Provider<EventRuleWant, EventRuleOutputs> =>
  eitherRule(scheduleProvider(aws), busRuleProvider(aws), (id) => parseArn(id)?.service === "events");

/**
 * A schedule in the group of its Environment and an IAM role that Scheduler sends with. A schedule takes no
 * tags: our marks stand at the end of its description. Role, policy, schedule are made in this order; what a cut leaves
 * out is found by the next look and made by `update`. The delete goes backwards.
 */
function scheduleProvider(aws: Aws): Provider<EventRuleWant, EventRuleOutputs> {
  const { place } = aws;
  const schedule = schedules(aws);
  const role = sendingRoles(aws, trustOf(schedule.groupArn, place.account));
  const outputsOf = (name: string): EventRuleOutputs => ({ RULE_ID: schedule.arnOf(name), REGION: place.region });

  /** False: one of that name was there before, and it is ours. */
  async function makeSchedule(name: string, want: EventRuleWant, call: Call): Promise<boolean> {
    const made = await step("make the schedule", () => schedule.create(name, toSchedule(want, role.arnOf(name)), call));
    if (made) return true;
    const found = await schedule.find(name, call);
    const owner = ownerOf(marksIn(found?.Description ?? ""));
    if (owner && sameObject(owner, call.owner)) return false;
    // The role was made for a schedule that can't be: nothing would ever find it again.
    await step("take the role away again", () => role.remove(name, call));
    throw new ProviderError("conflict", `schedule ${schedule.arnOf(name)} exists and does not carry our marks`, {
      code: "ConflictException",
    });
  }

  /** Its marks, target and role are compared as they stand, so that a right that was missing alone sends no schedule. */
  function scheduleIsDue(name: string, want: EventRuleWant, changed: ReadonlySet<string>, found: Schedule): boolean {
    if (["schedule", "input", "suspended", "overrides"].some((field) => changed.has(field))) return true;
    const wanted = toSchedule(want, role.arnOf(name), found);
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
      const [found, its] = await sideBySide([schedule.find(name, call), role.find(name, call)]);
      if (!found && !its) return { exists: false };
      const permissions = its ? await role.permissions(name, call) : [];
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
        actual: actualOf(found, its, permissions, role.arnOf(name)),
        outputs: outputsOf(name),
      };
    },

    // Other groups hold schedules of others: an EventRule stands in the group of its Environment.
    list: async (call) => (await schedule.names(call)).map((name) => ({ name, id: schedule.arnOf(name) })),

    async create(name, want, call) {
      await step("make the schedule group", () => schedule.ensureGroup(call));
      await role.ensure(name, want, undefined, call);
      const made = await makeSchedule(name, want, call);
      return { id: schedule.arnOf(name), ...(made && { outputs: outputsOf(name) }) };
    },

    async update(seen, want, changed, call) {
      const name = nameOf(seen.id);
      const [found, its] = await sideBySide([schedule.find(name, call), role.find(name, call)]);
      if (changed.has("target")) await role.ensure(name, want, its, call);
      if (changed.has("tags") && its) await role.setTags(name, want, its, call);
      if (!found) {
        await step("make the schedule group", () => schedule.ensureGroup(call));
        await makeSchedule(name, want, call);
      } else if (scheduleIsDue(name, want, changed, found))
        await step("update the schedule", () => schedule.update(name, toSchedule(want, role.arnOf(name), found), call));
    },

    async delete(seen, _at, call) {
      const name = nameOf(seen.id);
      await step("delete the schedule", () => schedule.remove(name, call));
      await step("delete its role", () => role.remove(name, call));
    },

    async adopt(seen, want, call) {
      await rewrite(seen, (found) => withDescription(found, want.tags), call);
      await role.adopt(nameOf(seen.id), call);
    },

    async release(seen, call) {
      await rewrite(seen, (found) => withDescription(found, withoutHolder(marksIn(found.Description ?? ""))), call);
      await role.release(nameOf(seen.id), call);
    },
  };
}

/** `arn:aws:scheduler:…:schedule/onyx-prod/orders` → `orders`. */
const nameOf = (arn: string): string => parseArn(arn)?.resource.split("/").at(-1) ?? arn;
