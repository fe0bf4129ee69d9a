import { createContext, Script } from "node:vm";
import { expect, test } from "vitest";
import { CODE_BYTES, isRegistered, transformsFor, withBucket } from "./bucket-transform.ts";
import type { MessageTransform } from "./pubsub.ts";

const THEIRS: MessageTransform = {
  javascriptUdf: { functionName: "theirs", code: "function theirs(m) { return m; }" },
};

interface Message {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a topic with these makes of a message. */
function published(transforms: readonly MessageTransform[], message: Message): Message | null {
  const { functionName, code } = transforms[0]?.javascriptUdf ?? {};
  const context = createContext({ given: JSON.stringify(message) });
  return JSON.parse(
    new Script(`${code}; JSON.stringify(${functionName}(JSON.parse(given), {}))`).runInContext(context),
  );
}

const told = (over: Record<string, string> = {}): Message => ({
  data: JSON.stringify({ kind: "storage#object", name: "a", size: "5", etag: "CAE=" }),
  attributes: {
    notificationConfig: "projects/_/buckets/files/notificationConfigs/1",
    "onyx-notification": "uploads",
    eventType: "OBJECT_FINALIZE",
    bucketId: "files",
    objectId: 'a "b" ü',
    objectGeneration: "17",
    eventTime: "2026-11-24T03:00:00.123456Z",
    ...over,
  },
});
const FILES = withBucket([], "files", true);

test("what Cloud Storage tells is a CloudEvent, without attributes", () => {
  const made = published(FILES, told());
  expect(made?.attributes).toEqual({});
  expect(JSON.parse(made?.data ?? "")).toEqual({
    specversion: "1.0",
    id: '17-OBJECT_FINALIZE-a "b" ü',
    source: "gs://files",
    type: "io.onelens.onyx.bucket.object.created",
    subject: 'a "b" ü',
    time: "2026-11-24T03:00:00.123456Z",
    datacontenttype: "application/json",
    data: { bucket: "files", object: { key: 'a "b" ü', size: 5, etag: "CAE=", "version-id": "17" } },
  });
});

test.each(["OBJECT_DELETE", "OBJECT_ARCHIVE"])(
  "%s is a deletion, unless something was written over it",
  (eventType) => {
    const made = published(FILES, told({ eventType }));
    expect(JSON.parse(made?.data ?? "")).toMatchObject({ type: "io.onelens.onyx.bucket.object.deleted" });
    expect(published(FILES, told({ eventType, overwrittenByGeneration: "18" }))).toBeNull();
  },
);

test.each<[string, Message]>([
  ["a message of a program", { data: "{}", attributes: { eventType: "OBJECT_FINALIZE", bucketId: "files" } }],
  ["what is no JSON", { data: "<xml/>", attributes: {} }],
  [
    "a notification of somebody else",
    { ...told(), attributes: { notificationConfig: "projects/_/buckets/x/notificationConfigs/1" } },
  ],
])("%s stays as it is", (_what, message) => {
  expect(published(FILES, message)).toEqual(message);
});

test("one function for all buckets; the last one takes it away, and those of others stay", () => {
  const both = withBucket(withBucket([THEIRS], "files", true), "photos", true);
  expect(both.map(({ javascriptUdf }) => javascriptUdf?.functionName)).toEqual(["onyxBucketEvent", "theirs"]);
  expect(isRegistered(both, "files") && isRegistered(both, "photos")).toBe(true);
  const one = withBucket(both, "files", false);
  expect([isRegistered(one, "files"), transformsFor(one, "photos")]).toEqual([false, true]);
  expect(withBucket(one, "photos", false)).toEqual([THEIRS]);
});

test("nothing is sent where nothing differs", () => {
  expect(withBucket(FILES, "files", true)).toBe(FILES);
  const theirs = [THEIRS];
  expect(withBucket(theirs, "files", false)).toBe(theirs);
});

test("code that somebody changed, or turned off, makes no CloudEvents, and is put right", () => {
  const [ours] = FILES;
  const changed = [{ javascriptUdf: { ...ours?.javascriptUdf, code: `${ours?.javascriptUdf?.code} ` } }];
  for (const broken of [changed, [{ ...ours, disabled: true }], [ours, ours] as MessageTransform[]]) {
    expect(transformsFor(broken as MessageTransform[], "files")).toBe(false);
    expect(withBucket(broken as MessageTransform[], "files", true)).toEqual(FILES);
  }
});

test("two hundred buckets of the longest names find room in it", () => {
  const many = Array.from({ length: 200 }, (_, n) => `${n}`.padStart(63, "b")).reduce(
    (live: readonly MessageTransform[], bucket) => withBucket(live, bucket, true),
    [],
  );
  expect(Buffer.byteLength(many[0]?.javascriptUdf?.code ?? "")).toBeLessThan(CODE_BYTES);
});
