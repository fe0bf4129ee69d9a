export { check } from "./check.ts";
export {
  type CloudWorkflowsContext,
  createCloudWorkflowsContext,
  type Lowered,
  toCloudWorkflows,
} from "./cloud-workflows.ts";
export { cloudWorkflowsSource } from "./cloud-workflows-source.ts";
export { EXPRESSION_TAG, type Step, type Subworkflow } from "./cloud-workflows-steps.ts";
export { ExpressionError, ExpressionFault } from "./errors.ts";
export { evaluate, type Variables } from "./evaluate.ts";
export { toJsonata } from "./jsonata.ts";
export { MAX_NESTING, MAX_SOURCE, parse } from "./parse.ts";
export { parseTemplate, toJsonataTemplate } from "./template.ts";
export { asBool, type Expression, type Span } from "./tree.ts";
export {
  BOOL,
  DOUBLE,
  DYNAMIC,
  type Field,
  INTEGER,
  join,
  NUMBER,
  type Scope,
  STRING,
  type Type,
} from "./types.ts";
export { equal, MAX_NUMBER, type Value } from "./values.ts";
