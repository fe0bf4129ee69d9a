/** What the runs of a Workflow may do: just what its tasks need. Pure. */
import type { WorkflowTarget, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { SIGNALS_SOURCE, type State, type States } from "../../operator/workflow/step-functions/index.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { INLINE_POLICY_LIMIT, rightsOf } from "./grants.ts";
import { connectionArn } from "./http-connection.ts";
import { documentOf, linesOf, type PolicyDocument, type Right } from "./policy.ts";
import { trustIn } from "./service-role.ts";

const ACTS = "allow sts:AssumeRole";
const CALLS_OUT = "allow states:InvokeHTTPEndpoint on ";

/**
 * Step Functions has its logs delivered with the role, and these take no resource.
 * https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
 */
const LOGGING = [
  "logs:CreateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:DescribeLogGroups",
  "logs:DescribeResourcePolicies",
  "logs:GetLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:UpdateLogDelivery",
];

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html */
const TRACING = [
  "xray:GetSamplingRules",
  "xray:GetSamplingTargets",
  "xray:PutTelemetryRecords",
  "xray:PutTraceSegments",
];

/** The rule by which Step Functions sees that a run it waits for has ended. */
const CHILD_RULE = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule";

/** Step Functions may take the role for this state machine only. */
export const trustOf = (machineArn: string, account: string): PolicyDocument =>
  trustIn("states.amazonaws.com", machineArn, account);

/**
 * What the role of a workflow may do; undefined: nothing.
 *
 * @param machineArn of the state machine itself
 * @throws ProviderError invalid: there is too much of it
 */
export function policyOf(
  aws: Pick<Aws, "arn" | "place">,
  want: Pick<WorkflowWant, "source" | "logLevel" | "overrides">,
  machine: States,
  machineArn: string,
): PolicyDocument | undefined {
  const tasks = tasksIn(machine);
  const rights = [
    ...want.source.targets.flatMap(targetRights),
    ...tasks.flatMap((task) => runRights(aws, task)),
    ...(tasks.some(({ Resource }) => String(Resource).startsWith("arn:aws:states:::events:putEvents"))
      ? signalRights(aws)
      : []),
    ...(tasks.some(({ Resource }) => Resource === "arn:aws:states:::http:invoke") ? httpRights(aws, machineArn) : []),
    ...(want.logLevel === "Errors" ? anywhere(LOGGING) : []),
    ...(want.overrides.tracing === true ? anywhere(TRACING) : []),
  ];
  if (rights.length === 0) return undefined;
  const document = documentOf(rights);
  const size = JSON.stringify(document).length;
  if (size <= INLINE_POLICY_LIMIT) return document;
  throw new ProviderError(
    "invalid",
    `definition: the rights that its tasks need take ${size} characters and a role takes ${INLINE_POLICY_LIMIT}. Run a part of it as a workflow of its own.`,
    { code: "PolicyTooLarge" },
  );
}

/** What role and policies allow as lines, the machine being called the same whatever its name. */
export function permissionLines(
  documents: readonly (PolicyDocument | undefined)[],
  boundary: string | undefined,
): readonly string[] {
  const lines = documents.flatMap((document) => (document ? linesOf(document) : []));
  return [...lines, ...(boundary === undefined ? [] : [`within ${boundary}`])].sort();
}

/** Lines of a role as `permissionLines` has them: only what is about the machine itself calls it so. */
export const aboutItself = (lines: readonly string[], machineArn: string, self: string): readonly string[] =>
  lines.map((line) => {
    if (line === CALLS_OUT + machineArn) return CALLS_OUT + self;
    if (!line.startsWith(ACTS)) return line;
    const tests = line
      .split(" ")
      .map((word) => (word === `aws:SourceArn=${machineArn}` ? `aws:SourceArn=${self}` : word));
    return tests.join(" ");
  });

function tasksIn({ States: states }: States): readonly State[] {
  return Object.values(states).flatMap((state) => {
    const branches = (state.Branches ?? []) as readonly States[];
    const inner = state.ItemProcessor ? [...branches, state.ItemProcessor as States] : branches;
    return [...(state.Type === "Task" ? [state] : []), ...inner.flatMap(tasksIn)];
  });
}

/** To start a workflow is more than that: `runRights`. */
function targetRights({ kind, outputs, access, encryptionKey }: WorkflowTarget): readonly Right[] {
  if (kind === "Workflow") return [];
  const id = outputs[IDS[kind]] ?? "";
  return rightsOf(access.map((one) => ({ kind, id, access: one, encryptionKey })));
}

const IDS = { Queue: "QUEUE_ID", Topic: "TOPIC_ID", Table: "TABLE_ID", Bucket: "BUCKET_ID" } as const;

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html */
function runRights({ arn }: Pick<Aws, "arn">, { Resource, Arguments }: State): readonly Right[] {
  if (typeof Resource !== "string" || !Resource.startsWith("arn:aws:states:::states:startExecution")) return [];
  const { StateMachineArn: child } = Arguments as { readonly StateMachineArn: string };
  const starts = on(child, ["states:StartExecution"]);
  if (!Resource.includes(".sync")) return starts;
  const executions = child.replace(":stateMachine:", ":execution:");
  return [
    ...starts,
    ...on(`${executions}:*`, ["states:DescribeExecution", "states:StopExecution"]),
    ...on(arn("events", CHILD_RULE), ["events:DescribeRule", "events:PutRule", "events:PutTargets"]),
  ];
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html */
function httpRights(aws: Pick<Aws, "arn" | "place">, machineArn: string): readonly Right[] {
  const connection = connectionArn(aws);
  const name = parseArn(connection)?.resource ?? "";
  return [
    ...on(machineArn, ["states:InvokeHTTPEndpoint"]),
    ...on(`${connection}/*`, ["events:RetrieveConnectionCredentials"]),
    ...on(aws.arn("secretsmanager", `secret:events!${name}/*`), [
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
    ]),
  ];
}

/** To tell that a run waits: on the account's own bus, and nothing else there. */
const signalRights = ({ arn }: Pick<Aws, "arn">): readonly Right[] => [
  {
    action: "events:PutEvents",
    resource: arn("events", "event-bus/default"),
    when: [{ operator: "StringEquals", key: "events:source", value: SIGNALS_SOURCE }],
  },
];

const on = (resource: string, actions: readonly string[]): readonly Right[] =>
  actions.map((action) => ({ action, resource, when: [] }));
const anywhere = (actions: readonly string[]) => on("*", actions);
