import { isDeepStrictEqual } from "node:util";
import { SFNClient, TestStateCommand } from "@aws-sdk/client-sfn";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { startAws, startWorkflowEngine } from "../../../hack/testbed/index.ts";
import {
  check,
  cloudWorkflowsSource,
  createCloudWorkflowsContext,
  EXPRESSION_TAG,
  type Expression,
  ExpressionError,
  ExpressionFault,
  evaluate,
  parse,
  type Scope,
  type Step,
  toCloudWorkflows,
  toJsonata,
  type Value,
  type Variables,
} from "../../../operator/workflow/expression/index.ts";
import { cases } from "../../../operator/workflow/expression/testing/cases.ts";
import {
  EXAMPLE_SCOPE,
  EXAMPLE_VARIABLES,
  FAULTS,
  VALUES,
} from "../../../operator/workflow/expression/testing/examples.ts";
import { isList, isMap } from "../../../operator/workflow/expression/values.ts";
import { SEED } from "../../support/seed.ts";

const DRAWN = 600;
/** More are slower: with each step, the engine copies all that a workflow holds. */
const IN_A_WORKFLOW = 5;
const AT_ONCE = 4;
const MINUTES = 4 * 60_000;
/** What an expression that fails ends in: our own tag, or what the engine raises by itself. */
const TAGS = [EXPRESSION_TAG, "KeyError", "TypeError", "IndexError", "ValueError", "ZeroDivisionError"];

const [engine, aws] = await Promise.all([
  startWorkflowEngine({ env: { WAIT_SCALE: "0" } }),
  startAws({ name: "expressions-cloud", env: { SFN_WAIT_SCALE: "0" } }),
]);
afterAll(() => Promise.all([engine.stop(), aws.stop()]));

interface Question {
  readonly source: string;
  readonly expression: Expression;
  readonly variables: Variables;
  readonly scope: Scope;
}

/** A value, or what an evaluation failed with. */
type Answer = { readonly value: unknown } | { readonly failed: unknown };

it("means the same in Cloud Workflows", { timeout: MINUTES }, async () => {
  const wrong: object[] = [];
  await inTurns([...batches(questions(), IN_A_WORKFLOW).entries()], async ([at, batch]) => {
    const answers = await askCloudWorkflows(`expressions-${at}`, batch);
    wrong.push(...batch.flatMap((question, place) => difference(question, answers[place]!)));
  });
  expect(wrong).toEqual([]);
});

it("means the same in Step Functions", { timeout: MINUTES }, async () => {
  const client = new SFNClient({
    endpoint: aws.endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    disableHostPrefix: true,
  });
  const wrong: object[] = [];
  await inTurns(questions(), async (asked) => {
    const question = { ...asked, variables: withoutNullItems(asked.variables) as Variables };
    wrong.push(...difference(question, await askStepFunctions(client, question)));
  });
  expect(wrong).toEqual([]);
});

/** The examples, and expressions that are drawn: those that pass the check. */
function questions(): Question[] {
  const examples = [...VALUES, ...FAULTS].map(([source]) => source);
  const drawn = fc.sample(cases(), { numRuns: DRAWN, seed: SEED });
  return [...examples.map((source) => ({ source, variables: EXAMPLE_VARIABLES, scope: EXAMPLE_SCOPE })), ...drawn]
    .map((each) => ({ ...each, expression: parse(each.source) }))
    .filter(passes);
}

function passes({ expression, scope }: Question): boolean {
  try {
    check(expression, scope);
    return true;
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

function difference({ source, expression, variables }: Question, there: Answer): object[] {
  const here = answerOf(expression, variables);
  const alike = "value" in here ? isDeepStrictEqual(here, there) : "failed" in there;
  return alike ? [] : [{ source, variables, here, there }];
}

function answerOf(expression: Expression, variables: Variables): Answer {
  try {
    return { value: evaluate(expression, variables) };
  } catch (error) {
    if (error instanceof ExpressionFault) return { failed: error.message };
    throw error;
  }
}

/** All in one execution: each in a subworkflow of its own, whose error is caught. */
async function askCloudWorkflows(id: string, batch: readonly Question[]): Promise<Answer[]> {
  const context = createCloudWorkflowsContext({ names: (name) => `v_${name}`, prefix: "x" });
  const parts = batch.map(({ expression, variables, scope }, at) => {
    const { steps, value } = toCloudWorkflows(expression, scope, context);
    const params = Object.keys(variables).map((name) => `v_${name}`);
    const args = Object.fromEntries(params.map((name) => [name, `\${cases[${at}]["${name.slice(2)}"]}`]));
    return { body: { params, steps: [...steps, { answer: { return: { value } } }] }, step: caught(at, args) };
  });
  const results = { results: { return: batch.map((_, at) => `\${answer${at}}`) } };
  const source = {
    main: { params: ["cases"], steps: [...parts.map(({ step }) => step), results] },
    ...Object.fromEntries(parts.map(({ body }, at) => [`case${at}`, body])),
    ...context.helpers(),
  };
  const workflow = await engine.deploy(cloudWorkflowsSource(source), id);
  const { result, ...outcome } = await workflow.run(batch.map(({ variables }) => variables));
  if (!Array.isArray(result) || result.length < batch.length)
    throw new Error(JSON.stringify({ outcome, result, sources: batch.map(({ source }) => source) }));
  return result.map(readAnswer);
}

function caught(at: number, args: Readonly<Record<string, string>>): Step {
  const answer = `answer${at}`;
  return {
    [`try${at}`]: {
      try: { steps: [{ [`call${at}`]: { call: `case${at}`, args, result: answer } }] },
      except: { as: "e", steps: [{ [`failed${at}`]: { assign: [{ [answer]: { failed: "${e.tags}" } }] } }] },
    },
  };
}

function readAnswer(answer: { value: unknown } | { failed: readonly string[] }): Answer {
  if ("value" in answer) return { value: withoutNegativeZero(answer.value) };
  return answer.failed.some((tag) => TAGS.includes(tag)) ? answer : { value: answer };
}

/** Python and Go write it; it is equal to zero all the same. */
function withoutNegativeZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

async function askStepFunctions(client: SFNClient, { expression, variables }: Question): Promise<Answer> {
  const source = toJsonata(expression, (name) => `$lookup($states.input,"${name}")`);
  const definition = { Type: "Pass", QueryLanguage: "JSONata", Output: { value: `{% ${source} %}` }, End: true };
  const { status, output, error } = await client.send(
    new TestStateCommand({
      definition: JSON.stringify(definition),
      input: JSON.stringify(variables),
      roleArn: "arn:aws:iam::000000000000:role/workflow",
    }),
  );
  if (status === "SUCCEEDED") return withoutNegativeZero(JSON.parse(output!)) as Answer;
  return error === "States.QueryEvaluationError" ? { failed: error } : { value: error };
}

/** ministack loses the nulls that stand in lists of an input. */
function withoutNullItems(value: Value): Value {
  if (isList(value)) return value.map((item) => withoutNullItems(item ?? false));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutNullItems(inner)]));
}

function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** A few at once, as each takes its time elsewhere. */
async function inTurns<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
