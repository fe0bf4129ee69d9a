import { isDeepStrictEqual } from "node:util";
import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { jointOwner } from "../../operator/provider/joint-owner.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import type { Call, Provider } from "../../operator/provider/provider.ts";
import { eventPattern } from "../event-pattern.ts";
import { checkPattern } from "../rule-check.ts";
import { parseArn } from "./arn.ts";
import { actualBusRule, fitBusRule, foreignTargets, toTarget } from "./bus-rule-shape.ts";
import type { Aws } from "./clients.ts";
import { sendingRoles } from "./eventrule-role.ts";
import { busTrustOf } from "./eventrule-shape.ts";
import { type BusRule, busRules } from "./events.ts";
import { tagChanges, tagsToCreate } from "./tags.ts";

/**
 * An EventRule with a pattern: a rule on the event bus of its Environment, one target, and a role that EventBridge
 * sends with. Role, rule and target are made in this order; what a cut leaves out is found by the next look and made by
 * `update`. The delete goes backwards.
 */
export function busRuleProvider(aws: Aws): Provider<EventRuleWant, EventRuleOutputs> {
  const { place } = aws;
  const rules = busRules(aws);
  const trust = busTrustOf(rules.rulesArn, place.account);
  const role = sendingRoles(aws, trust);
  const outputsOf = (name: string): EventRuleOutputs => ({ RULE_ID: rules.arnOf(name), REGION: place.region });

  /** PutRule would overwrite one of somebody else. False: there is one, and it is ours. */
  async function makeRule(name: string, want: EventRuleWant, call: Call): Promise<boolean> {
    const found = await rules.find(name, call);
    if (found) {
      const owner = ownerOf(found.tags);
      if (owner && sameObject(owner, call.owner)) return false;
      throw new ProviderError("conflict", `rule ${rules.arnOf(name)} exists and does not carry our marks`, {
        code: "RuleExists",
      });
    }
    const tags = tagsToCreate(want.tags, call.owner);
    await step("make the rule", () => rules.put(name, { ...ruleOf(want), tags }, call));
    return true;
  }

  async function setTarget(name: string, want: EventRuleWant, found: BusRule | undefined, call: Call): Promise<void> {
    await step("set the target", () => rules.setTarget(name, toTarget(want, role.arnOf(name)), call));
    await step("take off other targets", () => rules.removeTargets(name, foreignTargets(found), call));
  }

  async function setTags(name: string, want: EventRuleWant, found: BusRule, call: Call): Promise<void> {
    const { set, remove } = tagChanges(found.tags, want.tags, call.owner);
    if (Object.keys(set).length > 0) await step("set tags", () => rules.tag(name, set, call));
    if (remove.length > 0) await step("remove tags", () => rules.untag(name, remove, call));
  }

  const targetIsDue = (name: string, want: EventRuleWant, found: BusRule): boolean =>
    foreignTargets(found).length > 0 ||
    !found.targets.some((target) => isDeepStrictEqual(target, toTarget(want, role.arnOf(name))));

  return {
    ids: "derived",
    service: "events",
    immutable: [],
    fit: (want) => fitBusRule(aws, trust, want),
    foresee: (name) => outputsOf(name),

    async observe(at, call) {
      const name = at.id === undefined ? at.name : nameOf(at.id);
      const [found, its] = await sideBySide([rules.find(name, call), role.find(name, call)]);
      if (!found && !its) return { exists: false };
      const permissions = its ? await role.permissions(name, call) : [];
      const owners = [...(found ? [ownerOf(found.tags)] : []), ...(its ? [ownerOf(its.tags)] : [])];
      return {
        exists: true,
        id: rules.arnOf(name),
        owner: jointOwner(owners, call.owner),
        phase: "ready",
        ...(!found && { message: `The rule ${name} is missing.` }),
        actual: actualBusRule(found, its, permissions, role.arnOf(name)),
        outputs: outputsOf(name),
      };
    },

    list: async (call) => (await rules.names(call)).map((name) => ({ name, id: rules.arnOf(name) })),

    async create(name, want, call) {
      await step("make the event bus", () => rules.ensureBus(call));
      await role.ensure(name, want, undefined, call);
      try {
        const made = await makeRule(name, want, call);
        if (made) await setTarget(name, want, undefined, call);
        return { id: rules.arnOf(name), ...(made && { outputs: outputsOf(name) }) };
      } catch (error) {
        // The role was made for a rule that can't be: nothing would ever find it again.
        if (error instanceof ProviderError && error.code === "RuleExists")
          await step("take the role away again", () => role.remove(name, call));
        throw error;
      }
    },

    async update(seen, want, changed, call) {
      const name = nameOf(seen.id);
      const [found, its] = await sideBySide([rules.find(name, call), role.find(name, call)]);
      if (changed.has("target")) await role.ensure(name, want, its, call);
      if (changed.has("tags") && its) await role.setTags(name, want, its, call);
      if (!found) {
        await step("make the event bus", () => rules.ensureBus(call));
        await makeRule(name, want, call);
        await setTarget(name, want, undefined, call);
        return;
      }
      if (["pattern", "schedule", "suspended"].some((field) => changed.has(field as keyof EventRuleWant & string)))
        await step("update the rule", () => rules.put(name, { ...ruleOf(want), description: found.description }, call));
      if (changed.has("tags")) await setTags(name, want, found, call);
      if ((changed.has("target") || changed.has("overrides")) && targetIsDue(name, want, found))
        await setTarget(name, want, found, call);
    },

    async delete(seen, _at, call) {
      const name = nameOf(seen.id);
      await step("delete the rule", () => rules.remove(name, call));
      await step("delete its role", () => role.remove(name, call));
    },

    async adopt(seen, _want, call) {
      const name = nameOf(seen.id);
      if (await rules.find(name, call)) await rules.tag(name, ownerTags(call.owner), call);
      await role.adopt(name, call);
    },

    async release(seen, call) {
      const name = nameOf(seen.id);
      await rules.untag(name, HOLDER_MARKS, call);
      await role.release(name, call);
    },
  };
}

const ruleOf = (want: EventRuleWant) => ({ pattern: eventPattern(checkPattern(want)), enabled: !want.suspended });

/** `arn:aws:events:…:rule/onyx-prod/orders` → `orders`. */
const nameOf = (arn: string): string => parseArn(arn)?.resource.split("/").at(-1) ?? arn;
