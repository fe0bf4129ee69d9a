import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Statement } from "./policy.ts";
import { letServiceSend, type Ours, sameStatements, sidOf, statementsIn, withOurs } from "./resource-policy.ts";

const QUEUE = "arn:aws:sqs:eu-west-1:111122223333:orders";
const ours = (source: string): Statement =>
  letServiceSend({
    sid: sidOf("Topic", source),
    service: "sns.amazonaws.com",
    action: "sqs:SendMessage",
    resource: QUEUE,
    source,
    account: "111122223333",
  });
const theirs: Statement = {
  Sid: "team",
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::1:root" },
  Action: ["sqs:*"],
  Resource: "*",
};
const unnamed: Statement = { Effect: "Deny", Principal: "*", Action: "sqs:*", Resource: QUEUE };
const TOPIC = "arn:aws:sns:eu-west-1:111122223333:news";
const want = (source: string): Ours => ({ [sidOf("Topic", source)]: ours(source) });
const policy = (...Statement: Statement[]) => JSON.stringify({ Version: "2008-10-17", Id: "kept", Statement });

describe("statements of ours beside those of others", () => {
  test("one is added, and the rest of the document stays", () => {
    expect(JSON.parse(withOurs(policy(theirs, unnamed), want(TOPIC)) ?? "")).toEqual({
      Version: "2008-10-17",
      Id: "kept",
      Statement: [theirs, unnamed, ours(TOPIC)],
    });
  });

  test("without a policy, it is a policy of its own", () => {
    for (const none of [undefined, ""])
      expect(JSON.parse(withOurs(none, want(TOPIC)) ?? "")).toEqual({
        Version: "2012-10-17",
        Statement: [ours(TOPIC)],
      });
  });

  test("nothing is sent where it stands already, however AWS writes it", () => {
    const asStored = {
      ...ours(TOPIC),
      Action: ["sqs:SendMessage"],
      Principal: { Service: ["sns.amazonaws.com"] },
      Condition: {
        StringEquals: { "aws:SourceAccount": ["111122223333"] },
        ArnEquals: { "aws:SourceArn": [TOPIC] },
      },
    };
    expect(withOurs(policy(asStored), want(TOPIC))).toBeUndefined();
  });

  test("one that was widened, doubled or turned round is put right", () => {
    const { Condition: _none, ...open } = ours(TOPIC);
    for (const live of [[open], [ours(TOPIC), open], [{ ...ours(TOPIC), Effect: "Deny" }]])
      expect(statementsIn(withOurs(policy(theirs, ...live), want(TOPIC)))).toEqual([theirs, ours(TOPIC)]);
  });

  test("taken away, the others stay; with the last one the policy goes", () => {
    const none: Ours = { [sidOf("Topic", TOPIC)]: null };
    expect(statementsIn(withOurs(policy(theirs, ours(TOPIC)), none))).toEqual([theirs]);
    expect(withOurs(policy(ours(TOPIC)), none)).toBe("");
    expect(withOurs(policy(theirs), none)).toBeUndefined();
    expect(withOurs("", none)).toBeUndefined();
  });

  test("whoever comes and goes in which order: what is left is what should be, and theirs", () => {
    const source = fc.constantFrom("a", "b", "c");
    fc.assert(
      fc.property(fc.array(fc.record({ source, there: fc.boolean() }), { maxLength: 12 }), (steps) => {
        let live: string | undefined = policy(theirs, unnamed);
        const held = new Set<string>();
        for (const { source, there } of steps) {
          live = withOurs(live, there ? want(source) : { [sidOf("Topic", source)]: null }) ?? live;
          if (there) held.add(source);
          else held.delete(source);
        }
        expect(sameStatements(statementsIn(live), [theirs, unnamed, ...[...held].map(ours)])).toBe(true);
      }),
    );
  });

  test("what is no policy was cut off, and is not taken for none", () => {
    expect(() => withOurs('{"Version":', want(TOPIC))).toThrow("no policy");
  });
});
