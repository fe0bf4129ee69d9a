import type { DescribeSecretResponse } from "@aws-sdk/client-secrets-manager";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STATE, stateText, type ValueState } from "../../operator/provider/kept-value.ts";
import { actualSecret, bytesOf, inForce, liveOf, nameOfSecret, payloadOf, versionId } from "./secret-shape.ts";

const aws = { arn: (service: string, resource: string) => `arn:aws:${service}:us-east-1:000000000000:${resource}` };
const ARN = aws.arn("secretsmanager", "secret:dev-shop-token-abc123-Xy9zQ1");
const value = { from: "Generated", revision: "32-Alphanumeric-1" } as const;
const state: ValueState = { value, version: "v2", since: 1, rotation: null, recoveryDays: 30 };
const live = (stages: Record<string, string[]>, over: Partial<DescribeSecretResponse> = {}, kept = state) =>
  liveOf(aws, {
    ARN,
    Name: "dev-shop-token-abc123",
    VersionIdsToStages: stages,
    Tags: [{ Key: STATE, Value: stateText(kept) }],
    ...over,
  });

describe("what is in force", () => {
  test("the recorded version, when it carries the label", () => {
    expect(inForce(live({ v2: ["AWSCURRENT"], v1: ["AWSPREVIOUS"] }))).toBe(true);
    expect(actualSecret(live({ v2: ["AWSCURRENT"], v1: ["AWSPREVIOUS"] })).value).toEqual(value);
  });

  test("not when somebody put a value, or moved the label", () => {
    const other = live({ theirs: ["AWSCURRENT"], v2: ["AWSPREVIOUS"] });
    expect(inForce(other)).toBe(false);
    expect(actualSecret(other).value?.from).toBe("Other");
  });

  test("the first version of a secret, whatever its id", () =>
    expect(inForce(live({ uuid: ["AWSCURRENT"] }))).toBe(true));

  test("somebody else's, when we never wrote what it answers or when we wrote that it is theirs", () => {
    const theirs = { from: "External", revision: "as-is" } as const;
    expect(actualSecret(live({ uuid: ["AWSCURRENT"] }, { Tags: [] })).value).toEqual(theirs);
    const kept = { ...state, value: theirs, version: null };
    expect(actualSecret(live({ later: ["AWSCURRENT"], uuid: ["AWSPREVIOUS"] }, {}, kept)).value).toEqual(theirs);
    expect(actualSecret(live({}, { Tags: [] })).value?.from).toBe("Other");
  });

  test("nothing without a version", () => expect(inForce(live({}))).toBe(false));
});

test("AWS's own key is no key of a customer", () => {
  const keyOf = (KmsKeyId: string | undefined) => live({}, KmsKeyId ? { KmsKeyId } : {}).encryptionKey;
  expect(keyOf(undefined)).toBeNull();
  expect(keyOf("alias/aws/secretsmanager")).toBeNull();
  expect(keyOf(aws.arn("kms", "key/1"))).toBe(aws.arn("kms", "key/1"));
});

test("a copy that AWS could not make is told with the reason, and differs from every wish", () => {
  const { overrides } = actualSecret(
    live({}, { ReplicationStatus: [{ Region: "eu-west-1", Status: "Failed", StatusMessage: "the name is taken" }] }),
  );
  expect(overrides).toEqual({ replicas: [{ region: "eu-west-1", failed: "the name is taken" }] });
});

test("the name is the ARN's without the six characters that AWS appends", () => {
  expect(nameOfSecret(ARN)).toBe("dev-shop-token-abc123");
  expect(nameOfSecret("plain")).toBe("plain");
});

test("a version's id follows from the one before and the wish, and fits AWS", () => {
  const ids = [
    versionId("a", undefined, value),
    versionId("a", "v1", value),
    versionId("b", undefined, value),
    versionId("a", undefined, { ...value, revision: "32-Alphanumeric-2" }),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9-]{32,64}$/);
  expect(versionId("a", "v1", value)).toBe(ids[1]);
});

test("any bytes come back as they were, text as a string", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      expect(Buffer.compare(bytesOf(payloadOf(bytes)), bytes)).toBe(0);
    }),
  );
  expect(payloadOf(new TextEncoder().encode("text\n"))).toEqual({ SecretString: "text\n" });
  expect(payloadOf(new Uint8Array([0xff, 0xfe]))).toHaveProperty("SecretBinary");
});
