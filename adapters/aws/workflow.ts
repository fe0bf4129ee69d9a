import type { WorkflowOutputs, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { jointOwner } from "../../operator/provider/joint-owner.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject, tagValue } from "../../operator/provider/owner.ts";
import type { Call, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { httpConnection } from "./http-connection.ts";
import { type LogGroup, logGroups } from "./log-group.ts";
import type { Role } from "./role.ts";
import { serviceRoles } from "./service-role.ts";
import { type LiveMachine, type MachineInput, stateMachines } from "./state-machine.ts";
import { ownerOfMade, tagChanges, tagsToCreate } from "./tags.ts";
import { aboutItself, policyOf, trustOf } from "./workflow-rights.ts";
import { workflowRuns } from "./workflow-runs.ts";
import {
  compiled,
  fitWorkflow,
  groupOf,
  jointTags,
  liveLogLevel,
  liveOverrides,
  liveProgram,
  retentionDays,
  roleOf,
  SELF,
  toMachine,
  usesConnection,
} from "./workflow-shape.ts";

/** What there is of a workflow; the log group only where it is ours. */
interface Found {
  readonly machine: LiveMachine | undefined;
  readonly role: Role | undefined;
  readonly group: LogGroup | undefined;
}
type Changed = ReadonlySet<keyof WorkflowWant & string>;

/**
 * Workflow as a state machine of Step Functions, with a log group and a role of its own, all of which carry our marks.
 * Log group, role, state machine are made in this order; what a cut leaves out is found by the next look and made by
 * `update`. The delete begins with the state machine, so that no run is without its rights. HTTP requests go through a
 * connection that an Environment has once.
 */
export function workflowProvider(aws: Aws): Provider<WorkflowWant, WorkflowOutputs> {
  const { place } = aws;
  const machines = stateMachines(aws);
  const groups = logGroups(aws);
  const roles = serviceRoles(aws, "its runs act as", "do what its tasks need");
  const connection = httpConnection(aws);
  const outputsOf = (name: string): WorkflowOutputs => ({ WORKFLOW_ID: machines.arnOf(name), REGION: place.region });

  async function ourGroup(name: string, call: Call): Promise<LogGroup | undefined> {
    const group = await groups.find(groupOf(name), call);
    const owner = group && ownerOf(group.tags);
    return owner && sameObject(owner, call.owner) ? group : undefined;
  }

  async function look(name: string, call: Call): Promise<Found> {
    const [machine, role, group] = await sideBySide([
      machines.find(name, call),
      roles.find(roleOf(name), call),
      ourGroup(name, call),
    ]);
    return { machine, role, group };
  }

  /** The role's rights in the form of Want. */
  async function permissionsOf(name: string, { machine, role }: Found, call: Call): Promise<readonly string[]> {
    const policies = role ? await roles.permissions(roleOf(name), call) : [];
    const lines = aboutItself([...(role?.trust ?? []), ...policies], machines.arnOf(name), SELF);
    const other = machine && machine.roleArn !== roles.arnOf(roleOf(name)) ? [`runs act as ${machine.roleArn}`] : [];
    const within = role?.boundary === undefined ? [] : [`within ${role.boundary}`];
    return [...lines, ...other, ...within].sort();
  }

  const ensureRole = (name: string, want: WorkflowWant, found: Role | undefined, call: Call): Promise<void> => {
    const arn = machines.arnOf(name);
    const policy = policyOf(aws, want, compiled(aws, want), arn);
    return roles.ensure(roleOf(name), { trust: trustOf(arn, place.account), policy, tags: want.tags }, found, call);
  };

  const ensureGroup = (name: string, want: WorkflowWant, call: Call): Promise<void> =>
    groups.ensure(groupOf(name), { tags: want.tags, retentionDays: retentionDays(want) }, call);

  /** The state machine as it should be. A connection is made when something goes through it. */
  async function machineOf(name: string, want: WorkflowWant, call: Call): Promise<MachineInput> {
    const program = compiled(aws, want);
    const through = usesConnection(aws, JSON.stringify(program))
      ? await step("make the connection for HTTP requests", () => connection.ensure(call))
      : undefined;
    const arns = { roleArn: roles.arnOf(roleOf(name)), groupArn: groups.arnOf(groupOf(name)) };
    return toMachine(want, through === undefined ? program : compiled(aws, want, through), arns);
  }

  /** Makes what is missing. Answers whether the state machine is as it should be, made by this very object. */
  async function make(name: string, want: WorkflowWant, role: Role | undefined, call: Call): Promise<boolean> {
    if (want.logLevel === "Errors") await ensureGroup(name, want, call);
    await ensureRole(name, want, role, call);
    const input = { ...(await machineOf(name, want, call)), tags: tagsToCreate(want.tags, call.owner) };
    const answered = await step("make the state machine", () => machines.create(name, input, call));
    const tags = await step("see whose it is", () => machines.tagsAt(name, call));
    if (!tags) return false;
    try {
      const what = `state machine ${name}`;
      const owner = ownerOfMade(tags, call.owner, { answered, what, code: "StateMachineExists" });
      return answered && owner.uid === tagValue(call.owner.uid) && owner.cluster === tagValue(call.owner.cluster);
    } catch (error) {
      // They were made for a state machine that can't be: nothing would ever find them again.
      if (error instanceof ProviderError && error.fault === "conflict")
        await step("take role and log group away again", () => removeParts(name, call));
      throw error;
    }
  }

  async function removeParts(name: string, call: Call): Promise<void> {
    await roles.remove(roleOf(name), call);
    if (await ourGroup(name, call)) await groups.remove(groupOf(name), call);
  }

  /** Only what differs is sent, with what Step Functions has to be told at any rate. */
  async function changeMachine(name: string, want: WorkflowWant, live: LiveMachine, changed: Changed, call: Call) {
    const input = await machineOf(name, want, call);
    const { definition, roleArn, loggingConfiguration, tracingConfiguration } = input;
    const change = {
      ...(changed.has("program") && { definition }),
      ...(live.roleArn !== roleArn && { roleArn }),
      ...(changed.has("logLevel") && { loggingConfiguration }),
      ...(live.tracing !== tracingConfiguration.enabled && { tracingConfiguration }),
    };
    if (Object.keys(change).length === 0) return;
    const whole = "definition" in change ? change : { ...change, roleArn };
    await step("update the state machine", () => machines.update(name, whole, call));
  }

  /** Sets and takes off tags of each part that is there. */
  async function setTags(name: string, want: WorkflowWant, { machine, role, group }: Found, call: Call) {
    if (role) await roles.setTags(roleOf(name), want.tags, role, call);
    const tagged = [
      ...(machine ? [{ on: machines, at: name, tags: machine.tags }] : []),
      ...(group ? [{ on: groups, at: groupOf(name), tags: group.tags }] : []),
    ];
    for (const { on, at, tags } of tagged) {
      const { set, remove } = tagChanges(tags, want.tags, call.owner);
      if (Object.keys(set).length > 0) await step("set tags", () => on.tag(at, set, call));
      if (remove.length > 0) await step("remove tags", () => on.untag(at, remove, call));
    }
  }

  return {
    ids: "derived",
    service: "states",
    runs: workflowRuns(aws),
    immutable: [],
    fit: (want) => fitWorkflow(aws, want),
    foresee: (name) => outputsOf(name),

    async observe(at, call) {
      const name = at.id === undefined ? at.name : nameOf(at.id);
      const found = await look(name, call);
      const { machine, role, group } = found;
      const parts = [machine, role, group].filter((part) => part !== undefined);
      if (parts.length === 0) return { exists: false };
      const [permissions, through] = await sideBySide([
        permissionsOf(name, found, call),
        machine && usesConnection(aws, machine.definition) ? connection.find(call) : undefined,
      ]);
      return {
        exists: true,
        id: machines.arnOf(name),
        owner: jointOwner(
          parts.map(({ tags }) => ownerOf(tags)),
          call.owner,
        ),
        ...stateOf(name, machine),
        actual: {
          program: machine ? liveProgram(aws, machine.definition, through) : "",
          permissions,
          logLevel: liveLogLevel(found, groups.arnOf(groupOf(name))),
          overrides: liveOverrides(found),
          tags: jointTags({ "state machine": machine?.tags, role: role?.tags, "log group": group?.tags }),
        },
        outputs: outputsOf(name),
      };
    },

    list: async (call) => (await machines.names(call)).map((name) => ({ name, id: machines.arnOf(name) })),

    async create(name, want, call) {
      const made = await make(name, want, undefined, call);
      return { id: machines.arnOf(name), ...(made && { outputs: outputsOf(name) }) };
    },

    async update(seen, want, changed, call) {
      const name = nameOf(seen.id);
      const found = await look(name, call);
      const { machine, role, group } = found;
      if (changed.has("tags")) await setTags(name, want, found, call);
      if (!machine) {
        await make(name, want, role, call);
        return;
      }
      if (want.logLevel === "Errors" && (changed.has("logLevel") || changed.has("overrides")))
        await ensureGroup(name, want, call);
      // What a task needs is there before the task, and goes after it.
      const live = seen.actual.permissions ?? [];
      const gains = want.permissions.some((line) => !live.includes(line));
      const ensure = () => ensureRole(name, want, role, call);
      if (changed.has("permissions") && gains) await ensure();
      if (changed.size > (changed.has("tags") ? 1 : 0)) await changeMachine(name, want, machine, changed, call);
      if (changed.has("permissions") && !gains) await ensure();
      if (changed.has("logLevel") && want.logLevel === "None" && group)
        await step("delete the log group", () => groups.remove(groupOf(name), call));
    },

    async delete(seen, _at, call) {
      const name = nameOf(seen.id);
      await step("delete the state machine", () => machines.remove(name, call));
      await step("delete its role and its log group", () => removeParts(name, call));
    },

    async adopt(seen, _want, call) {
      const name = nameOf(seen.id);
      const marks = ownerTags(call.owner);
      const [machine, group] = await sideBySide([machines.find(name, call), groups.find(groupOf(name), call)]);
      if (machine) await machines.tag(name, marks, call);
      await roles.adopt(roleOf(name), call);
      if (group) await groups.tag(groupOf(name), marks, call);
    },

    async release(seen, call) {
      const name = nameOf(seen.id);
      await machines.untag(name, HOLDER_MARKS, call);
      await roles.release(roleOf(name), call);
      if (await ourGroup(name, call)) await groups.untag(groupOf(name), HOLDER_MARKS, call);
    },
  };
}

function stateOf(name: string, machine: LiveMachine | undefined) {
  if (!machine) return { phase: "ready", message: `The state machine ${name} is missing.` } as const;
  if (machine.deleting)
    return { phase: "deleting", message: `The state machine ${name} is deleted once its runs have ended.` } as const;
  if (!machine.express) return { phase: "ready" } as const;
  const message = `The state machine ${name} is of type Express, which can't be changed: a Workflow is a Standard one.`;
  return { phase: "failed", message } as const;
}

/** `arn:aws:states:…:stateMachine:orders` → `orders`. */
const nameOf = (arn: string): string => parseArn(arn)?.resource.split(":").at(-1) ?? arn;
