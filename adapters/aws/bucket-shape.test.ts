import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BucketLifecycleRule } from "../../controllers/leaf/wants.ts";
import { type LifecycleWant, lifecycleOf, lifecycleRules } from "./bucket-lifecycle.ts";
import { hasTlsOnly, withTlsOnly } from "./bucket-policy.ts";
import { corsOf, corsRule, encryptionOf, encryptionRule, objectLock, retentionOf } from "./bucket-shape.ts";

const ARN = "arn:aws:s3:::orders";
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

const days = fc.integer({ min: 1, max: 36_500 });
const to = fc.constantFrom("Cool", "Cold", "Archive");
const action = fc.oneof(
  fc.record({
    action: fc.constantFrom("Expire", "AbortMultipart"),
    to: fc.constant(null),
    versionsKept: fc.constant(null),
  }),
  fc.record({ action: fc.constantFrom("Transition", "TransitionNoncurrent"), to, versionsKept: fc.constant(null) }),
  fc.record({
    action: fc.constant("ExpireNoncurrent"),
    to: fc.constant(null),
    versionsKept: fc.option(fc.integer({ min: 1, max: 100 })),
  }),
);
const lifecycle = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.constantFrom("", "a/", "日/"), days, action), {
    selector: ([name]) => name,
    maxLength: 8,
  })
  .map((rules) =>
    rules
      .map(([name, prefix, count, rest]) => ({ name, prefix, days: count, ...rest }) as BucketLifecycleRule)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );

describe("the lifecycle of a bucket", () => {
  it("reads back as it was written, whatever it holds and however S3 orders it", () => {
    const wants = fc.record<LifecycleWant>({
      lifecycle,
      storageClass: fc.constantFrom("Hot", "Auto"),
      softDeleteDays: fc.constantFrom(0, 7, 90),
    });
    fc.assert(
      fc.property(wants, (want) => {
        expect(lifecycleOf(lifecycleRules(want))).toEqual(want);
        expect(lifecycleOf(lifecycleRules(want).reverse())).toEqual(want);
      }),
    );
  });

  it("is the same with an empty filter, an empty prefix and none, as S3 may give it", () => {
    const expected = { name: "old", prefix: "", action: "Expire", days: 3, to: null, versionsKept: null };
    const common = { ID: "old", Status: "Enabled", Expiration: { Days: 3 } } as const;
    for (const rule of [common, { ...common, Filter: {} }, { ...common, Prefix: "" }, { ...common, Transitions: [] }])
      expect(lifecycleOf([rule]).lifecycle).toEqual([expected]);
  });

  it.each([
    ["switched off", { Status: "Disabled", Expiration: { Days: 3 } }],
    ["for a tag", { Status: "Enabled", Filter: { Tag: { Key: "a", Value: "b" } }, Expiration: { Days: 3 } }],
    ["on a date", { Status: "Enabled", Filter: { Prefix: "" }, Expiration: { Date: new Date(0) } }],
    [
      "with two actions",
      {
        Status: "Enabled",
        Filter: { Prefix: "" },
        Expiration: { Days: 3 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ],
  ] as const)("of somebody else, %s, is what no spec can ask for", (_, rule) => {
    const [found] = lifecycleOf([{ ID: "theirs", ...rule }]).lifecycle;
    expect(found).toMatchObject({ name: "theirs", asItIs: expect.anything() });
    expect(found).not.toHaveProperty("action");
  });

  it("goes on to take what soft delete kept, once that is off", () => {
    const rules = lifecycleRules({ lifecycle: [], storageClass: "Hot", softDeleteDays: 0 }, 30);
    expect(rules).toMatchObject([{ ID: "onyx-soft-delete", NoncurrentVersionExpiration: { NoncurrentDays: 30 } }]);
  });
});

describe("the policy of a bucket", () => {
  const theirs = {
    Sid: "Theirs",
    Effect: "Allow",
    Principal: { AWS: "1" },
    Action: "s3:GetObject",
    Resource: `${ARN}/*`,
  };
  const withTheirs = JSON.stringify({ Version: "2012-10-17", Id: "x", Statement: theirs });

  it("gets our statement once, and keeps what others wrote", () => {
    const first = withTlsOnly(withTheirs, ARN);
    expect(withTlsOnly(first, ARN)).toBe(first);
    const { Id, Statement } = JSON.parse(first) as { Id: string; Statement: { Sid: string }[] };
    expect(Id).toBe("x");
    expect(Statement.map(({ Sid }) => Sid)).toEqual(["Theirs", "OnyxTlsOnly"]);
    expect(hasTlsOnly(first, ARN)).toBe(true);
    expect(hasTlsOnly(withTheirs, ARN)).toBe(false);
    expect(hasTlsOnly(undefined, ARN)).toBe(false);
  });

  it("is the same however S3 writes our statement", () => {
    const ours = {
      Sid: "OnyxTlsOnly",
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: ["s3:*"],
      Resource: [`${ARN}/*`, ARN],
      Condition: { Bool: { "aws:SecureTransport": ["false"] } },
    };
    expect(hasTlsOnly(JSON.stringify({ Version: "2012-10-17", Statement: ours }), ARN)).toBe(true);
  });

  it.each([
    ["allows", { Effect: "Allow" }],
    ["is for one principal", { Principal: { AWS: "1" } }],
    ["is for another bucket", { Resource: "arn:aws:s3:::other" }],
    [
      "asks for more",
      { Condition: { Bool: { "aws:SecureTransport": "false" }, IpAddress: { "aws:SourceIp": "1.2.3.4" } } },
    ],
    ["has no condition", { Condition: undefined }],
  ])("with a statement of our name that %s is put right", (_, change) => {
    const { Statement } = JSON.parse(withTlsOnly(undefined, ARN)) as { Statement: object[] };
    const bent = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...Statement[0], ...change }] });
    expect(hasTlsOnly(bent, ARN)).toBe(false);
    expect(hasTlsOnly(withTlsOnly(bent, ARN), ARN)).toBe(true);
  });
});

describe("encryption, retention and CORS", () => {
  it.each([
    [{ encryptionKey: null, overrides: {} }],
    [{ encryptionKey: KEY, overrides: {} }],
    [{ encryptionKey: KEY, overrides: { bucketKey: false } }],
  ])("%o reads back as it was written", (want) => {
    expect(encryptionOf(encryptionRule(want, undefined), (key) => key)).toEqual(want);
  });

  it("keeps what else stands in the rule for new objects", () => {
    const blocked = { BlockedEncryptionTypes: { EncryptionType: ["SSE-C" as const] } };
    expect(encryptionRule({ encryptionKey: null, overrides: {} }, blocked)).toMatchObject(blocked);
  });

  it("tells AWS's own key and the double encryption from every wish", () => {
    const own = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const } };
    expect(encryptionOf(own, (key) => key).encryptionKey).toBe("alias/aws/s3");
    const twice = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms:dsse" as const, KMSMasterKeyID: KEY },
    };
    expect(encryptionOf(twice, (key) => key).encryptionKey).not.toBe(KEY);
  });

  it.each([[null], [{ days: 30, lock: false }], [{ days: 365, lock: true }]])(
    "retention %o reads back",
    (retention) => {
      expect(retentionOf(objectLock(retention))).toEqual(retention);
    },
  );

  it("tells years in days, and no lock as no retention", () => {
    const inYears = { Rule: { DefaultRetention: { Mode: "GOVERNANCE" as const, Years: 2 } } };
    expect(retentionOf(inYears)).toEqual({ days: 730, lock: false });
    expect(retentionOf(undefined)).toBeNull();
  });

  it("CORS reads back, and lets pages see no wildcard of headers", () => {
    const rule = { name: "app", origins: ["*"], methods: ["GET", "PUT"], headers: ["*", "ETag"], maxAgeSeconds: 0 };
    expect(corsRule(rule).ExposeHeaders).toEqual(["ETag"]);
    expect(corsOf(corsRule(rule))).toEqual(rule);
    expect(corsOf({ ...corsRule(rule), ExposeHeaders: ["theirs"] })).not.toEqual(rule);
  });
});
