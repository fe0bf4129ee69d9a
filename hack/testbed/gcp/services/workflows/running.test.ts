/** Executions that an engine runs; here one that is told how each of them ends. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, startTestCloud, type TestCloud } from "../../testing.ts";

interface Ended {
  readonly state: string;
  readonly result?: string;
  readonly error?: { readonly payload: string };
}
/** By the source of a workflow: how its runs end. Those of others go on. */
const ENDS: Readonly<Record<string, Ended>> = {
  sums: { state: "SUCCEEDED", result: '{ "n":  2 }' },
  fails: { state: "FAILED", error: { payload: '{"message": "oh"}' } },
};

/** The steps of each run. */
const ENTRIES = [
  { name: "x/stepEntries/1", entryId: "1", routine: "main", step: "begin", state: "STATE_SUCCEEDED" },
  { name: "x/stepEntries/2", entryId: "2", routine: "tasks", step: "t_a", state: "STATE_SUCCEEDED" },
  { name: "x/stepEntries/3", entryId: "3", routine: "tasks", step: "t_b", state: "STATE_IN_PROGRESS" },
];

function newEngine() {
  const sources = new Map<string, string>();
  const started: { name: string; argument: string; source: string }[] = [];
  const cancelled: string[] = [];
  const server = createServer(async (request, response) => {
    const body = (await new Response(request as unknown as ReadableStream).json().catch(() => ({}))) as {
      sourceContents?: string;
      argument?: string;
    };
    const { pathname, searchParams } = new URL(request.url ?? "", "http://engine");
    const path = pathname.replace("/v1/", "");
    const answer = (content: object, status = 200) => response.writeHead(status).end(JSON.stringify(content));
    const id = searchParams.get("workflowId");
    if (id !== null) {
      if (body.sourceContents === "bad") return answer({ error: { message: "no source" } }, 400);
      sources.set(`${path}/${id}`, body.sourceContents ?? "");
      return answer({});
    }
    if (path.endsWith("/executions")) {
      const source = sources.get(path.replace("/executions", "")) ?? "";
      const name = `${path}/${String(started.length)}`;
      started.push({ name, argument: body.argument ?? "", source });
      return answer({ name, state: "ACTIVE" });
    }
    if (path.endsWith(":cancel")) {
      cancelled.push(path.replace(":cancel", ""));
      return answer({ name: path.replace(":cancel", ""), state: "CANCELLED" });
    }
    if (path.endsWith("/stepEntries")) return answer({ stepEntries: ENTRIES });
    const { source = "" } = started.find(({ name }) => name === path) ?? {};
    return answer({ name: path, state: "ACTIVE", ...ENDS[source] });
  });
  return { server, sources, started, cancelled };
}

const engine = newEngine();
let cloud: TestCloud;
beforeAll(async () => {
  await new Promise<void>((resolve) => engine.server.listen(0, "127.0.0.1", resolve));
  const { port } = engine.server.address() as AddressInfo;
  cloud = await startTestCloud({ workflowEngine: `http://127.0.0.1:${String(port)}` });
});
afterAll(async () => {
  await cloud.close();
  engine.server.close();
});
beforeEach(async () => {
  await cloud.gcp.control.reset();
  engine.started.length = 0;
  engine.cancelled.length = 0;
});

const parent = `${PROJECT}/locations/europe-west1`;
const make = (id: string, sourceContents = id) =>
  cloud.rest("POST", `/v1/${parent}/workflows?workflowId=${id}`, { sourceContents });
const start = async (id: string, body: object = {}): Promise<string> => {
  const { body: made } = await cloud.rest("POST", `/v1/${parent}/workflows/${id}/executions`, body);
  expect(made).toMatchObject({ state: "ACTIVE" });
  return made.name;
};
const seen = async (name: string) => (await cloud.rest("GET", `/v1/${name}`)).body;

describe("an execution", () => {
  test("runs with the newest source and its argument, and comes to its result", async () => {
    await make("sums", "older");
    await cloud.rest("PATCH", `/v1/${parent}/workflows/sums?updateMask=sourceContents`, { sourceContents: "sums" });
    const name = await start("sums", { argument: '{ "n":  1 }' });
    await expect.poll(async () => (await seen(name)).state).toBe("SUCCEEDED");
    expect(await seen(name)).toMatchObject({ result: '{ "n":  2 }', endTime: expect.any(String) });
    expect(engine.started).toMatchObject([{ argument: '{ "n":  1 }', source: "sums" }]);
  });

  test("that fails has what was raised, as it was said", async () => {
    await make("fails");
    const name = await start("fails");
    await expect.poll(async () => (await seen(name)).state).toBe("FAILED");
    expect((await seen(name)).error).toEqual({ payload: '{"message": "oh"}' });
    expect((await cloud.rest("POST", `/v1/${name}:cancel`)).status).toBe(400);
  });

  test("of a source that is none fails, and no other does", async () => {
    await make("bad");
    await make("sums");
    const [bad, good] = [await start("bad"), await start("sums")];
    await expect.poll(async () => (await seen(bad)).error?.payload).toMatch(/no source/);
    await expect.poll(async () => (await seen(good)).state).toBe("SUCCEEDED");
  });

  test.each([
    ["it is cancelled", (name: string) => cloud.rest("POST", `/v1/${name}:cancel`)],
    ["its workflow is deleted", () => cloud.rest("DELETE", `/v1/${parent}/workflows/goes-on`)],
    ["the cloud is emptied", () => cloud.gcp.control.reset()],
  ])("ends in the engine when %s", async (_what, end) => {
    await make("goes-on");
    const name = await start("goes-on");
    await expect.poll(() => engine.started).toHaveLength(1);
    await end(name);
    await seen(name);
    await expect.poll(() => engine.cancelled).toEqual(engine.started.map((one) => one.name));
  });

  test("tells of its steps in both orders, of one routine, and no more than is asked for", async () => {
    await make("goes-on");
    const name = await start("goes-on");
    await expect.poll(() => engine.started).toHaveLength(1);
    const list = async (query: string) => {
      const { status, body } = await cloud.rest("GET", `/v1/${name}/stepEntries?${query}`);
      return status === 200 ? body.stepEntries.map((one: { name: string }) => one.name) : status;
    };
    const named = (...ids: number[]) => ids.map((id) => `${name}/stepEntries/${String(id)}`);
    await expect.poll(() => list("")).toEqual(named(1, 2, 3));
    expect(await list("orderBy=entryId%20desc&filter=routine%3D%22tasks%22&pageSize=1")).toEqual(named(3));
    expect(await list("orderBy=step")).toBe(501);
    expect(await list("filter=step%3D%22t_a%22")).toBe(501);
  });

  test("that was cancelled stays so", async () => {
    await make("goes-on");
    const name = await start("goes-on");
    await cloud.rest("POST", `/v1/${name}:cancel`);
    await cloud.gcp.control.advance(1_000);
    expect(await seen(name)).toMatchObject({ state: "CANCELLED", endTime: expect.any(String) });
  });
});

test("what a job starts runs too, and what a run starts by name is there", async () => {
  const account = "starter@demo-project.iam.gserviceaccount.com";
  await cloud.rest("POST", `/v1/${PROJECT}/serviceAccounts`, { accountId: "starter" });
  await cloud.rest("POST", `/v3/${PROJECT}:setIamPolicy`, {
    policy: { bindings: [{ role: "roles/workflows.invoker", members: [`serviceAccount:${account}`] }] },
  });
  await make("sums");
  await make("child");
  const uri = `https://workflowexecutions.googleapis.com/v1/${parent}/workflows/sums/executions`;
  const name = `${parent}/jobs/often`;
  const httpTarget = { uri, httpMethod: "POST" as const, oauthToken: { serviceAccountEmail: account } };
  const body = Buffer.from('{"argument": "7"}');
  await cloud.scheduler.createJob({
    parent,
    job: { name, schedule: "0 0 1 1 *", httpTarget: { ...httpTarget, body } },
  });
  await cloud.scheduler.runJob({ name });
  await expect
    .poll(async () => (await cloud.rest("GET", `/v1/${parent}/workflows/sums/executions`)).body.executions)
    .toMatchObject([{ state: "SUCCEEDED" }]);
  expect(engine.started).toMatchObject([{ argument: "7" }]);
  expect(engine.sources.get(`${parent}/workflows/child`)).toBe("child");
});
