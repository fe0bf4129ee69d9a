export { fieldPath } from "./field-path.ts";
export { isHelperStep, stepNames, taskOfStep } from "./names.ts";
export { type CloudWorkflowsPlace, ENDPOINTS } from "./place.ts";
export { type Problem, problemOf } from "./problem.ts";
export { type Source, TASKS, toCloudWorkflowsSource } from "./source.ts";
