/**
 * What a workflow may have: what both engines can do, with room for what the compilers add. What the engines allow is in
 * "Step Functions service quotas" of AWS and "Quotas and limits" of Google's Workflows.
 */
export const LIMITS = {
  /** Tasks of a workflow. */
  tasks: 300,
  /** Lists of tasks within each other. */
  depth: 8,
  branches: 10,
  /** Bodies of a `for` at once. */
  concurrency: 20,
  /** Items of a `for` whose bodies run at once. */
  concurrentItems: 1_000,
  /** `fork` and concurrent `for` within each other. */
  parallelDepth: 2,
  callSeconds: 60,
  /** Of `wait`, `listen`, `run`, and of the workflow: a year, which both engines give a run. */
  waitSeconds: 31_536_000,
  attempts: 100,
  /** UTF-8 bytes of a run's input. */
  inputBytes: 32_768,
} as const;
