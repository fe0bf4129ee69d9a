import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import { thisHost } from "../host.ts";
import { startWorkflowEngine, type WorkflowEngine } from "./start.ts";

/** An engine that returns each argument, and ends when a run has the argument "end"; after 20 ms, when others have begun. */
const ENGINE = `#!${process.execPath}
const { createServer } = require("node:http");
const { appendFileSync } = require("node:fs");
appendFileSync(process.env.STARTS, "start\\n");
const workflows = new Set();
const runs = [];
createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://engine");
  const body = await new Response(request).json().catch(() => ({}));
  const answer = (content, status = 200) => response.writeHead(status).end(JSON.stringify(content));
  const id = pathname.split("/")[7];
  if (searchParams.has("workflowId")) return answer({}, workflows.add(searchParams.get("workflowId")) && 200);
  if (!workflows.has(id)) return answer({}, 404);
  if (request.method === "POST") {
    if (body.argument === '"end"') setTimeout(() => process.exit(1), 20);
    return answer({ name: pathname.slice(4) + "/" + (runs.push(body.argument) - 1), state: "ACTIVE" });
  }
  const result = runs[Number(pathname.split("/").at(-1))];
  answer(result === '"end"' ? { name: pathname.slice(4), state: "ACTIVE" } : { state: "SUCCEEDED", result });
}).listen(Number(process.env.PORT), process.env.HOST);
`;

const folder = mkdtempSync(join(tmpdir(), "onyx-workflows-"));
afterAll(() => rmSync(folder, { recursive: true }));
const starts = join(folder, "starts");
let engine: WorkflowEngine;
beforeEach(async () => {
  const program = join(folder, "engine.cjs");
  writeFileSync(program, ENGINE);
  writeFileSync(starts, "");
  chmodSync(program, 0o755);
  vi.stubEnv("WORKFLOW_ENGINE", program);
  engine = await startWorkflowEngine({ env: { STARTS: starts } }, { ...thisHost(), runs: join(folder, "runs") });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await engine.stop();
});

const timesStarted = (): number => readFileSync(starts, "utf8").split("\n").length - 1;

it("says over which run an engine ends, and starts it again with what was deployed", async () => {
  const workflow = await engine.deploy({ main: {} });
  const before = engine.url;
  expect((await fetch(before)).status).toBe(404);
  expect(await workflow.run("end")).toEqual({ state: "CRASHED" });
  expect(await workflow.run("on")).toEqual({ state: "SUCCEEDED", result: "on" });
  expect(engine.url).not.toBe(before);
  expect(timesStarted()).toBe(3); // the run has a second chance, alone
});

it("gives the runs that were under way beside it a second chance", async () => {
  const workflow = await engine.deploy({ main: {} });
  const outcomes = await Promise.all(["one", "end", "two"].map((argument) => workflow.run(argument)));
  expect(outcomes.map(({ state }) => state)).toEqual(["SUCCEEDED", "CRASHED", "SUCCEEDED"]);
});
