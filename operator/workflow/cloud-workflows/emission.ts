import { HELPERS, type HelperName } from "../expression/cloud-workflows-helpers.ts";
import { withCalled } from "../expression/cloud-workflows-steps.ts";
import { type CloudWorkflowsContext, createCloudWorkflowsContext, type Subworkflow } from "../expression/index.ts";
import type { Tasks } from "../ir.ts";
import type { Names } from "./block.ts";
import { stepNames } from "./names.ts";
import type { CloudWorkflowsPlace } from "./place.ts";
import { RUNTIME, type RuntimeName } from "./runtime.ts";

/** What the parts of one source share. */
export interface Emission {
  readonly place: CloudWorkflowsPlace;
  /** The step that stands for the task of that path. */
  stepOf(path: string): string;
  /** A variable that no other has the name of. */
  variable(base: string): string;
  expressions(names: Names): CloudWorkflowsContext;
  need(name: RuntimeName | HelperName): void;
  /** The subworkflows that were needed so far, and those they call. */
  helpers(): Readonly<Record<string, Subworkflow>>;
}

export function createEmission(tasks: Tasks, place: CloudWorkflowsPlace): Emission {
  const steps = stepNames(tasks);
  const needed = new Set<RuntimeName | HelperName>();
  const names = () => {
    throw new Error("an expression is lowered without names");
  };
  const expressions = createCloudWorkflowsContext({ names, prefix: "x" });
  let variables = 0;
  return {
    place,
    stepOf: (path) => steps.get(path)!,
    variable: (base) => `v_${base}${++variables}`,
    expressions: (known) => ({ ...expressions, names: (name) => known[name]!, need: (helper) => needed.add(helper) }),
    need: (name) => needed.add(name),
    helpers: () => withCalled({ ...RUNTIME, ...HELPERS }, needed),
  };
}
