/** A Workflow as Step Functions has it: canonical forms both ways. Pure. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { LoggingConfiguration } from "@aws-sdk/client-sfn";
import type { WorkflowWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Fitted } from "../../operator/provider/provider.ts";
import { knownSchema, parseOnce, WorkflowError } from "../../operator/workflow/index.ts";
import { type StateMachine, toStepFunctions } from "../../operator/workflow/step-functions/index.ts";
import type { Aws } from "./clients.ts";
import { connectionArn } from "./http-connection.ts";
import { keyArn } from "./key.ts";
import type { LogGroup } from "./log-group.ts";
import { checkOverrides } from "./overrides.ts";
import { roleNameOf } from "./service-role.ts";
import type { LiveMachine, MachineInput } from "./state-machine.ts";
import { permissionLines, policyOf, trustOf } from "./workflow-rights.ts";

const RETENTION_DAYS = 90;

/** Name of the role that the runs of a workflow act as. */
export const roleOf = (workflow: string): string => roleNameOf(workflow, "-workflow");

/** Name of its log group: Step Functions may write to any that begins so without a resource policy that grows. */
export const groupOf = (workflow: string): string => `/aws/vendedlogs/states/${workflow}`;

/** What Step Functions makes of a wish. */
export function fitWorkflow(aws: Pick<Aws, "arn" | "place">, want: WorkflowWant): Fitted<WorkflowWant> {
  const deviations = checkOverrides(want.overrides, ["logRetentionDays", "tracing"]);
  const { definition, targets } = want.source;
  const source = {
    definition,
    targets: targets.map((target) => ({ ...target, encryptionKey: keyArn(aws, target.encryptionKey) })),
  };
  const fitted = { ...want, source, overrides: overridesOf(want.overrides, want.logLevel) };
  const machine = compiled(aws, fitted);
  const policy = policyOf(aws, fitted, machine, SELF);
  return {
    want: {
      ...fitted,
      program: digestOf(machine),
      permissions: permissionLines([trustOf(SELF, aws.place.account), policy], aws.place.permissionsBoundary),
    },
    deviations,
  };
}

/** What stands for the ARN of the state machine itself, whose name a wish does not know. */
export const SELF = "itself";

/** In their one form: absent where they say what is so anyway. */
function overridesOf(
  { logRetentionDays, tracing }: WorkflowWant["overrides"],
  logLevel: WorkflowWant["logLevel"],
): WorkflowWant["overrides"] {
  const days = logRetentionDays ?? RETENTION_DAYS;
  return {
    ...(logLevel === "Errors" && days !== RETENTION_DAYS && { logRetentionDays: days }),
    ...(tracing === true && { tracing }),
  };
}

export const retentionDays = ({ overrides }: WorkflowWant): number =>
  typeof overrides.logRetentionDays === "number" ? overrides.logRetentionDays : RETENTION_DAYS;

/**
 * @param connection what HTTP requests go through; absent: the ARN without what EventBridge makes up
 * @throws ProviderError invalid
 */
export function compiled(
  aws: Pick<Aws, "arn" | "place">,
  { source }: Pick<WorkflowWant, "source">,
  connection = connectionArn(aws),
): StateMachine {
  const { workflow, problems } = parseOnce(source.definition);
  if (!workflow) throw invalid(problems[0]!);
  const targetOf = (kind: string, name: string) =>
    source.targets.find((target) => target.kind === kind && target.name === name);
  const outputs = (kind: string, name: string) => targetOf(kind, name)?.outputs ?? {};
  try {
    return toStepFunctions(workflow, {
      target: outputs,
      schema: (table) => knownSchema(table, targetOf("Table", table)?.schema),
      workflow(name) {
        const arn = outputs("Workflow", name).WORKFLOW_ID;
        if (arn) return arn;
        throw new WorkflowError("", `Workflow "${name}" has no WORKFLOW_ID yet: it is not ready`);
      },
      connection,
    });
  } catch (error) {
    if (error instanceof WorkflowError) throw invalid(error);
    throw error;
  }
}

const invalid = ({ path, message }: WorkflowError) =>
  new ProviderError("invalid", path === "" ? `definition: ${message}` : `definition.${message}`, {
    code: "InvalidWorkflow",
  });

/** All that the state machine is, but for its tags. */
export const toMachine = (
  want: WorkflowWant,
  machine: StateMachine,
  { roleArn, groupArn }: { readonly roleArn: string; readonly groupArn: string },
): MachineInput => ({
  definition: JSON.stringify(machine),
  roleArn,
  loggingConfiguration: loggingOf(want.logLevel, groupArn),
  tracingConfiguration: { enabled: want.overrides.tracing === true },
});

/** A log group is named with all of its streams here. */
const destinations = (groupArn: string) => [{ cloudWatchLogsLogGroup: { logGroupArn: `${groupArn}:*` } }];

const loggingOf = (logLevel: WorkflowWant["logLevel"], groupArn: string): LoggingConfiguration =>
  logLevel === "None"
    ? { level: "OFF", includeExecutionData: false }
    : { level: "ERROR", includeExecutionData: false, destinations: destinations(groupArn) };

/** The same for the same program, however it is written down. */
export const digestOf = (machine: unknown): string =>
  `sha256:${createHash("sha256")
    .update(JSON.stringify(inOrder(machine)))
    .digest("hex")}`;

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}

/** Whether a definition makes HTTP requests through the connection of this Environment, whichever that was. */
export const usesConnection = (aws: Pick<Aws, "arn" | "place">, definition: string): boolean =>
  definition.includes(`"${connectionArn(aws)}`);

/**
 * Digest of what stands there. One that goes through another connection than that of now is another program.
 *
 * @param connection that of now, if there is one
 */
export function liveProgram(aws: Pick<Aws, "arn" | "place">, definition: string, connection?: string): string {
  const named = connection ? definition.replaceAll(`"${connection}"`, `"${connectionArn(aws)}"`) : definition;
  try {
    return digestOf(JSON.parse(named));
  } catch {
    return digestOf(definition);
  }
}

/** What there is of a workflow. `group` only where it is ours. */
export interface Parts {
  readonly machine: LiveMachine | undefined;
  readonly group: LogGroup | undefined;
}

/** What is logged, and where that is no level of ours, how it is not. */
export function liveLogLevel({ machine, group }: Parts, groupArn: string): WorkflowWant["logLevel"] {
  const { level = "OFF", includeExecutionData = false, destinations: live = [] } = machine?.logging ?? {};
  if (level === "OFF" && !group) return "None";
  const ours = isDeepStrictEqual(
    live.map((one) => one.cloudWatchLogsLogGroup?.logGroupArn),
    destinations(groupArn).map((one) => one.cloudWatchLogsLogGroup.logGroupArn),
  );
  if (level === "ERROR" && !includeExecutionData && ours && group) return "Errors";
  const words = [
    level,
    ...(includeExecutionData ? ["with what runs work on"] : []),
    ...(level !== "OFF" && !ours ? ["to another log group"] : []),
    group ? "with a log group of its own" : "without a log group of its own",
  ];
  return words.join(", ") as WorkflowWant["logLevel"];
}

export function liveOverrides({ machine, group }: Parts): WorkflowWant["overrides"] {
  const logRetentionDays = group ? (group.retentionDays ?? "never deleted") : RETENTION_DAYS;
  return overridesOf({ logRetentionDays, tracing: machine?.tracing === true }, "Errors");
}

/** The tags that all parts have; one that they differ in equals nothing that can be wanted. */
export function jointTags(parts: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>) {
  const there = Object.entries(parts).flatMap(([part, tags]) => (tags ? [{ part, tags }] : []));
  const keys = [...new Set(there.flatMap(({ tags }) => Object.keys(tags)))];
  return Object.fromEntries(
    keys.map((key) => {
      const values = new Set(there.map(({ tags }) => tags[key]));
      const [value] = values;
      if (values.size === 1 && value !== undefined) return [key, value];
      return [key, there.map(({ part, tags }) => `${part}: ${tags[key] ?? "absent"}`).join(", ")];
    }),
  );
}
