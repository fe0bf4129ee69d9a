/** The CEL of enrollments: https://cloud.google.com/eventarc/advanced/docs/receive-events/use-cel */
import { Environment } from "@marcbachmann/cel-js";
import { invalid } from "../../engine/errors.ts";

const environment = new Environment().registerVariable("message", "map");
/** "Both message.data and message.data_base64 are reserved variables and can't be used in expressions." */
const RESERVED = /\bmessage\s*\.\s*data(_base64)?\b|\bmessage\s*\[\s*["']data(_base64)?["']\s*\]/;

/** @throws CloudError for what is no condition on an event */
export function checkMatch(expression: string): void {
  const field = "enrollment.cel_match";
  // What stands in quotes is no variable.
  if (RESERVED.test(expression.replace(/(?<!\[\s*)"(\\.|[^"\\])*"/g, '""')))
    throw invalid("cel_match can't use message.data: an enrollment does not see the payload.", field);
  const { valid, type, error } = environment.check(expression);
  if (!valid) throw invalid(`cel_match is no CEL expression: ${error?.message.split("\n")[0] ?? ""}`, field);
  if (type !== "bool" && type !== "dyn") throw invalid(`cel_match gives ${type}, and must give bool.`, field);
}

/** Whether an event with these context attributes, all of them text, is matched. What can't be evaluated isn't. */
export function isMatch(expression: string, attributes: Readonly<Record<string, string>>): boolean {
  try {
    return environment.evaluate(expression, { message: attributes }) === true;
  } catch {
    return false;
  }
}
