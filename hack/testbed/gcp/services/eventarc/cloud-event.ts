/** A CloudEvent in JSON: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
import { invalid } from "../../engine/errors.ts";

export interface CloudEvent {
  /** Context attributes, all of them as text. */
  readonly attributes: Readonly<Record<string, string>>;
  /** As it is published on. */
  readonly data: Buffer;
}

const REQUIRED = ["id", "source", "specversion", "type"];
const NAME = /^[a-z0-9]+$/;

/** @throws CloudError for what is no CloudEvent of version 1.0 */
export function readCloudEvent(json: string): CloudEvent {
  const field = "json_message";
  const event = parse(json);
  if (event === undefined) throw invalid("json_message is no JSON object.", field);
  for (const name of REQUIRED)
    if (typeof event[name] !== "string" || event[name] === "")
      throw invalid(`The CloudEvent lacks its attribute ${name}.`, field);
  if (event.specversion !== "1.0") throw invalid("CloudEvents of specversion 1.0 are taken.", field);
  const { data, data_base64: binary, ...context } = event;
  if (data !== undefined && binary !== undefined) throw invalid("A CloudEvent has one of data and data_base64.", field);
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(context)) {
    if (!NAME.test(name)) throw invalid(`"${name}" is no name of an attribute: a-z and 0-9.`, field);
    if (value === null) continue;
    if (typeof value === "object") throw invalid(`The attribute ${name} is no text, number or boolean.`, field);
    attributes[name] = String(value);
  }
  return { attributes, data: dataOf(data, binary) };
}

function dataOf(data: unknown, binary: unknown): Buffer {
  if (binary !== undefined) return Buffer.from(String(binary), "base64");
  return data === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(data));
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
