export {
  CALLS,
  type CallEntry,
  type CallName,
  DEDUP_ATTRIBUTE,
  type TargetAccess,
  type TargetKind,
} from "./calls.ts";
export { RUN_KEY } from "./envelope.ts";
export { TaskError, WorkflowError } from "./errors.ts";
export type { Value } from "./expression/index.ts";
export {
  type CallRequest,
  interpret,
  type RunOptions,
  type RunRequest,
  type Services,
  type Step,
} from "./interpret.ts";
export * from "./ir.ts";
export { LIMITS } from "./limits.ts";
export { allTasks, listsIn } from "./lists.ts";
export { type Parsed, parseOnce, parseWorkflow } from "./parse.ts";
export type { Reference } from "./parsing.ts";
export { problemOfInput } from "./schema.ts";
export { documentIdOf, refuseUnstorable } from "./tables/item.ts";
export { createStores, type Stores } from "./tables/memory.ts";
export { keysOf, knownSchema, schemaOf, type TableSchema, typeOf } from "./tables/schema.ts";
export { misfitsOfTables } from "./tables/written.ts";
