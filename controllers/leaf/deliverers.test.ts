import { expect, it } from "vitest";
import type { BucketSpec } from "../../crds/bucket.ts";
import type { Given, Naming } from "../../operator/reconcile/leaf-object.ts";
import { bucket } from "./bucket.ts";
import { deliverersOf, deliverersSpec } from "./deliverers.ts";

const ACME = "111122223333";
const ACCOUNT = "billing@acme.iam.gserviceaccount.com";
const OVERRIDES = {
  aws: { bucketKey: false, deliverers: [{ account: "999999999999" }, { account: ACME, prefix: "acme/" }] },
  gcp: { location: "EU", deliverers: [{ serviceAccount: ACCOUNT }] },
};
const spec = (overrides?: object): BucketSpec => ({ versioning: false, storageClass: "Hot", overrides }) as BucketSpec;

it.each([
  [
    "aws",
    [
      { who: ACME, prefix: "acme/", delivers: true },
      { who: "999999999999", prefix: "", delivers: true },
    ],
  ],
  ["gcp", [{ who: ACCOUNT, prefix: "", delivers: true }]],
] as const)("on %s those of that cloud, sorted, and none where none are given", (cloud, wanted) => {
  expect(deliverersOf(spec(OVERRIDES), cloud)).toEqual(wanted);
  expect(deliverersOf(spec(), cloud)).toEqual([]);
  expect(deliverersOf(spec({ [cloud]: {} }), cloud)).toEqual([]);
});

it("gives them back as spec has them; what nobody can ask for is left out", () => {
  expect(deliverersSpec(deliverersOf(spec(OVERRIDES), "aws"), "aws")).toEqual({
    deliverers: [{ account: ACME, prefix: "acme/" }, { account: "999999999999" }],
  });
  expect(deliverersSpec([{ who: ACCOUNT, prefix: "", delivers: true }], "gcp")).toEqual({
    deliverers: [{ serviceAccount: ACCOUNT }],
  });
  expect(deliverersSpec([{ who: "allUsers", prefix: "", delivers: false }], "gcp")).toEqual({});
  expect(deliverersSpec(undefined, "aws")).toEqual({});
});

it("is a field of its own of a Bucket, and no other override", () => {
  const given: Given = {
    namespace: "shop",
    name: "reports",
    cloud: "aws",
    tags: {},
    target: () => ({ outputs: {}, effective: {} }),
    source: () => "",
  };
  const want = bucket.want(spec(OVERRIDES), given);
  expect(want).toMatchObject({ overrides: { bucketKey: false }, deliverers: [{ who: ACME }, { who: "999999999999" }] });
  const naming = { cloud: "aws" } as Naming;
  expect(bucket.specOf?.({ overrides: want.overrides, deliverers: want.deliverers }, naming)).toMatchObject({
    overrides: {
      aws: { bucketKey: false, deliverers: [{ account: ACME, prefix: "acme/" }, { account: "999999999999" }] },
    },
  });
  expect(bucket.specOf?.({ overrides: {}, deliverers: [] }, naming)).toMatchObject({ overrides: undefined });
});
