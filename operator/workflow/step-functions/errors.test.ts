import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { SEED } from "../../../test/support/seed.ts";
import { causeOf, errorName, PROBLEM, problemOf, raised } from "./errors.ts";
import { text } from "./queries.ts";

/** What Step Functions would make of a query. */
async function evaluated(query: string, bindings: Record<string, unknown>): Promise<unknown> {
  const expression = jsonata(query.replace(/^\{%|%\}$/g, ""));
  expression.registerFunction("parse", (json: string) => JSON.parse(json));
  return JSON.parse(JSON.stringify(await expression.evaluate(undefined, bindings)));
}

const caught = (errorOutput: object) => evaluated(PROBLEM, { states: { errorOutput } });

const own = JSON.stringify({ class: "Business", code: "Out", message: 'no "tea" \\ \n ü😀' });
/** As `startExecution.sync:2` fails. */
const ofRun = (error: object) =>
  JSON.stringify({ ...error, ExecutionArn: "arn:aws:states:…", Input: '{"Error":"Wf.Denied"}', Status: "FAILED" });

describe("classes of errors", () => {
  it.each([
    ["States.Timeout", "Timeout", ""],
    ["States.HeartbeatTimeout", "Timeout", ""],
    ["States.Http.StatusCode.408", "Timeout", ""],
    ["States.QueryEvaluationError", "Expression", ""],
    ["SQS.RequestThrottled", "Throttled", ""],
    ["Sfn.ExecutionLimitExceeded", "Throttled", ""],
    ["DynamoDB.ProvisionedThroughputExceededException", "Throttled", ""],
    ["States.Http.StatusCode.429", "Throttled", ""],
    ["SNS.AuthorizationErrorException", "Denied", ""],
    ["Sqs.AccessDeniedException", "Denied", ""],
    ["States.Permissions", "Denied", ""],
    ["States.Http.StatusCode.401", "Denied", ""],
    ["States.Http.StatusCode.403", "Denied", ""],
    ["SQS.QueueDoesNotExist", "NotFound", ""],
    ["SNS.NotFoundException", "NotFound", ""],
    ["Events.ConnectionResource.ResourceNotFound", "NotFound", ""],
    ["States.Http.StatusCode.404", "NotFound", ""],
    ["States.Http.StatusCode.400", "Business", "400"],
    ["States.Http.StatusCode.412", "Business", "412"],
    ["States.Http.StatusCode.302", "Business", "302"],
    ["States.Http.StatusCode.500", "Transient", ""],
    ["States.Http.StatusCode.504", "Transient", ""],
    ["States.Http.Socket", "Transient", ""],
    ["States.TaskFailed", "Transient", ""],
    ["Whatever", "Transient", ""],
    ["Wf.Throttled", "Throttled", ""],
    ["Wf.Business.Out", "Business", "Out"],
  ])("%s is %s %s, here and in JSONata", async (name, errorClass, code) => {
    const problem = { class: errorClass, code, message: "why" };
    expect(problemOf(name, "why")).toEqual(problem);
    expect(await caught({ Error: name, Cause: "why" })).toEqual(problem);
  });

  it.each([
    ["DynamoDB.ConditionalCheckFailedException", "The conditional request failed", "Business", "Conflict"],
    [
      "S3.S3Exception",
      "At least one … did not hold (Service: S3, Status Code: 412, Request ID: 1)",
      "Business",
      "Conflict",
    ],
    ["S3.S3Exception", "A conflicting operation … (Service: S3, Status Code: 409, Request ID: 1)", "Transient", ""],
    ["S3.S3Exception", "Access Denied (Service: S3, Status Code: 403, Request ID: 1)", "Denied", ""],
    [
      "S3.S3Exception",
      "Please reduce your request rate. (Service: S3, Status Code: 503, Request ID: 1)",
      "Transient",
      "",
    ],
    ["S3.NoSuchKeyException", "The key does not exist (Service: S3, Status Code: 404, Request ID: 1)", "NotFound", ""],
    [
      "DynamoDB.AmazonDynamoDBException",
      "One or more … (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: 1)",
      "Business",
      "400",
    ],
    [
      "DynamoDB.AmazonDynamoDBException",
      "User … (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: AccessDeniedException; Request ID: 1)",
      "Denied",
      "",
    ],
    [
      "DynamoDb.DynamoDbException",
      "arn:… is not authorized to perform: dynamodb:Query (Service: DynamoDb, Status Code: 400)",
      "Denied",
      "",
    ],
    ["States.TaskFailed", "Status Code: 404", "Transient", ""],
  ])("%s with the cause %s is %s %s, here and in JSONata", async (name, why, errorClass, code) => {
    const problem = { class: errorClass, code, message: why };
    expect(problemOf(name, why)).toEqual(problem);
    expect(await caught({ Error: name, Cause: why })).toEqual(problem);
  });

  it.each([
    ["of our own", "Wf.Business.Out", own, JSON.parse(own)],
    ["of a run's", "States.TaskFailed", ofRun({ Cause: own, Error: "Wf.Business.Out" }), JSON.parse(own)],
    [
      "of a run that failed by itself",
      "States.TaskFailed",
      ofRun({ Cause: "oh", Error: "States.QueryEvaluationError" }),
      { class: "Expression", code: "", message: "oh" },
    ],
    ["of a run that was stopped", "States.TaskFailed", ofRun({}), { class: "Transient", code: "", message: ofRun({}) }],
    [
      "that is cut off",
      "States.TaskFailed",
      ofRun({ Cause: own, Error: "Wf.Business.Out" }).slice(0, -20),
      JSON.parse(own),
    ],
  ])("finds the message in a cause %s", async (_what, error, cause, problem) => {
    expect(problemOf(error, cause)).toEqual(problem);
    expect(await caught({ Error: error, Cause: cause })).toEqual(problem);
  });

  it.each([{}, { Error: "States.Timeout" }, { Cause: "x" }, { Error: null, Cause: { x: 1 } }])(
    "has a class for %j",
    async (output) => {
      expect(await caught(output)).toMatchObject({ class: expect.any(String), code: "", message: expect.any(String) });
    },
  );

  it("is the same here and in JSONata, whatever it is, and never fails", async () => {
    const word = fc.constantFrom(
      "Wf.",
      "Business",
      ".",
      "States.",
      "TaskFailed",
      "Http.StatusCode.",
      "404",
      '"ExecutionArn":"',
      '"Error":"',
      '"Cause":"',
      '"message":"',
      '"',
      "\\",
      "\\u00",
      "\n",
      "ü😀",
      "NotFound",
    );
    const words = fc.array(word, { maxLength: 6 }).map((all) => all.join(""));
    const same = fc.asyncProperty(words, words, async (name, cause) => {
      expect(await caught({ Error: name, Cause: cause })).toEqual(problemOf(name, cause));
    });
    await fc.assert(same, { numRuns: 2_000, seed: SEED });
  });
});

describe("an error that is raised", () => {
  it.each([
    { class: "Business", code: "Out", message: 'no "tea" \\ \n ü😀' },
    { class: "Denied", code: "", message: "" },
  ] as const)("is caught as what it was: %j", async (problem) => {
    const again = raised("$error_1");
    const bindings = { error_1: problem };
    const [name, cause] = [
      await evaluated(again.Error as string, bindings),
      await evaluated(again.Cause as string, bindings),
    ];
    expect(name).toBe(errorName(problem.class, problem.code));
    expect(await caught({ Error: name, Cause: cause })).toEqual(problem);
  });

  it("has a cause that Step Functions takes", async () => {
    const cause = await evaluated(causeOf('"Denied"', '""', text("\u0001".repeat(40_000))), {});
    expect((cause as string).length).toBeLessThan(32_768);
  });
});
