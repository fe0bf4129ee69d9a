import { describe, expect, it } from "vitest";
import { deliverersIn, hasTlsOnly, withDeliverers } from "./bucket-policy.ts";

const ARN = "arn:aws:s3:::reports";
const ACME = "111122223333";
const GLOBEX = "444455556666";

interface One {
  readonly Sid: string;
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const letsIn = (who: string, prefix = "") => ({ who, prefix, delivers: true });
const written = (...deliverers: ReturnType<typeof letsIn>[]) => withDeliverers(undefined, ARN, deliverers);
const statements = (policy: string) => (JSON.parse(policy) as { Statement: One[] }).Statement;
const named = (policy: string, sid: string) => {
  const found = statements(policy).find(({ Sid }) => Sid === sid);
  if (!found) expect.fail(`there is no ${sid}`);
  return found;
};
/** The policy with one statement changed, or taken out. */
const bent = (policy: string, sid: string, change: object | undefined) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: statements(policy).flatMap((one) => (one.Sid === sid ? (change ? [{ ...one, ...change }] : []) : [one])),
  });

describe("a deliverer of a bucket", () => {
  it("may put objects under its prefix, itself and by the services that write its cost reports", () => {
    const policy = written(letsIn(ACME, "acme/"));
    expect(named(policy, `OnyxDelivery${ACME}`)).toEqual({
      Sid: `OnyxDelivery${ACME}`,
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${ACME}:root` },
      Action: "s3:PutObject",
      Resource: `${ARN}/acme/*`,
    });
    expect(named(policy, `OnyxDelivery${ACME}Billing`)).toEqual({
      Sid: `OnyxDelivery${ACME}Billing`,
      Effect: "Allow",
      Principal: { Service: ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"] },
      Action: ["s3:GetBucketPolicy", "s3:PutObject"],
      Resource: [ARN, `${ARN}/acme/*`],
      Condition: {
        StringEquals: { "aws:SourceAccount": ACME },
        ArnLike: {
          "aws:SourceArn": [
            `arn:aws:bcm-data-exports:us-east-1:${ACME}:export/*`,
            `arn:aws:cur:us-east-1:${ACME}:definition/*`,
          ],
        },
      },
    });
  });

  it("is an account alone where AWS's services write no reports that we know of", () => {
    const arn = "arn:aws-cn:s3:::reports";
    const policy = withDeliverers(undefined, arn, [letsIn(ACME)]);
    expect(statements(policy).map(({ Sid }) => Sid)).toEqual([`OnyxDelivery${ACME}`, "OnyxTlsOnly"]);
    expect(named(policy, `OnyxDelivery${ACME}`).Principal).toEqual({ AWS: `arn:aws-cn:iam::${ACME}:root` });
    expect(deliverersIn(policy, arn)).toEqual([letsIn(ACME)]);
  });

  it.each([
    ["none", []],
    ["one", [letsIn(ACME)]],
    ["two", [letsIn(ACME, "acme/"), letsIn(GLOBEX)]],
  ])("%s: reads back as written, and all is over TLS", (_, deliverers) => {
    const policy = written(...deliverers);
    expect(deliverersIn(policy, ARN)).toEqual(deliverers);
    expect(hasTlsOnly(policy, ARN)).toBe(true);
    expect(withDeliverers(policy, ARN, deliverers)).toBe(policy);
  });

  it("reads back in the order and with the lists that S3 likes", () => {
    const policy = written(letsIn(ACME, "a/"), letsIn(GLOBEX));
    const Statement = statements(policy)
      .reverse()
      .map((one) => ({ ...one, Action: [one.Action].flat().reverse(), Resource: [one.Resource].flat().reverse() }));
    expect(deliverersIn(JSON.stringify({ Version: "2012-10-17", Statement }), ARN)).toEqual([
      letsIn(ACME, "a/"),
      letsIn(GLOBEX),
    ]);
  });

  it.each<[string, string, object | undefined]>([
    ["the account is gone", `OnyxDelivery${ACME}`, undefined],
    ["the services are gone", `OnyxDelivery${ACME}Billing`, undefined],
    ["everybody is let in", `OnyxDelivery${ACME}`, { Principal: "*" }],
    ["another account is let in", `OnyxDelivery${ACME}`, { Principal: { AWS: `arn:aws:iam::${GLOBEX}:root` } }],
    ["it may read too", `OnyxDelivery${ACME}`, { Action: ["s3:GetObject", "s3:PutObject"] }],
    ["the services write for anybody", `OnyxDelivery${ACME}Billing`, { Condition: undefined }],
    ["the services write elsewhere", `OnyxDelivery${ACME}Billing`, { Resource: [ARN, `${ARN}/*`] }],
    ["the account is kept out", `OnyxDelivery${ACME}`, { Effect: "Deny" }],
  ])("is seen to be bent when %s, and put right", (_, sid, change) => {
    const wanted = [letsIn(ACME, "acme/")];
    const policy = bent(written(...wanted), sid, change);
    expect(deliverersIn(policy, ARN)).toMatchObject([{ who: ACME, delivers: false }]);
    expect(deliverersIn(withDeliverers(policy, ARN, wanted), ARN)).toEqual(wanted);
  });

  it("under another prefix is another wish", () => {
    const policy = written(letsIn(ACME, "theirs/"));
    expect(deliverersIn(policy, ARN)).toEqual([letsIn(ACME, "theirs/")]);
  });

  it("that somebody else wrote under our name is seen, and goes", () => {
    const theirs = {
      Sid: "OnyxDeliveryOfMine",
      Effect: "Allow",
      Principal: { AWS: ACME },
      Action: "s3:*",
      Resource: ARN,
    };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: theirs });
    expect(deliverersIn(policy, ARN)).toEqual([{ who: "OnyxDeliveryOfMine", prefix: "", delivers: false }]);
    expect(deliverersIn(withDeliverers(policy, ARN, []), ARN)).toEqual([]);
  });

  it("goes alone: what others wrote stays, whatever it lets in", () => {
    const theirs = {
      Sid: "Theirs",
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${ACME}:root` },
      Action: "s3:PutObject",
      Resource: `${ARN}/*`,
    };
    const before = JSON.stringify({ Version: "2012-10-17", Id: "x", Statement: [theirs] });
    const both = withDeliverers(before, ARN, [letsIn(ACME), letsIn(GLOBEX)]);
    const after = withDeliverers(both, ARN, [letsIn(GLOBEX)]);
    expect(deliverersIn(after, ARN)).toEqual([letsIn(GLOBEX)]);
    expect(JSON.parse(withDeliverers(after, ARN, []))).toMatchObject({
      Id: "x",
      Statement: [theirs, { Sid: "OnyxTlsOnly" }],
    });
  });

  it("times sixteen, with the longest names and prefixes, leaves room in the 20 KB of a policy", () => {
    const arn = `arn:aws:s3:::${"b".repeat(63)}`;
    const all = Array.from({ length: 16 }, (_, n) => letsIn(String(100_000_000_000 + n), "p".repeat(128)));
    expect(withDeliverers(undefined, arn, all).length).toBeLessThan(20 * 1024 - 2048);
  });
});
