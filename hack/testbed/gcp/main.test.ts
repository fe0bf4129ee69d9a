import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

test("says in one line where it listens, answers there, and ends when told to", async () => {
  const child = spawn(process.execPath, [main, "--pubsub", "127.0.0.1:1", "--project", "other"]);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { grpc, rest } = JSON.parse(line) as { grpc: string; rest: string };
  expect(grpc).toMatch(/^127\.0\.0\.1:\d+$/);
  const topic = await fetch(`${rest}/v1/projects/other/topics/orders`, { method: "PUT" });
  expect(await topic.json()).toMatchObject({ name: "projects/other/topics/orders" });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test.each([
  ["nowhere for messages", [], /--pubsub host:port/],
  ["a port that is none", ["--pubsub", "127.0.0.1:1", "--port", "http"], /--port takes a whole number/],
])("refuses %s", async (_what, args, message) => {
  const child = spawn(process.execPath, [main, ...args]);
  const said: string[] = [];
  child.stderr.on("data", (data: Buffer) => said.push(data.toString()));
  const [code] = (await once(child, "close")) as [number];
  expect(code).not.toBe(0);
  expect(said.join("")).toMatch(message);
});
