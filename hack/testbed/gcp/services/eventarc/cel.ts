/** The CEL of enrollments, and of requests: https://cloud.google.com/eventarc/advanced/docs/receive-events/use-cel */
import { Environment } from "@marcbachmann/cel-js";
import { invalid } from "../../engine/errors.ts";
import type { CloudEvent } from "./cloud-event.ts";

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

const binding = new Environment()
  .registerVariable("message", "map")
  .registerVariable("headers", "map")
  .registerVariable("body", "bytes");

/** @throws CloudError for what makes no request: the comment of HttpEndpoint.message_binding_template */
export function checkBinding(template: string): void {
  const field = "pipeline.destinations.http_endpoint.message_binding_template";
  const { valid, type, error } = binding.check(template);
  if (!valid) throw invalid(`message_binding_template can't be used: ${error?.message.split("\n")[0] ?? ""}`, field);
  if (!type?.startsWith("map") && type !== "dyn")
    throw invalid(`message_binding_template gives ${type}, and must give a map.`, field);
}

/**
 * The body of the request for an event: what the template has as `body`, as it is where that is text or bytes, else as JSON;
 * without one the data as it was published.
 */
export function boundBody(template: string, { attributes, data }: CloudEvent): Buffer {
  if (template === "") return data;
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]));
  const made = binding.evaluate(template, { message: attributes, headers, body: data }) as { readonly body?: unknown };
  if (made.body === undefined) return data;
  if (made.body instanceof Uint8Array) return Buffer.from(made.body);
  return Buffer.from(typeof made.body === "string" ? made.body : JSON.stringify(made.body, plainNumbers));
}

/** CEL's whole numbers are BigInts, which JSON doesn't know. */
const plainNumbers = (_key: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
