import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const parent = `${PROJECT}/locations/europe-west1`;
const workflow = `${parent}/workflows/daily`;
const source = { sourceContents: "main: {steps: [{done: {return: 1}}]}" };
const make = (id = "daily", body: object = source) =>
  cloud.rest("POST", `/v1/${parent}/workflows?workflowId=${id}`, body);
const start = (body: object = {}) => cloud.rest("POST", `/v1/${workflow}/executions`, body);

describe("a workflow", () => {
  test("is made by an operation, and has a new revision with each new source", async () => {
    const { body: operation } = await make();
    expect((await cloud.rest("GET", `/v1/${operation.name}`)).body).toMatchObject({
      done: true,
      response: { name: workflow, state: "ACTIVE" },
    });
    const revision = async () => (await cloud.rest("GET", `/v1/${workflow}`)).body.revisionId;
    expect(await revision()).toMatch(/^000001-[0-9a-f]{3}$/);
    await cloud.rest("PATCH", `/v1/${workflow}?updateMask=description`, { description: "d" });
    expect(await revision()).toMatch(/^000001-/);
    await cloud.rest("PATCH", `/v1/${workflow}?updateMask=sourceContents`, { sourceContents: "main: {}" });
    expect(await revision()).toMatch(/^000002-/);
  });

  test("runs as the account that it is given, by email or unique id, and else as Google's default", async () => {
    const accounts = `${PROJECT}/serviceAccounts`;
    const { body: account } = await cloud.rest("POST", `/v1/${accounts}`, { accountId: "runner" });
    const shown = async () => (await cloud.rest("GET", `/v1/${workflow}`)).body;
    await make();
    expect((await shown()).serviceAccount).toBe(
      `${accounts}/${cloud.gcp.projectNumber}-compute@developer.gserviceaccount.com`,
    );
    for (const serviceAccount of [
      account.email,
      account.uniqueId,
      account.name,
      `projects/-/serviceAccounts/${account.email}`,
    ]) {
      const { status } = await cloud.rest("PATCH", `/v1/${workflow}?updateMask=serviceAccount`, { serviceAccount });
      expect(status).toBe(200);
      expect((await shown()).serviceAccount).toBe(account.name);
    }
    expect((await shown()).revisionId).toMatch(/^000002-/);
    await cloud.rest("DELETE", `/v1/${account.name}`);
    const labelled = await cloud.rest("PATCH", `/v1/${workflow}?updateMask=labels`, { labels: { a: "b" } });
    expect(labelled.status).toBe(200);
    expect((await shown()).serviceAccount).toBe(account.name);
  });

  test.each([
    ["as an account that is not there", "daily", { ...source, serviceAccount: "no@x.y" }, /"no@x.y" is invalid/],
    ["without a source", "daily", {}, /needs its source/],
    ["of a source too large", "daily", { sourceContents: "x".repeat(131_073) }, /larger than 128 KB/],
    ["whose id begins with a digit", "1st", source, /no id of a workflow/],
    ["whose id ends in a hyphen", "daily-", source, /no id of a workflow/],
  ])("%s is refused", async (_what, id, body, message) => {
    expect(await make(id, body)).toMatchObject({
      status: 400,
      body: { error: { status: "INVALID_ARGUMENT", message: expect.stringMatching(message) } },
    });
  });
});

describe("an execution", () => {
  test("shows its argument, newest state and revision; a list tells less unless it is asked for all", async () => {
    await make();
    const argument = '{ "n":  1 }';
    const { body: made } = await start({ argument });
    expect(made).toMatchObject({ state: "ACTIVE", argument, workflowRevisionId: expect.stringMatching(/^000001-/) });
    expect((await cloud.rest("GET", `/v1/${made.name}`)).body.argument).toBe(argument);
    const list = async (view = "") => (await cloud.rest("GET", `/v1/${workflow}/executions${view}`)).body.executions;
    expect((await list())[0]).not.toHaveProperty("argument");
    expect((await list("?view=FULL"))[0].argument).toBe(argument);
    expect((await cloud.rest("POST", `/v1/${made.name}:cancel`)).body.state).toBe("CANCELLED");
    expect((await cloud.rest("POST", `/v1/${made.name}:cancel`)).status).toBe(400);
  });

  test.each([
    ["an argument that is no JSON", { argument: "{" }, /no JSON/],
    ["an argument of more than 32 KB", { argument: JSON.stringify("x".repeat(32_768)) }, /larger than 32 KB/],
    ["an argument that is not text", { argument: { n: 1 } }, /Invalid JSON payload|argument/],
    ["a field that there is not", { input: "{}" }, /Unknown name "input"/],
  ])("with %s is refused", async (_what, body, message) => {
    await make();
    expect(await start(body)).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(message) } },
    });
  });

  test("of a workflow that is not there is refused, and goes with its workflow", async () => {
    expect((await start()).status).toBe(404);
    await make();
    const { body: made } = await start();
    await cloud.rest("DELETE", `/v1/${workflow}`);
    expect((await cloud.rest("GET", `/v1/${made.name}`)).status).toBe(404);
  });

  test("is found by its labels and its state; other filters are refused", async () => {
    await make("daily", { ...source, labels: { team: "core", "onyx-uid": "of-the-workflow" } });
    const { body: first } = await start({ labels: { "onyx-uid": "u-1" } });
    const { body: second } = await start();
    const list = async (filter: string) => {
      const { status, body } = await cloud.rest(
        "GET",
        `/v1/${workflow}/executions?filter=${encodeURIComponent(filter)}`,
      );
      return status === 200 ? (body.executions ?? []).map(({ name }: { name: string }) => name) : status;
    };
    expect(await list('labels."onyx-uid"="u-1"')).toEqual([first.name]);
    expect(await list('labels."onyx-uid"="of-the-workflow"')).toEqual([second.name]);
    expect(await list('labels.team="core"')).toEqual([first.name, second.name].sort());
    await cloud.rest("POST", `/v1/${second.name}:cancel`);
    expect(await list('labels.team="core" AND state="ACTIVE"')).toEqual([first.name]);
    expect(await list('labels."onyx-uid"="nobody"')).toEqual([]);
    expect(await list('startTime>"2023-08-01"')).toBe(501);
  });

  test("tells of no steps, and of none where it is not", async () => {
    await make();
    const { body: made } = await start();
    expect(await cloud.rest("GET", `/v1/${made.name}/stepEntries?pageSize=10`)).toEqual({ status: 200, body: {} });
    expect((await cloud.rest("GET", `/v1/${workflow}/executions/none/stepEntries`)).status).toBe(404);
  });
});
