/** A Workflow as Cloud Workflows has it: compiled, and its settings both ways. Pure. */
import { createHash } from "node:crypto";
import type { WorkflowOutputs, WorkflowWant } from "../../controllers/leaf/wants.ts";
import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { isMark, type Owner, ownerTags, type Tags } from "../../operator/provider/owner.ts";
import type { Deviation, Fitted, Present } from "../../operator/provider/provider.ts";
import { ENDPOINTS, toCloudWorkflowsSource } from "../../operator/workflow/cloud-workflows/index.ts";
import { cloudWorkflowsSource } from "../../operator/workflow/expression/index.ts";
import { knownSchema, type Workflow as Program, parseOnce, WorkflowError } from "../../operator/workflow/index.ts";
import { baseUrl, endpointOf } from "./endpoints.ts";
import { type Right, rightText } from "./grants.ts";
import { accountName, shortName } from "./names.ts";
import { accountOf } from "./workflow-account.ts";
import { rightsOfWorkflow, runDeviations, workflowNamed } from "./workflow-rights.ts";
import type { Workflow, WorkflowField } from "./workflows.ts";

type WorkflowPlace = Pick<Place, "account" | "endpoints">;
type Asking = Pick<WorkflowWant, "source" | "logLevel">;

const LOG_LEVELS = { None: "LOG_NONE", Errors: "LOG_ERRORS_ONLY" } as const;
const HISTORY = { Basic: "EXECUTION_HISTORY_BASIC", Detailed: "EXECUTION_HISTORY_DETAILED" } as const;
const OVERRIDE = "executionHistory";

/** What a definition is compiled to. */
export interface Compiled {
  /** Text of the source. */
  readonly source: string;
  readonly rights: readonly Right[];
  readonly deviations: readonly Deviation[];
}

/** A definition never changes, and is asked for at each pass of its object. */
const known = new WeakMap<WorkflowWant["source"]["definition"], { readonly by: string; readonly compiled: Compiled }>();

/** @throws ProviderError invalid, with the path in the definition */
export function compiledFor(place: WorkflowPlace, { source, logLevel }: Asking): Compiled {
  const by = JSON.stringify([place.account, place.endpoints, source.targets, logLevel]);
  const before = known.get(source.definition);
  if (before?.by === by) return before.compiled;
  const compiled = compile(place, { source, logLevel });
  known.set(source.definition, { by, compiled });
  return compiled;
}

function compile(place: WorkflowPlace, asking: Asking): Compiled {
  const program = programOf(asking.source.definition);
  return {
    source: cloudWorkflowsSource(emitted(program, place, asking)),
    rights: rightsOfWorkflow(asking, program, place.account),
    deviations: runDeviations(asking, program),
  };
}

function programOf(definition: WorkflowWant["source"]["definition"]): Program {
  const { workflow, problems } = parseOnce(definition);
  if (workflow) return workflow;
  throw refused(problems[0] ?? new WorkflowError("", "can't be read"));
}

function emitted(program: Program, place: WorkflowPlace, asking: Asking): object {
  const targetOf = (kind: string, name: string) =>
    asking.source.targets.find((one) => one.kind === kind && one.name === name);
  try {
    return toCloudWorkflowsSource(program, {
      target: (kind, name) => targetOf(kind, name)?.outputs ?? {},
      schema: (table) => knownSchema(table, targetOf("Table", table)?.schema),
      workflow: (name) => workflowNamed(asking, name),
      endpoints: {
        pubsub: emulatorOr(place, PUBSUB_REST, emulatorOr(place, "pubsub", ENDPOINTS.pubsub)),
        executions: emulatorOr(place, "workflowexecutions", ENDPOINTS.executions),
        firestore: emulatorOr(place, FIRESTORE_REST, emulatorOr(place, "firestore", ENDPOINTS.firestore)),
        storage: emulatorOr(place, "storage", ENDPOINTS.storage),
      },
    });
  } catch (error) {
    throw error instanceof WorkflowError ? refused(error) : error;
  }
}

/** In `endpoints`: where an emulator answers REST, which runs speak, if elsewhere than gRPC, which the operator speaks. */
const PUBSUB_REST = "pubsub-rest";
const FIRESTORE_REST = "firestore-rest";

/**
 * Where a run calls a service of Google's. Private addresses that the operator calls are of its own network, and a run is not in
 * that; an emulator is where everything of the Environment is.
 */
function emulatorOr(place: WorkflowPlace, service: string, googles: string): string {
  if (place.endpoints[service] === undefined || endpointOf(place, service)?.tls !== false) return googles;
  return baseUrl(place, service, googles);
}

function refused({ path, message }: WorkflowError): ProviderError {
  const text = path === "" ? `definition ${message}` : `definition.${message}`;
  return new ProviderError("invalid", text, { code: "Definition" });
}

/** What Cloud Workflows makes of a wish. @throws ProviderError invalid */
export function fitWorkflow(place: WorkflowPlace, want: WorkflowWant): Fitted<WorkflowWant> {
  const used = Object.keys(want.overrides).filter((field) => want.overrides[field] !== undefined);
  const unknown = used.find((field) => field !== OVERRIDE);
  if (unknown !== undefined)
    throw new ProviderError("invalid", `overrides.gcp.${unknown}: there is no such setting; there is ${OVERRIDE}`, {
      code: "UnknownOverride",
    });
  const { source, rights, deviations } = compiledFor(place, want);
  return {
    want: {
      ...want,
      program: digestOf(source),
      permissions: rights.map(rightText),
      overrides: overridesOf(want.overrides[OVERRIDE] === "Detailed"),
    },
    deviations: [
      ...deviations,
      ...used.map(
        (field): Deviation => ({
          field: `overrides.gcp.${field}`,
          kind: "CloudSpecific",
          message: "AWS keeps the whole history of each run, and has no such setting.",
        }),
      ),
    ],
  };
}

export const digestOf = (source: string): string => `sha256:${createHash("sha256").update(source).digest("hex")}`;

const overridesOf = (detailed: boolean): WorkflowWant["overrides"] => (detailed ? { [OVERRIDE]: "Detailed" } : {});

/** The workflow that `want` asks for. Everything explicit: the cloud's defaults are not ours. */
export const toWorkflow = (
  id: string,
  source: string,
  { logLevel, overrides }: Pick<WorkflowWant, "logLevel" | "overrides">,
  labels: Readonly<Record<string, string>>,
): Workflow => ({
  labels,
  sourceContents: source,
  serviceAccount: accountName(id.split("/")[1] ?? "", accountOf(id)),
  callLogLevel: LOG_LEVELS[logLevel],
  executionHistoryLevel: HISTORY[overrides[OVERRIDE] === "Detailed" ? "Detailed" : "Basic"],
});

/** The field of the workflow that each field of Want is, as far as it is one. */
export const MASK: Readonly<Partial<Record<keyof WorkflowWant, WorkflowField>>> = {
  program: "sourceContents",
  logLevel: "callLogLevel",
  overrides: "executionHistoryLevel",
};

/** True when it runs as the account that is its own. */
export const runsAsItself = (id: string, { serviceAccount = "" }: Workflow): boolean =>
  shortName(serviceAccount) === accountOf(id);

/** What was found of it. */
export interface Found {
  readonly workflow: Workflow | undefined;
  /** Of its account. Absent: there is none. */
  readonly account: { readonly owner: Owner | undefined } | undefined;
  /** Rights that the account holds. */
  readonly rights: readonly Right[];
}

/** The live values in the fields of Want. */
export function actualWorkflow(id: string, { workflow, account, rights }: Found): Partial<WorkflowWant> {
  const permissions = [
    ...rights.map(rightText),
    ...(account ? [] : [`its account ${accountOf(id)} is missing`]),
    ...(workflow && !runsAsItself(id, workflow) ? [`runs as ${shortName(workflow.serviceAccount ?? "")}`] : []),
  ].sort();
  if (!workflow) return { program: "", permissions };
  const { callLogLevel, executionHistoryLevel } = workflow;
  return {
    program: digestOf(workflow.sourceContents ?? ""),
    permissions,
    logLevel: liveLogLevel(callLogLevel),
    overrides: overridesOf(executionHistoryLevel === HISTORY.Detailed),
    tags: jointTags(workflow, account?.owner),
  };
}

/** A level that spec can't ask for comes as Google calls it, and so equals no wish. */
function liveLogLevel(level = "CALL_LOG_LEVEL_UNSPECIFIED"): WorkflowWant["logLevel"] {
  const [known] = Object.entries(LOG_LEVELS).find(([, googles]) => googles === level) ?? [level];
  return known as WorkflowWant["logLevel"];
}

/** The labels, but where the marks of the account differ: that equals nothing that can be wanted. */
function jointTags({ labels = {} }: Workflow, owner: Owner | undefined): Tags {
  if (!owner) return labels;
  const theirs = Object.entries(ownerTags(owner)).filter(
    ([key, value]) => isMark(key) && value !== (labels[key] ?? ""),
  );
  return {
    ...labels,
    ...Object.fromEntries(
      theirs.map(([key, value]) => [key, `workflow: ${labels[key] ?? "absent"}, account: ${value || "absent"}`]),
    ),
  };
}

/** How it is, and what to say of it. A state that is not known yet is waited for. */
export function stateOf({
  state = "ACTIVE",
  stateError,
}: Workflow): Pick<Present<WorkflowWant, unknown>, "phase" | "message"> {
  if (state === "ACTIVE") return { phase: "ready" };
  if (state !== "UNAVAILABLE") return { phase: "pending", message: `Workflows says that it is ${state}.` };
  return { phase: "failed", message: `Workflows can't run it: ${stateError?.details || "it doesn't say why"}` };
}

export const outputsOf = (id: string, region: string): WorkflowOutputs => ({ WORKFLOW_ID: id, REGION: region });
