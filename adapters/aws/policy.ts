/**
 * IAM documents as sets of rights. A right is one action on one resource under one condition; a document merges
 * rights into few statements, and any document that AWS gives back is taken apart into the same lines.
 */

import { ProviderError } from "../../operator/provider/fault.ts";
import { jsonIn } from "../../operator/provider/json.ts";

/** One condition: all operators and keys must match. Values of ours are single. */
export interface Test {
  readonly operator: string;
  readonly key: string;
  readonly value: string;
}

/** One action on one resource, when all tests match. */
export interface Right {
  readonly action: string;
  readonly resource: string;
  readonly when: readonly Test[];
}

type OneOrMany = string | readonly string[];
type ConditionBlock = Readonly<Record<string, Readonly<Record<string, OneOrMany>>>>;

/** A statement as AWS stores it: lists of one may be single values. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: string | Readonly<Record<string, OneOrMany>>;
  readonly NotPrincipal?: unknown;
  readonly Action?: OneOrMany;
  readonly NotAction?: OneOrMany;
  readonly Resource?: OneOrMany;
  readonly NotResource?: OneOrMany;
  readonly Condition?: ConditionBlock;
}

export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: Statement | readonly Statement[];
}

/**
 * A policy of whatever AWS keeps one for. @param what whose it is, for messages
 *
 * @throws ProviderError transient: it is no policy, so it was cut off on its way
 */
export function parsePolicy(text: string, what: string): PolicyDocument {
  const document = jsonIn(text);
  if (isRecord(document) && list(document.Statement).every(isStatement)) return document as unknown as PolicyDocument;
  throw new ProviderError("transient", `${what} is no policy: it was cut off, or is of a form that is not known`, {
    code: "IncompleteReply",
  });
}

function isStatement(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { Sid, Effect, Principal, Condition = {} } = value;
  const texts = [value.Action, value.NotAction, value.Resource, value.NotResource];
  return (
    typeof Effect === "string" &&
    (Sid === undefined || typeof Sid === "string") &&
    texts.every(isTexts) &&
    (isTexts(Principal) || (isRecord(Principal) && Object.values(Principal).every(isTexts))) &&
    isRecord(Condition) &&
    Object.values(Condition).every((keys) => isRecord(keys) && Object.values(keys).every(isValues))
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One, many or none. */
const isTexts = (value: unknown): boolean => list(value).every((one) => typeof one === "string");
/** In conditions numbers and truth values stand for their texts. */
const isValues = (value: unknown): boolean =>
  list(value).every((one) => ["string", "number", "boolean"].includes(typeof one));

/** A statement that is more lines than this is told as one: with every key of a condition they multiply. */
const MOST_LINES = 10_000;

/** Operators whose list of values means any of them, so that a list can be taken apart. */
const ANY_OF = /^(StringEquals|StringLike|ArnEquals|ArnLike)(IfExists)?$/;

/**
 * The smallest document that this way of merging finds: one statement a set of actions and condition, resources
 * merged; statements that differ in one encryption context only merge its values. The same for any order of rights.
 */
export function documentOf(rights: readonly Right[]): { Version: string; Statement: Statement[] } {
  const byResource = group(rights, ({ resource, when }) => [resource, when]).map((same) => ({
    actions: sorted(same.map(({ action }) => action)),
    resource: same[0]!.resource,
    when: same[0]!.when,
  }));
  const byActions = group(byResource, ({ actions, when }) => [actions, when]).map((same) => ({
    actions: same[0]!.actions,
    resources: sorted(same.map(({ resource }) => resource)),
    when: same[0]!.when,
  }));
  const statements = group(byActions, ({ actions, resources, when }) => [
    actions,
    resources,
    when.map((test) => (isContext(test) ? { ...test, value: "" } : test)),
  ]).map(
    (same): Statement => ({
      Effect: "Allow",
      Action: same[0]!.actions,
      Resource: same[0]!.resources,
      ...(same[0]!.when.length > 0 && { Condition: conditionBlock(same.flatMap(({ when }) => when)) }),
    }),
  );
  return { Version: "2012-10-17", Statement: statements.sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b))) };
}

/**
 * A document as lines for people, sorted, one a right: `allow sqs:SendMessage on arn:…`, with `to` for a principal and
 * `when` for a condition. Equal lines mean equal rights, however AWS orders the document or writes lists of one.
 */
export function linesOf(document: PolicyDocument): string[] {
  const statements = list<Statement>(document.Statement);
  return sorted(statements.flatMap(linesOfStatement));
}

function linesOfStatement(statement: Statement): string[] {
  const verb = statement.Effect === "Allow" ? "allow" : statement.Effect.toLowerCase();
  const actions = [
    ...list(statement.Action),
    ...(statement.NotAction === undefined ? [] : [`all but ${sorted(list(statement.NotAction)).join(", ")}`]),
  ];
  const objects = [
    ...list(statement.Resource).map((resource) => ` on ${resource}`),
    ...(statement.NotResource === undefined ? [] : [` on all but ${sorted(list(statement.NotResource)).join(", ")}`]),
  ];
  const subjects = [
    ...principals(statement.Principal).map((principal) => ` to ${principal}`),
    ...(statement.NotPrincipal === undefined ? [] : [` to all but ${JSON.stringify(statement.NotPrincipal)}`]),
  ];
  const tests = testsIn(statement.Condition ?? {});
  const count = [actions, objects, subjects, ...tests.map(({ values }) => values)]
    .map(({ length }) => Math.max(1, length))
    .reduce((product, length) => product * length, 1);
  if (count > MOST_LINES)
    return [
      `${verb} ${JSON.stringify([actions, objects, subjects].map((texts) => sorted(texts)))} when ${JSON.stringify(tests)}`,
    ];
  const conditions = alternatives(tests).map(whenText);
  const combine = (heads: readonly string[], tails: readonly string[]) =>
    heads.flatMap((head) => (tails.length > 0 ? tails : [""]).map((tail) => head + tail));
  return combine(
    combine(
      combine(
        actions.map((action) => `${verb} ${action}`),
        objects,
      ),
      subjects,
    ),
    conditions,
  );
}

const principals = (principal: Statement["Principal"]): string[] =>
  typeof principal === "string"
    ? [principal]
    : Object.entries(principal ?? {}).flatMap(([kind, names]) => list(names).map((name) => `${kind} ${name}`));

const whenText = (tests: readonly Test[]): string =>
  tests.length === 0
    ? ""
    : ` when ${sorted(tests.map(({ operator, key, value }) => `${operator} ${key}=${value}`)).join(" and ")}`;

/** Each key of a condition block with what it may be, sorted: any one of the values must match, all keys must. */
function testsIn(block: ConditionBlock): readonly (Omit<Test, "value"> & { readonly values: readonly string[] })[] {
  return Object.entries(block)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, given]) => {
        const values = sorted(list(given).map(String));
        return { operator, key, values: ANY_OF.test(operator) ? values : [JSON.stringify(values)] };
      }),
    )
    .sort((a, b) => compare(`${a.operator} ${a.key}`, `${b.operator} ${b.key}`));
}

/** The ways in which all can match, each with one value a key. */
const alternatives = (tests: ReturnType<typeof testsIn>): readonly Test[][] =>
  tests.reduce<Test[][]>(
    (ways, { operator, key, values }) =>
      ways.flatMap((way) => values.map((value) => [...way, { operator, key, value }])),
    [[]],
  );

function conditionBlock(tests: readonly Test[]): ConditionBlock {
  const block: Record<string, Record<string, OneOrMany>> = {};
  for (const { operator, key } of [...tests].sort((a, b) => compare(whenText([a]), whenText([b])))) {
    const values = sorted(
      tests.filter((one) => one.operator === operator && one.key === key).map(({ value }) => value),
    );
    block[operator] = { ...block[operator], [key]: values.length === 1 ? values[0]! : values };
  }
  return block;
}

const isContext = ({ key }: Test): boolean => key.startsWith("kms:EncryptionContext:");

function group<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  return [...Map.groupBy(items, (item) => JSON.stringify(keyOf(item))).values()];
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort(compare);
export const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];
