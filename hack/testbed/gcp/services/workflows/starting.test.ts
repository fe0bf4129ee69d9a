/** Jobs and pipelines that start workflows, as the account that they name, and what keeps them from it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

const parent = `${PROJECT}/locations/europe-west1`;
const workflow = `${parent}/workflows/daily`;
const uri = `https://workflowexecutions.googleapis.com/v1/${workflow}/executions`;
const account = "starter@demo-project.iam.gserviceaccount.com";
const agent = () => `serviceAccount:service-${cloud.gcp.projectNumber}@gcp-sa-eventarc.iam.gserviceaccount.com`;
async function grant(resource: string, role: string, member: string): Promise<void> {
  const { status } = await cloud.rest("POST", `/${resource}:setIamPolicy`, {
    policy: { bindings: [{ role, members: [member] }] },
  });
  expect(status).toBe(200);
}
async function letStart(): Promise<void> {
  await grant(`v3/${PROJECT}`, "roles/workflows.invoker", `serviceAccount:${account}`);
}
const letMakeTokens = () =>
  grant(`v1/${PROJECT}/serviceAccounts/${account}`, "roles/iam.serviceAccountTokenCreator", agent());
async function makeWorkflow(): Promise<void> {
  await cloud.rest("POST", `/v1/${parent}/workflows?workflowId=daily`, { sourceContents: "main: {}" });
}
const started = async (): Promise<readonly string[]> => {
  const { body } = await cloud.rest("GET", `/v1/${workflow}/executions?view=FULL`);
  return (body.executions ?? []).map(({ argument }: { argument: string }) => argument);
};

beforeEach(async () => {
  await cloud.gcp.control.reset();
  await cloud.rest("POST", `/v1/${PROJECT}/serviceAccounts`, { accountId: "starter" });
});

describe("a job", () => {
  const name = `${parent}/jobs/often`;
  const body = (argument: string) => Buffer.from(JSON.stringify({ argument }));
  const httpTarget = {
    uri,
    httpMethod: "POST" as const,
    body: body('{ "n":  1 }'),
    oauthToken: { serviceAccountEmail: account },
  };
  const create = (change: object = {}, rest: object = {}) =>
    cloud.scheduler.createJob({
      parent,
      job: { name, schedule: "*/5 * * * *", httpTarget: { ...httpTarget, ...change }, ...rest },
    });
  const status = async () => (await cloud.scheduler.getJob({ name }))[0].status;

  test("starts the workflow each time its time comes, with just the argument that it has", async () => {
    await makeWorkflow();
    await letStart();
    await create();
    await cloud.gcp.control.advance(10 * 60_000);
    await expect.poll(started).toEqual(['{ "n":  1 }', '{ "n":  1 }']);
    expect(await status()).toBeNull();
  });

  test.each([
    ["the right to start", 7, makeWorkflow],
    ["the workflow", 5, letStart],
  ] as const)("that lacks %s says so, and is tried again as its retries say", async (_what, code, prepare) => {
    await prepare();
    await create({}, { schedule: "0 * * * *", retryConfig: { retryCount: 3 } });
    await cloud.gcp.control.advance(60 * 60_000);
    await expect.poll(async () => (await status())?.code).toBe(code);
    await makeWorkflow();
    await letStart();
    await cloud.gcp.control.advance(60_000);
    await expect.poll(started).toHaveLength(1);
  });

  test.each([
    ["no address", { uri: "" }, "INVALID_ARGUMENT"],
    ["a body by GET", { httpMethod: "GET" }, "INVALID_ARGUMENT"],
    ["an account that is not there", { oauthToken: { serviceAccountEmail: "no@x.y" } }, "PERMISSION_DENIED"],
    ["an address elsewhere", { uri: "https://example.com/" }, "UNIMPLEMENTED"],
    ["an OIDC token", { oauthToken: null, oidcToken: { serviceAccountEmail: account } }, "UNIMPLEMENTED"],
  ])("with %s is refused", async (_what, change, code) =>
    expect(await refusal(create(change))).toMatchObject({ code }),
  );

  test("that gets another kind of target has that one alone", async () => {
    await create();
    const update = (job: object, path: string) =>
      cloud.scheduler.updateJob({ job: { name, ...job }, updateMask: { paths: [path] } });
    await update({ pubsubTarget: { topicName: `${PROJECT}/topics/t`, data: Buffer.from("x") } }, "pubsub_target");
    expect((await cloud.scheduler.getJob({ name }))[0]).toMatchObject({ target: "pubsubTarget" });
    await update({ httpTarget }, "http_target");
    expect((await cloud.scheduler.getJob({ name }))[0]).toMatchObject({ target: "httpTarget" });
  });
});

describe("a pipeline", () => {
  const bus = `${parent}/messageBuses/b`;
  const BINDING = '{"headers": {"Content-Type": "application/json"}, "body": {"argument": string(body)}}';
  const destination = {
    httpEndpoint: { uri, messageBindingTemplate: BINDING },
    authenticationConfig: { oauthToken: { serviceAccount: account } },
  };
  const create = (change: object = {}) =>
    cloud.rest("POST", `/v1/${parent}/pipelines?pipelineId=p`, { destinations: [{ ...destination, ...change }] });
  async function enroll(): Promise<void> {
    await cloud.rest("POST", `/v1/${parent}/messageBuses?messageBusId=b`, {});
    const enrollment = { celMatch: "true", messageBus: bus, destination: `${parent}/pipelines/p` };
    const { status } = await cloud.rest("POST", `/v1/${parent}/enrollments?enrollmentId=e`, enrollment);
    expect(status).toBe(200);
  }
  const publish = async (data: unknown) => {
    const jsonMessage = JSON.stringify({ specversion: "1.0", id: "1", source: "/s", type: "t", data });
    expect((await cloud.rest("POST", `/v1/${bus}:publish`, { jsonMessage })).status).toBe(200);
  };

  test("starts the workflow with what its binding makes of the event", async () => {
    await makeWorkflow();
    await letStart();
    await letMakeTokens();
    await create();
    await enroll();
    await publish({ order: 7, note: "é" });
    await expect.poll(started).toEqual(['{"order":7,"note":"é"}']);
  });

  test("gives up at once what is refused for good", async () => {
    await makeWorkflow();
    await create();
    await enroll();
    await publish({ order: 1 });
    await cloud.gcp.control.advance(1000);
    await letStart();
    await letMakeTokens();
    await cloud.gcp.control.advance(60_000);
    await publish({ order: 2 });
    await expect.poll(started).toEqual(['{"order":2}']);
  });

  test.each([
    ["no HTTPS", { httpEndpoint: { uri: "http://example.com" } }, "INVALID_ARGUMENT"],
    ["an address elsewhere", { httpEndpoint: { uri: "https://example.com" } }, "UNIMPLEMENTED"],
    ["a binding that is no CEL", { httpEndpoint: { uri, messageBindingTemplate: "{" } }, "INVALID_ARGUMENT"],
    ["a binding that gives text", { httpEndpoint: { uri, messageBindingTemplate: '"x"' } }, "INVALID_ARGUMENT"],
    [
      "an account that is not there",
      { authenticationConfig: { oauthToken: { serviceAccount: "no@x.y" } } },
      "PERMISSION_DENIED",
    ],
    ["a workflow as Eventarc has it", { httpEndpoint: undefined, workflow }, "UNIMPLEMENTED"],
  ])("with %s is refused", async (_what, change, status) =>
    expect((await create(change)).body.error).toMatchObject({ status }),
  );
});
