/** Workflows and their executions: comments of google/cloud/workflows/v1/workflows.proto and …/executions/v1/executions.proto */
import { invalid, unimplemented } from "../../engine/errors.ts";
import { child, type Message, text, timestamp } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call } from "../../engine/world.ts";
import { SERVICE_ACCOUNT } from "../iam/service-accounts.ts";

export const WORKFLOW = "workflows.googleapis.com/Workflow";
export const EXECUTION = "workflowexecutions.googleapis.com/Execution";

/** The comment of CreateWorkflowRequest.workflow_id. */
const ID = /^[A-Za-z]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$/;
const MAXIMUM_SOURCE = 128 * 1024;
const MAXIMUM_ARGUMENT = 32 * 1024;
const MAXIMUM_DESCRIPTION = 1000;
/** What a list tells of an execution unless it is asked for all. */
const BASIC = ["name", "startTime", "endTime", "duration", "state", "workflowRevisionId"];

function checkWorkflow(workflow: Message): void {
  const source = text(workflow, "sourceContents");
  if (source === "") throw invalid("A workflow needs its source.", "workflow.source_contents");
  if (Buffer.byteLength(source) > MAXIMUM_SOURCE)
    throw invalid("The source is larger than 128 KB.", "workflow.source_contents");
  if ([...text(workflow, "description")].length > MAXIMUM_DESCRIPTION)
    throw invalid(`A description has at most ${MAXIMUM_DESCRIPTION} characters.`, "workflow.description");
}

/**
 * The account that it runs as, by its full name: the API takes an email or a unique id as well, and gives a workflow without one
 * the project's default account, which is never looked for here.
 */
function withAccount(workflow: Message, { world: { store, project } }: Call): Message {
  const sent = text(workflow, "serviceAccount");
  const prefix = `projects/${project.id}/serviceAccounts/`;
  if (sent === "")
    return { ...workflow, serviceAccount: `${prefix}${project.number}-compute@developer.gserviceaccount.com` };
  const id = shortName(sent);
  if (id.endsWith("@developer.gserviceaccount.com")) return { ...workflow, serviceAccount: `${prefix}${id}` };
  const found = store.list(SERVICE_ACCOUNT, prefix).find(({ email, uniqueId }) => email === id || uniqueId === id);
  if (found !== undefined) return { ...workflow, serviceAccount: text(found, "name") };
  throw invalid(
    `the referenced service account "${id}" is invalid, please verify the correctness of the service account name`,
    "workflow.service_account",
  );
}

/** A workflow's nth revision, such as `000001-a4d`. */
const revised = (workflow: Message, revision: number, now: number): Message => ({
  ...workflow,
  state: "ACTIVE",
  revisionId: `${String(revision).padStart(6, "0")}-${crypto.randomUUID().slice(0, 3)}`,
  revisionCreateTime: timestamp(now),
});

export const workflows: Semantics = {
  checkName(name) {
    if (!ID.test(shortName(name)))
      throw invalid(`"${shortName(name)}" is no id of a workflow: it must match ${ID.source}.`, "workflow_id");
  },
  create(workflow, call) {
    checkWorkflow(workflow);
    return revised(withAccount(workflow, call), 1, call.world.clock.now());
  },
  update(before, changed, paths, call) {
    checkWorkflow(changed);
    const after = paths.some((path) => /^service_?account$/i.test(path)) ? withAccount(changed, call) : changed;
    const same = before.sourceContents === after.sourceContents && before.serviceAccount === after.serviceAccount;
    return same ? after : revised(after, Number(text(before, "revisionId").slice(0, 6)) + 1, call.world.clock.now());
  },
};

/**
 * An execution that begins now.
 *
 * @throws CloudError for an argument that is none
 */
export function begun(input: Message, workflow: Message, now: number): Message {
  const argument = text(input, "argument");
  if (Buffer.byteLength(argument) > MAXIMUM_ARGUMENT)
    throw invalid("The argument is larger than 32 KB.", "execution.argument");
  if (argument !== "" && !isJson(argument)) throw invalid("The argument is no JSON.", "execution.argument");
  const labels = { ...child(workflow, "labels"), ...child(input, "labels") };
  return {
    ...input,
    ...(Object.keys(labels).length > 0 && { labels }),
    startTime: timestamp(now),
    state: "ACTIVE",
    workflowRevisionId: workflow.revisionId,
  };
}

function isJson(argument: string): boolean {
  try {
    JSON.parse(argument);
    return true;
  } catch {
    return false;
  }
}

/** `labels."key"="value"` or `state="value"`: of https://google.aip.dev/160 what is used here. */
const TERM = /^(?:labels\.(?:"([^"\\]+)"|([A-Za-z_]\w*))|(state)) *= *"([^"\\]*)"$/;

/** @throws CloudError for any other filter */
function isTerm(filter: string): (execution: Message) => boolean {
  const [, quoted, word, state, value] = TERM.exec(filter) ?? [];
  if (value === undefined) throw unimplemented(`The test bed's executions take no filter such as ${filter}.`);
  if (state !== undefined) return (execution) => execution.state === value;
  return (execution) => text(child(execution, "labels"), quoted ?? word ?? "") === value;
}

/** @param begin has the execution of this name run */
export const executions = (begin: (name: string) => void): Semantics => ({
  id: () => crypto.randomUUID(),
  create(input, { request, world: { clock, store } }) {
    const execution = begun(input, store.get(WORKFLOW, text(request, "parent")) ?? {}, clock.now());
    begin(text(execution, "name"));
    return execution;
  },
  filter(filter) {
    const terms = filter.split(" AND ").map((term) => isTerm(term.trim()));
    return (execution) => terms.every((holds) => holds(execution));
  },
  read(stored, { method, request }) {
    const full = method.name === "ListExecutions" ? request.view === "FULL" : request.view !== "BASIC";
    return full ? stored : Object.fromEntries(Object.entries(stored).filter(([field]) => BASIC.includes(field)));
  },
});
