import type { ExpressionError } from "./expression/index.ts";
import type { ErrorClass } from "./ir.ts";

/** What is wrong with a workflow, whatever the data: found before anything runs. */
export class WorkflowError extends Error {
  override readonly name = "WorkflowError";
  /** Where in the YAML, such as `do[2].charge.with.endpoint`. */
  readonly path: string;

  /** @param what what is wrong and what to write instead; the place is put before it */
  constructor(path: string, what: string) {
    super(path === "" ? what : `${path}: ${what}`);
    this.path = path;
  }
}

/** The place is part of its message already. */
export function fromExpression(error: ExpressionError): WorkflowError {
  const { path } = error.span;
  return new WorkflowError(path, error.message.slice(path.length).replace(/^(, |: )/, ""));
}

/** What an HTTP status other than 2xx is. */
export function ofStatus(status: number): { readonly class: ErrorClass; readonly code: string } {
  const name = STATUSES[status] ?? (status >= 500 ? "Transient" : "Business");
  return { class: name, code: name === "Business" ? String(status) : "" };
}

const STATUSES: Readonly<Record<number, ErrorClass>> = {
  401: "Denied",
  403: "Denied",
  404: "NotFound",
  408: "Timeout",
  429: "Throttled",
};

/** What fails a task while a workflow runs. `message` is for people: engines word it differently. */
export class TaskError extends Error {
  override readonly name = "TaskError";
  readonly class: ErrorClass;
  /** `""` but for Business. */
  readonly code: string;

  constructor(errorClass: ErrorClass, message: string, code = "") {
    super(message);
    this.class = errorClass;
    this.code = code;
  }
}
