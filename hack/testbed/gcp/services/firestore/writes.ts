/** Applying Firestore's writes: all of a commit or none, with their preconditions. */
import { CloudError, invalid, unimplemented } from "../../engine/errors.ts";
import { child, encode, list, type Message, millisOf, text } from "../../engine/messages.ts";
import type { Call, World } from "../../engine/world.ts";
import { DATABASE } from "./databases.ts";
import { checkFields, compareValues, type Fields, fieldPath, readField, writeField } from "./values.ts";

export const DOCUMENT = "google.firestore.v1.Document";

/** https://cloud.google.com/firestore/quotas */
const MAXIMUM_BYTES = 1024 * 1024;
const MAXIMUM_ID_BYTES = 1500;
const MAXIMUM_WRITES = 500;
const NAME = /^(projects\/[^/]+\/databases\/[^/]+)\/documents((?:\/[^/]+\/[^/]+)+)$/;

/** Refuses what is no name of a document, or lies in no database. */
export function checkName(call: Call, name: string): void {
  const match = NAME.exec(name);
  if (match === null) throw invalid(`"${name}" is not the name of a document.`, "name");
  for (const id of (match[2] ?? "").slice(1).split("/"))
    if (id === "." || id === ".." || /^__.*__$/.test(id) || Buffer.byteLength(id) > MAXIMUM_ID_BYTES)
      throw invalid(
        `"${id}" can't be an id: no ".", "..", "__x__", and at most ${String(MAXIMUM_ID_BYTES)} bytes.`,
        "name",
      );
  checkDatabase(call, match[1] ?? "");
}

export function checkDatabase({ world: { store, project } }: Call, name: string): void {
  if (store.get(DATABASE, name) !== undefined) return;
  const id = name.split("/").at(-1) ?? "";
  throw new CloudError(
    "NOT_FOUND",
    `The database ${id} does not exist for project ${project.id}. Create a Cloud Firestore database first.`,
  );
}

function checkPrecondition(write: Message, name: string, current: Message | undefined): void {
  const precondition = child(write, "currentDocument");
  if (precondition === undefined) return;
  if (precondition.exists === true && current === undefined)
    throw new CloudError("NOT_FOUND", `No document to update: ${name}`);
  if (precondition.exists === false && current !== undefined)
    throw new CloudError("ALREADY_EXISTS", `Document already exists: ${name}`);
  const wanted = child(precondition, "updateTime");
  if (wanted === undefined) return;
  const is = current && child(current, "updateTime");
  if (is?.seconds !== wanted.seconds || (is?.nanos ?? 0) !== (wanted.nanos ?? 0))
    throw new CloudError(
      "FAILED_PRECONDITION",
      `The stored version of ${name} does not match the required base version.`,
    );
}

/** Masked fields are set or removed; without a mask the document is replaced. */
function merge(current: Fields, update: Fields, mask: Message | undefined): Fields {
  if (mask === undefined) return update;
  return list<string>(mask, "fieldPaths").reduce((fields, path) => {
    const names = fieldPath(path);
    return writeField(fields, names, readField(update, names));
  }, current);
}

const numberOf = (value: Message | undefined): number => Number(value?.integerValue ?? value?.doubleValue ?? 0);

function increased(current: Message | undefined, by: Message): Message {
  const whole = (value: Message | undefined) => value?.doubleValue === undefined;
  if (whole(current) && whole(by))
    return {
      integerValue: String(BigInt((current?.integerValue ?? "0") as string) + BigInt(by.integerValue as string)),
    };
  return { doubleValue: numberOf(current) + numberOf(by) };
}

function transformed(current: Message | undefined, transform: Message, time: Message): Message {
  if (transform.setToServerValue === "REQUEST_TIME") return { timestampValue: time };
  const by = child(transform, "increment");
  if (by !== undefined) return increased(current, by);
  const values = list(child(current ?? {}, "arrayValue"), "values");
  const added = child(transform, "appendMissingElements");
  const removed = child(transform, "removeAllFromArray");
  const has = (all: readonly Message[], one: Message) => all.some((other) => compareValues(other, one) === 0);
  if (added !== undefined)
    return { arrayValue: { values: [...values, ...list(added, "values").filter((one) => !has(values, one))] } };
  if (removed !== undefined)
    return { arrayValue: { values: values.filter((one) => !has(list(removed, "values"), one)) } };
  throw unimplemented("The test bed's Firestore knows no maximum and minimum transforms.");
}

interface Outcome {
  readonly name: string;
  readonly document: Message | undefined;
  readonly result: Message;
}

function applyOne(call: Call, write: Message, read: (name: string) => Message | undefined, time: Message): Outcome {
  const update = child(write, "update");
  const name = update === undefined ? text(write, "delete") : text(update, "name");
  if (write.transform !== undefined) throw unimplemented("Send transforms as update_transforms of an update.");
  checkName(call, name);
  const current = read(name);
  checkPrecondition(write, name, current);
  if (update === undefined) return { name, document: undefined, result: {} };
  const before = (current?.fields ?? {}) as Fields;
  let fields = merge(before, (update.fields ?? {}) as Fields, child(write, "updateMask"));
  const transformResults = list(write, "updateTransforms").map((transform) => {
    const path = fieldPath(text(transform, "fieldPath"));
    const value = transformed(readField(before, path), transform, time);
    fields = writeField(fields, path, value);
    return transform.setToServerValue || transform.increment ? value : { nullValue: "NULL_VALUE" };
  });
  checkFields(fields);
  const document = { name, fields, createTime: current?.createTime ?? time, updateTime: time };
  const size = encode(call.world.definitions.type(DOCUMENT), document).length;
  if (size > MAXIMUM_BYTES)
    throw invalid(`Document ${name} has ${String(size)} bytes: at most ${String(MAXIMUM_BYTES)} fit.`);
  return { name, document, result: { updateTime: time, ...(transformResults.length > 0 ? { transformResults } : {}) } };
}

export interface Writer {
  /** Applies all or throws. @returns a CommitResponse */
  commit(call: Call, writes: readonly Message[]): Message;
  /** A time that no earlier commit has, by the cloud's clock. */
  readTime(): Message;
}

export function newWriter({ store, clock }: World): Writer {
  let lastMicros = 0n;
  const stamp = (micros: bigint): Message => ({
    seconds: String(micros / 1_000_000n),
    nanos: Number(micros % 1_000_000n) * 1000,
  });
  const now = () => BigInt(Math.floor(clock.now())) * 1000n;
  return {
    readTime: () => stamp(now() > lastMicros ? now() : lastMicros),
    commit(call, writes) {
      if (writes.length > MAXIMUM_WRITES)
        throw invalid(`maximum ${String(MAXIMUM_WRITES)} writes allowed per request`, "writes");
      lastMicros = now() > lastMicros ? now() : lastMicros + 1n;
      const time = stamp(lastMicros);
      const changed = new Map<string, Message | undefined>();
      const read = (name: string) => (changed.has(name) ? changed.get(name) : store.get(DOCUMENT, name));
      const results = writes.map((write) => {
        const { name, document, result } = applyOne(call, write, read, time);
        changed.set(name, document);
        return result;
      });
      for (const [name, document] of changed)
        if (document === undefined) store.delete(DOCUMENT, name);
        else store.put(DOCUMENT, name, document);
      return { writeResults: results, commitTime: time };
    },
  };
}

/** When a document was last changed, as a number to compare; 0 for one that isn't there. */
export const versionOf = (document: Message | undefined): number =>
  document === undefined ? 0 : millisOf(child(document, "updateTime") ?? {});
