import { workflowRun } from "./workflowrun.ts";

/** Every kind that stands for a run. */
export const runs = [workflowRun] as const;
