/** Ranges that Pub/Sub documents: comments in google/pubsub/v1/pubsub.proto, https://cloud.google.com/pubsub/quotas. */
import { invalid, unimplemented } from "../../engine/errors.ts";
import { child, type Message, millisOf } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const ID = /^[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const LABELS = 64;

export function checkId(name: string): void {
  const id = shortName(name);
  if (!ID.test(id) || id.startsWith("goog"))
    throw invalid(
      `Invalid name "${name}": the id needs 3 to 255 letters, digits or -_.~+%, starts with a letter and not with "goog".`,
      "name",
    );
}

/** https://cloud.google.com/pubsub/docs/create-labels */
export function checkLabels(resource: Message): void {
  const labels = Object.entries((resource.labels ?? {}) as Record<string, string>);
  if (labels.length > LABELS)
    throw invalid(`${String(labels.length)} labels: at most ${String(LABELS)} are allowed.`, "labels");
  for (const [key, value] of labels)
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value))
      throw invalid(
        `Label "${key}: ${value}" is not valid: lower-case letters, digits, - and _, at most 63.`,
        "labels",
      );
}

/** Refuses a duration outside [low, high], in milliseconds; absent is fine. */
export function checkDuration(resource: Message, field: string, low: number, high: number, path: string): void {
  const value = child(resource, field);
  if (value === undefined) return;
  const millis = millisOf(value);
  if (millis < low || millis > high)
    throw invalid(
      `${path} is ${String(millis / SECOND)} s: it must be between ${String(low / SECOND)} s and ${String(high / SECOND)} s.`,
      path,
    );
}

export function checkNumber(value: unknown, low: number, high: number, path: string): void {
  if (Number(value) < low || Number(value) > high)
    throw invalid(`${path} is ${String(value)}: it must be between ${String(low)} and ${String(high)}.`, path);
}

/** What the data plane can't carry out is refused, so that nobody believes it works. */
export function refuseFields(resource: Message, fields: readonly string[]): void {
  for (const field of fields)
    if (resource[field] !== undefined) throw unimplemented(`The test bed's Pub/Sub can't carry out ${field}.`);
}

export const RETENTION = { low: 10 * MINUTE, high: 31 * DAY };
export const BACKOFF = { low: 0, high: 10 * MINUTE };
export const EXPIRATION = { low: DAY, high: 365 * DAY };
