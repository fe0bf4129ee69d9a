import type { ErrorClass } from "../ir.ts";
import { BUSINESS_TAG, TAG } from "./tags.ts";

/** What failed a run, as workflows see it. */
export interface Problem {
  readonly class: ErrorClass;
  /** `""` but for Business. */
  readonly code: string;
  readonly message: string;
}

/**
 * What an execution failed with, by its `error.payload`: JSON text of what was raised and not caught, or plain text. What
 * `rt_raise` raised says what it is. Nothing else leaves one of our sources but what no source can catch, such as a limit
 * of Cloud Workflows.
 */
export function problemOf(payload: string): Problem {
  const raised = decoded(payload);
  const problem = ownProblem(raised);
  if (problem) return problem;
  const message = typeof raised === "string" ? raised : textAt(raised, "message");
  return { class: "Transient", code: "", message: message || payload };
}

/** As `rt_classify` takes it apart. */
function ownProblem(raised: unknown): Problem | undefined {
  const message = textAt(raised, "message");
  const tags: unknown = fieldsOf(raised).tags;
  if (message === undefined || !Array.isArray(tags)) return undefined;
  const known = decoded(message);
  const [errorClass, code, says] = [textAt(known, "class"), textAt(known, "code"), textAt(known, "message")];
  if (errorClass === undefined || code === undefined || says === undefined) return undefined;
  const tag = errorClass === "Business" ? BUSINESS_TAG + code : TAG + errorClass;
  if (!tags.includes(tag)) return undefined;
  return { class: errorClass as ErrorClass, code: errorClass === "Business" ? code : "", message: says };
}

/** The value of a text in JSON, else the text. */
function decoded(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

function textAt(value: unknown, key: string): string | undefined {
  const found = fieldsOf(value)[key];
  return typeof found === "string" ? found : undefined;
}
