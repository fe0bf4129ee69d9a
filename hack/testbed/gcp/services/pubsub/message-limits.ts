/** Limits of what is published: https://cloud.google.com/pubsub/quotas#resource_limits */
import { invalid } from "../../engine/errors.ts";
import { type Message, text } from "../../engine/messages.ts";

const REQUEST_BYTES = 10 * 1000 * 1000;
const REQUEST_MESSAGES = 1000;
const ATTRIBUTES = 100;
const KEY_BYTES = 256;
const VALUE_BYTES = 1024;
const ORDERING_KEY_BYTES = 1024;

function checkMessage(message: Message, index: number): number {
  const at = `messages[${String(index)}]`;
  const data = (message.data as Uint8Array | undefined)?.length ?? 0;
  const attributes = Object.entries((message.attributes ?? {}) as Record<string, string>);
  if (data === 0 && attributes.length === 0)
    throw invalid(`${at} is empty: it needs data or at least one attribute.`, at);
  if (attributes.length > ATTRIBUTES)
    throw invalid(`${at} has ${String(attributes.length)} attributes: at most ${String(ATTRIBUTES)} fit.`, at);
  let size = data;
  for (const [key, value] of attributes) {
    if (key === "" || Buffer.byteLength(key) > KEY_BYTES || key.startsWith("goog"))
      throw invalid(
        `${at} has the attribute "${key}": keys have 1 to ${String(KEY_BYTES)} bytes and don't start with "goog".`,
        at,
      );
    if (Buffer.byteLength(value) > VALUE_BYTES)
      throw invalid(`${at}: the value of "${key}" exceeds ${String(VALUE_BYTES)} bytes.`, at);
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (Buffer.byteLength(text(message, "orderingKey")) > ORDERING_KEY_BYTES)
    throw invalid(`${at}: the ordering key exceeds ${String(ORDERING_KEY_BYTES)} bytes.`, at);
  return size;
}

/** @throws CloudError INVALID_ARGUMENT */
export function checkMessages(messages: readonly Message[]): void {
  if (messages.length > REQUEST_MESSAGES)
    throw invalid(`A publish takes at most ${String(REQUEST_MESSAGES)} messages.`, "messages");
  const size = messages.reduce((sum, message, index) => sum + checkMessage(message, index), 0);
  if (size > REQUEST_BYTES)
    throw invalid(
      `The messages have ${String(size)} bytes: a publish takes at most ${String(REQUEST_BYTES)}.`,
      "messages",
    );
}
