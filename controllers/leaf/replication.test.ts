import { expect, it } from "vitest";
import type { BucketSpec } from "../../crds/bucket.ts";
import type { Given, Naming } from "../../operator/reconcile/leaf-object.ts";
import { replicationOf, replicationProblem, replicationReferences, replicationSpec } from "./replication.ts";

const TO = { bucketRef: { name: "copies" } };
const spec = (more: object = {}): BucketSpec => ({ versioning: true, replicateTo: TO, ...more }) as BucketSpec;
const given = (
  effective: object,
  outputs: Readonly<Record<string, string>> = { BUCKET_ID: "id-of-copies" },
): Given => ({
  namespace: "shop",
  name: "orders",
  cloud: "aws",
  tags: {},
  target: () => ({ outputs, effective: effective as Readonly<Record<string, unknown>> }),
  source: () => "",
});
const encryption = { keyRef: { name: "k" } };
const retention = { days: 1 };

it("refers to the bucket that is named, and to nothing that is external", () => {
  expect(replicationReferences(spec())).toEqual([{ field: "replicateTo.bucketRef", kind: "Bucket", name: "copies" }]);
  expect(replicationReferences(spec({ replicateTo: { bucketRef: { external: "id" } } }))).toEqual([]);
  expect(replicationReferences({} as BucketSpec)).toEqual([]);
});

it.each<[string, object, object]>([
  ["nothing is copied", { replicateTo: undefined }, { versioning: false }],
  ["it keeps versions", {}, { versioning: true }],
  ["it is yet to be made, so nothing is known of it", { encryption, retention }, {}],
  ["both have keys", { encryption }, { versioning: true, encryptionKey: "k" }],
  ["only it has a key", {}, { versioning: true, encryptionKey: "k" }],
  ["both keep what is written", { retention }, { versioning: true, retention: { days: 9, lock: false } }],
])("no problem where %s", (_what, more, effective) => {
  expect(replicationProblem(spec(more), given(effective))).toBeUndefined();
});

it.each<[RegExp, object, object]>([
  [/Bucket copies keeps no versions.*versioning: true/, {}, { versioning: false }],
  [/no key of its own.*encryption\.keyRef/, { encryption }, { versioning: true }],
  [/no retention.*Give it a retention/, { retention }, { versioning: true }],
  [/copied on itself.*Name the last one/, {}, { versioning: true, replicateTo: { target: "c" } }],
  [/external: a bucket with a key/, { encryption, replicateTo: { bucketRef: { external: "id" } } }, {}],
])("says %s", (message, more, effective) => {
  expect(replicationProblem(spec(more), given(effective))).toMatch(message);
});

it("is wanted with the key of where it goes", () => {
  const on = (effective: object) => replicationOf(spec({ replicateTo: { ...TO, prefix: "in/" } }), given(effective));
  const replicateTo = { target: "id-of-copies", prefix: "in/", copies: true };
  expect(on({ encryptionKey: "key" })).toEqual({ replicateTo, replicaKey: "key" });
  expect(on({})).toEqual({ replicateTo, replicaKey: null });
  expect(replicationOf({} as BucketSpec, given({}))).toEqual({ replicateTo: null, replicaKey: null });
  const external = replicationOf(spec({ replicateTo: { bucketRef: { external: "theirs" } } }), given({}));
  expect(external).toEqual({ replicateTo: { target: "theirs", prefix: "", copies: true }, replicaKey: null });
});

it("is written as spec for what is there", () => {
  const naming: Naming = { cloud: "aws", reference: (_kind, id) => ({ name: `of ${id}` }) };
  expect(replicationSpec({ target: "a", prefix: "in/", copies: true }, naming)).toEqual({
    bucketRef: { name: "of a" },
    prefix: "in/",
  });
  expect(replicationSpec({ target: "a", prefix: "", copies: false }, naming)).toEqual({ bucketRef: { name: "of a" } });
  for (const nothing of [null, undefined, { target: "", prefix: "", copies: false }])
    expect(replicationSpec(nothing, naming)).toBeUndefined();
});
