export { isHelperStep, stepNames } from "./names.ts";
export { type CloudWorkflowsPlace, ENDPOINTS } from "./place.ts";
export { type Source, toCloudWorkflowsSource } from "./source.ts";
