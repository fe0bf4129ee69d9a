/** Our statements in the policies of resources that others write into too, such as queues and topics. Pure. */
import { shortHash } from "../../operator/provider/owner.ts";
import { linesOf, list, type PolicyDocument, parsePolicy, type Statement } from "./policy.ts";

/** What should stand in a policy under names of ours; null: nothing of that name. All other statements are left alone. */
export type Ours = Readonly<Record<string, Statement | null>>;

/**
 * The name of a statement that is about `whom`, such as the ARN of what is let in. Letters and digits only: no service
 * takes more.
 */
export const sidOf = (what: string, whom: string): string => `Onyx${what}${shortHash(whom, 12)}`;

/** A statement that lets an AWS service send to a resource, for one source in one account and for nobody else. */
export function letServiceSend(to: {
  readonly sid: string;
  /** Such as `sns.amazonaws.com`. */
  readonly service: string;
  /** Such as `sqs:SendMessage`. */
  readonly action: string;
  /** ARN of the resource that has the policy. */
  readonly resource: string;
  /** ARN of what the service sends for. */
  readonly source: string;
  readonly account: string;
}): Statement {
  return {
    Sid: to.sid,
    Effect: "Allow",
    Principal: { Service: to.service },
    Action: to.action,
    Resource: to.resource,
    Condition: { ArnEquals: { "aws:SourceArn": to.source }, StringEquals: { "aws:SourceAccount": to.account } },
  };
}

/** The statements of a policy; none where there is no policy. @throws ProviderError transient: it was cut off on its way */
export const statementsIn = (text: string | undefined): readonly Statement[] =>
  text ? list(parsePolicy(text, WHAT).Statement) : [];

const WHAT = "the policy of the resource";

/** The live policy with ours as they should be and all others as they are; "" when nothing is left. Undefined: it is so. */
export function withOurs(text: string | undefined, ours: Ours): string | undefined {
  const live = statementsIn(text);
  const differs = Object.entries(ours).some(([sid, wanted]) => {
    const found = live.filter(({ Sid }) => Sid === sid);
    return wanted === null ? found.length > 0 : !sameStatements(found, [wanted]);
  });
  if (!differs) return undefined;
  const others = live.filter(({ Sid = "" }) => !Object.hasOwn(ours, Sid));
  const Statement = [...others, ...Object.values(ours).filter((one) => one !== null)];
  if (Statement.length === 0) return "";
  const { Version = VERSION, ...rest } = (text ? parsePolicy(text, WHAT) : {}) as Partial<PolicyDocument>;
  return JSON.stringify({ ...rest, Version, Statement });
}

const VERSION = "2012-10-17";

/** Equal rights, however AWS orders the document or writes lists of one. */
export const sameStatements = (a: readonly Statement[], b: readonly Statement[]): boolean =>
  JSON.stringify(linesOf({ Version: VERSION, Statement: a })) ===
    JSON.stringify(linesOf({ Version: VERSION, Statement: b })) && a.length === b.length;
