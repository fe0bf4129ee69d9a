import type { WorkflowSpec } from "../../crds/workflow.ts";
import type { Given, Leaf } from "../../operator/reconcile/leaf-object.ts";
import {
  allTasks,
  CALLS,
  type Call,
  type CallEntry,
  misfitsOfTables,
  type Parsed,
  parseOnce,
  type Reference,
  schemaOf,
  type Task,
} from "../../operator/workflow/index.ts";
import { overridesFor } from "./overrides.ts";
import { refuseSubscriber } from "./subscription.ts";
import type { WorkflowTarget, WorkflowWant } from "./wants.ts";

/** So many problems of a definition are told at once. */
const TOLD = 5;

const fieldOf = ({ path }: Reference) => `definition.${path}`;

/** A workflow: Step Functions, or Cloud Workflows. The adapters compile it. */
export const workflow: Leaf<WorkflowSpec, WorkflowWant> = {
  kind: "Workflow",
  dataBearing: false,
  // Cloud Workflows; Step Functions takes 80.
  nameLimit: 64,
  flaw: ({ definition }) => flawOf(parseOnce(definition)),
  references: ({ definition }) =>
    parseOnce(definition).references.map((reference) => ({
      field: fieldOf(reference),
      kind: reference.kind,
      name: reference.name,
    })),
  problem: ({ definition }, given) => problemOf(parseOnce(definition), given),
  want: (spec, given) => ({
    source: {
      definition: spec.definition as WorkflowWant["source"]["definition"],
      targets: targetsOf(parseOnce(spec.definition).references, given),
    },
    program: "",
    permissions: [],
    logLevel: spec.logLevel,
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
};

function flawOf({ problems }: Parsed): string | undefined {
  if (problems.length === 0) return undefined;
  const told = problems.slice(0, TOLD).map(({ path, message }) => (path === "" ? message : `.${message}`));
  const more = problems.length > TOLD ? `; and ${problems.length - TOLD} more: onyx workflow check tells all` : "";
  return `definition${told.join("; definition")}${more}`;
}

/** Sends a message for certain without a key: with arguments that are computed, that shows when it runs. */
const isUnkeyed = (task: Task): task is Call =>
  task.kind === "call" && task.with.type.kind === "map" && !task.with.type.rest && !("key" in task.with.type.fields);
const targetKindOf = ({ call }: Call): string | undefined => (CALLS[call] as CallEntry).target;

function problemOf({ workflow, references }: Parsed, given: Given): string | undefined {
  const tasks = allTasks(workflow?.tasks ?? []);
  const unkeyed = tasks.filter(isUnkeyed);
  for (const [first] of byObject(references).values()) {
    const field = fieldOf(first!);
    const { kind, name } = first!;
    const object = given.target(field);
    if (kind === "Queue") {
      const refused = refuseSubscriber(field, object, "queue.send");
      if (refused) return refused;
    }
    if (kind === "Table") {
      const [misfit] = misfitsOfTables(tasks, (table) => (table === name ? schemaOf(object.effective) : null));
      if (misfit) return `definition: ${misfit}`;
    }
    const keyless = unkeyed.find((task) => targetKindOf(task) === kind && task.target === name);
    if (keyless && object.effective.ordering === "PerKey")
      return `${field}: ${kind} ${name} keeps the order of each key: give task ${keyless.path} a key (with.key).`;
  }
  return undefined;
}

const byObject = (references: readonly Reference[]) => Map.groupBy(references, ({ kind, name }) => `${kind}/${name}`);

function targetsOf(references: readonly Reference[], given: Given): readonly WorkflowTarget[] {
  return [...byObject(references)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, [first, ...others]]) => {
      const { kind, name } = first!;
      const { outputs, effective } = given.target(fieldOf(first!));
      const access = [first!, ...others].map((one) => one.access).sort();
      const encryptionKey = (effective.encryptionKey as string | undefined) ?? null;
      return { kind, name, outputs, access, encryptionKey, schema: kind === "Table" ? schemaOf(effective) : null };
    });
}
