import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { documentOf, linesOf, type PolicyDocument, type Right } from "./policy.ts";

const tests = fc.constantFrom(
  [],
  [{ operator: "StringEqualsIfExists", key: "dynamodb:ReturnValues", value: "NONE" }],
  ...["a", "b", "c"].map((value) => [
    { operator: "StringEquals", key: "kms:ViaService", value: "sqs.eu-west-1.amazonaws.com" },
    { operator: "StringEquals", key: "kms:EncryptionContext:aws:sqs:arn", value },
  ]),
);
const right: fc.Arbitrary<Right> = fc.record({
  action: fc.constantFrom("s:A", "s:B", "s:C"),
  resource: fc.constantFrom("r1", "r2", "r3", "r4"),
  when: tests,
});
const rights = fc.array(right, { minLength: 1, maxLength: 25 });
const linesOfEach = (all: readonly Right[]) =>
  [...new Set(all.flatMap((one) => linesOf(documentOf([one]))))].toSorted();

describe("a document made of rights", () => {
  it("allows just the rights it is made of", () => {
    fc.assert(
      fc.property(rights, (all) => {
        expect(linesOf(documentOf(all))).toEqual(linesOfEach(all));
      }),
    );
  });

  it("is the same for any order and for doubles", () => {
    fc.assert(
      fc.property(rights, fc.array(fc.nat(), { maxLength: 25 }), (all, seed) => {
        const shuffled = [...all, ...all].sort((a, b) => (seed[all.indexOf(a)] ?? 0) - (seed[all.indexOf(b)] ?? 0));
        expect(documentOf(shuffled)).toEqual(documentOf(all));
      }),
    );
  });

  it("has no statement that could go, and no two that could be one", () => {
    fc.assert(
      fc.property(rights, (all) => {
        const document = documentOf(all);
        const lines = linesOf(document);
        for (const statement of document.Statement) {
          const rest = document.Statement.filter((one) => one !== statement);
          expect(linesOf({ ...document, Statement: rest }).length).toBeLessThan(lines.length);
        }
        const keys = document.Statement.map(({ Action, Condition }) => JSON.stringify([Action, Condition]));
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

describe("lines of a document", () => {
  const read = (Statement: PolicyDocument["Statement"]) => linesOf({ Version: "2012-10-17", Statement });

  it("are the same however AWS writes it: order, lists of one, order of keys", () => {
    const one = read({
      Effect: "Allow",
      Action: "sqs:SendMessage",
      Resource: "arn:q",
      Condition: { StringEquals: { b: "2", a: ["1"] } },
    });
    const other = read([
      {
        Sid: "x",
        Condition: { StringEquals: { a: "1", b: ["2"] } },
        Resource: ["arn:q"],
        Action: ["sqs:SendMessage"],
        Effect: "Allow",
      },
    ]);
    expect(one).toEqual(other);
    expect(one).toEqual(["allow sqs:SendMessage on arn:q when StringEquals a=1 and StringEquals b=2"]);
  });

  it.each([
    [{ Effect: "Deny", Action: "s3:*", Resource: "*" }, ["deny s3:* on *"]],
    [{ Effect: "Allow", NotAction: ["b:B", "a:A"], Resource: "*" }, ["allow all but a:A, b:B on *"]],
    [{ Effect: "Allow", Action: "a:A", NotResource: "r" }, ["allow a:A on all but r"]],
    [
      { Effect: "Allow", Action: "a:A", Resource: "r", Condition: { StringNotEquals: { k: ["2", "1"] } } },
      ['allow a:A on r when StringNotEquals k=["1","2"]'],
    ],
    [
      { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: ["x", "y"], Service: "s" } },
      ["allow sts:AssumeRole to AWS x", "allow sts:AssumeRole to AWS y", "allow sts:AssumeRole to Service s"],
    ],
    [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: "*" }, ["allow sts:AssumeRole to *"]],
    [
      { Effect: "Allow", Action: "sts:AssumeRole", NotPrincipal: { AWS: "x" } },
      ['allow sts:AssumeRole to all but {"AWS":"x"}'],
    ],
  ])("%o", (statement, lines) => {
    expect(read(statement)).toEqual(lines);
  });
});
