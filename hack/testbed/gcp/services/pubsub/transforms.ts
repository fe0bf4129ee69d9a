/** Transforms of messages as they are published: https://cloud.google.com/pubsub/docs/smts/udfs-overview */
import { createContext, Script } from "node:vm";
import { invalid, unimplemented } from "../../engine/errors.ts";
import { child, list, type Message, text } from "../../engine/messages.ts";

const FIELD = "message_transforms";
/** Of one function. */
const CODE_BYTES = 20_000;
/** Google gives a function half a second; the machine of a test may be busy with others. */
const TIMEOUT_MS = 10_000;

type Transform = (message: Transformed, metadata: Readonly<Record<string, string>>) => unknown;

/** A message as a function sees it. */
interface Transformed {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Functions see nothing of this process, and can make no code. */
function compile(name: string, code: string): Transform {
  const context = createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  new Script(code).runInContext(context, { timeout: TIMEOUT_MS });
  const call = new Script(`JSON.stringify(${name}(JSON.parse(message), JSON.parse(metadata)) ?? null)`);
  return (message, metadata) => {
    Object.assign(context, { message: JSON.stringify(message), metadata: JSON.stringify(metadata) });
    return JSON.parse(String(call.runInContext(context, { timeout: TIMEOUT_MS })));
  };
}

const functionsOf = (topic: Message): readonly { name: string; code: string; disabled: boolean }[] =>
  list<Message>(topic, "messageTransforms").map((one) => {
    const udf = child(one, "javascriptUdf");
    if (udf === undefined) throw unimplemented("The test bed's Pub/Sub has no AI inference.");
    return { name: text(udf, "functionName"), code: text(udf, "code"), disabled: one.disabled === true };
  });

/** @throws CloudError INVALID_ARGUMENT */
export function checkTransforms(topic: Message): void {
  const functions = functionsOf(topic);
  for (const { name, code } of functions) {
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) throw invalid(`function_name "${name}" is no name of a function.`, FIELD);
    if (functions.filter((one) => one.name === name).length > 1)
      throw invalid(`function_name "${name}" stands there twice.`, FIELD);
    if (Buffer.byteLength(code) > CODE_BYTES)
      throw invalid(`The code of ${name} has more than ${String(CODE_BYTES)} bytes.`, FIELD);
    try {
      const defined: unknown = new Script(`${code}\n;typeof ${name}`).runInContext(createContext(Object.create(null)), {
        timeout: TIMEOUT_MS,
      });
      if (defined !== "function") throw new Error(`it defines no function ${name}`);
    } catch (error) {
      throw invalid(`The code of ${name} can't be used: ${(error as Error).message}.`, FIELD);
    }
  }
}

/**
 * The message as the topic's functions make it; undefined: they drop it.
 *
 * @throws CloudError INVALID_ARGUMENT when one fails, as the whole publish does
 */
export function transformed(topic: Message, message: Message): Message | undefined {
  let now = message;
  for (const { name, code, disabled } of functionsOf(topic)) {
    if (disabled) continue;
    const fail = (why: string) => invalid(`The function ${name} failed: ${why}.`, FIELD);
    const bytes = Buffer.from((now.data as Uint8Array | undefined) ?? []);
    const data = bytes.toString();
    // What becomes of such a message isn't documented: nobody may count on it.
    if (!bytes.equals(Buffer.from(data))) throw fail("the message is no UTF-8 text");
    let result: unknown;
    try {
      result = compile(name, code)({ data, attributes: (now.attributes ?? {}) as Record<string, string> }, {});
    } catch (error) {
      throw fail((error as Error).message);
    }
    if (result === null) return undefined;
    const { data: made, attributes, ...rest } = result as Partial<Transformed>;
    if (typeof made !== "string" || Object.keys(rest).length > 0)
      throw fail("it must give data as text, attributes, and nothing else");
    now = { ...now, data: Buffer.from(made), attributes: { ...(attributes ?? {}) } };
  }
  return now;
}
