import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ManifestError } from "../manifests.ts";
import { painter } from "../output.ts";
import { runWorkflowCheck } from "./check.ts";
import { runWorkflowCompile } from "./compile.ts";
import { runWorkflowLocally } from "./run.ts";
import { runWorkflowGraph } from "./show-graph.ts";

const paint = painter(false);
const now = new Date("2026-01-05T10:00:00.123Z");
const examples = new URL("../../../examples/workflows/", import.meta.url).pathname;
const order = join(examples, "order.yaml");
const input = JSON.stringify({ id: "o-1", items: [{ sku: "tea", count: 2 }] });
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "workflow-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const path = join(folder, "w.yaml");
  writeFileSync(path, text);
  return path;
}

describe("onyx workflow check", () => {
  it("says what a workflow uses", async () => {
    const { value, text, exitCode } = await runWorkflowCheck(order, paint);
    expect(exitCode).toBe(0);
    expect(value).toEqual({
      sound: true,
      tasks: 12,
      uses: [
        { kind: "Queue", name: "shipments", access: "Produce" },
        { kind: "Topic", name: "orders", access: "Produce" },
      ],
      listens: ["approve"],
    });
    expect(text).toMatch(/^✓ sound: 12 tasks/);
  });

  it("says where all that is wrong stands in the file", async () => {
    const path = write("do:\n  - a:\n      set: $" + "{inputt}\n  - b:\n      wait: soon\n");
    const { text, exitCode } = await runWorkflowCheck(path, paint);
    expect(exitCode).toBe(2);
    expect(text.split("\n")).toEqual([
      `${path}:3:12: do[0].a.set: column 3: there is no "inputt" here; did you mean "input"?`,
      `${path}:5:13: do[1].b.wait: "soon" is no duration: write it as {minutes: 5}, or PT5M`,
      "✗ 2 problems",
    ]);
  });

  it.each([
    ["is no YAML", "do: [", /w\.yaml: /],
    ["multiplies by aliases", bomb(), /w\.yaml: .*alias/i],
  ])("refuses what %s", async (_what, text, message) => {
    await expect(runWorkflowCheck(write(text), paint)).rejects.toThrow(message);
    await expect(runWorkflowCheck(write(text), paint)).rejects.toBeInstanceOf(ManifestError);
  });

  it("says when there is no such file", async () => {
    await expect(runWorkflowCheck(join(folder, "none.yaml"), paint)).rejects.toThrow(
      /none\.yaml can't be read: ENOENT/,
    );
  });
});

describe("a file with objects", () => {
  const rule = "apiVersion: onyx.onelens.io/v1alpha1\nkind: EventRule\nmetadata: { name: nightly }\nspec: {}\n";
  const object = (name: string, task: string) =>
    `apiVersion: onyx.onelens.io/v1alpha1\nkind: Workflow\nmetadata: { name: ${name} }\nspec:\n  definition:\n    do:\n      - a:\n          ${task}\n`;
  const joined = (...documents: string[]) => documents.join("---\n");
  const manifest = new URL("../../../examples/workflow/workflow.yaml", import.meta.url).pathname;

  it("has the definition of its Workflow checked, run, compiled and drawn", async () => {
    expect((await runWorkflowCheck(manifest, paint)).text).toMatch(/^✓ sound: 3 tasks/);
    const answers = write("tasks: { pack: { return: { id: m-1 } } }");
    const options = { input: '{"id":"test","total":1}', answers };
    expect((await runWorkflowLocally(manifest, options, paint, now)).value).toMatchObject({ output: { id: "m-1" } });
    expect((await runWorkflowCompile(manifest, "aws")).value).toHaveProperty("StartAt");
    expect((await runWorkflowGraph(manifest, "mermaid")).text).toContain("t_pack");
  });

  const table =
    "apiVersion: onyx.onelens.io/v1alpha1\nkind: Table\nmetadata: { name: orders }\nspec: { partitionKey: { name: id, type: String } }\n";
  const bucket = "apiVersion: onyx.onelens.io/v1alpha1\nkind: Bucket\nmetadata: { name: reports }\nspec: {}\n";
  const put = "call: table.put\n          with: { table: orders, item: { id: a, n: 1 } }\n";
  const query = "      - b: { call: table.query, with: { table: orders, key: { id: a } } }\n";
  const report = "      - c: { call: bucket.put, with: { bucket: reports, object: x, body: '$" + "{input}' } }\n";
  const read = "      - d: { call: bucket.get, with: { bucket: reports, object: x } }\n";

  it("has its Tables and Buckets in memory, unless an answer says otherwise", async () => {
    const path = write(joined(table, bucket, object("one", put) + query + report + read));
    const ran = await runWorkflowLocally(path, {}, paint, now);
    expect(ran.value).toMatchObject({ output: { body: { items: [{ id: "a", n: 1 }] } } });
    const answers = join(folder, "answers.yaml");
    writeFileSync(answers, "tasks: { a: { raise: { type: Denied } } }");
    expect((await runWorkflowLocally(path, { answers }, paint, now)).value).toMatchObject({
      error: { class: "Denied" },
    });
    expect((await runWorkflowCompile(path, "gcp")).text).toContain("databases/orders");
    await expect(runWorkflowLocally(write(object("one", put)), {}, paint, now)).rejects.toThrow(
      /Nothing says what the task a gets/,
    );
  });

  it("has calls checked against the keys of its Tables", async () => {
    const wrong = await runWorkflowCheck(write(joined(table, object("one", put.replace("id: a", "it: a")))), paint);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.text).toMatch(/w\.yaml: task a does not fit the Table orders: with\.item lacks id, which is part/);
    const alone = write(object("one", put));
    const sound = await runWorkflowCheck(alone, paint);
    expect(sound.text).toContain("the Table orders is not in this file: whether calls fit its keys shows when");
    expect(sound.value).toMatchObject({ uses: [{ kind: "Table", name: "orders", access: "Write" }] });
    await expect(runWorkflowCompile(alone, "aws")).rejects.toThrow(
      /the Table "orders" is not in this file: put it beside/,
    );
  });

  it("has places of problems in the file, whatever stands before", async () => {
    const path = write(joined(rule, object("one", "set: $" + "{inputt}")));
    const { text } = await runWorkflowCheck(path, paint);
    expect(text).toMatch(/w\.yaml:13:16: do\[0\]\.a\.set: column 3: there is no "inputt" here/);
    expect(text).toMatch(/^[^\n]*\n✗ 1 problem$/);
    const none = write("apiVersion: onyx.onelens.io/v1alpha1\nkind: Workflow\nspec:\n  logLevel: None\n");
    expect((await runWorkflowCheck(none, paint)).text).toMatch(/w\.yaml:4:3: is null, and should be a map/);
  });

  it("has all of its Workflows checked, or the one that is named", async () => {
    const path = write(joined(object("one", "set: 1"), rule, object("two", "sett: 1")));
    const { text, value, exitCode } = await runWorkflowCheck(path, paint);
    expect(text).toMatch(/^Workflow one\n✓ sound: 1 task.*\n\nWorkflow two\n.*:\d+:\d+: do\[0\]\.a/);
    expect(value).toMatchObject({
      sound: false,
      workflows: [
        { name: "one", sound: true },
        { name: "two", sound: false },
      ],
    });
    expect(exitCode).toBe(2);
    expect((await runWorkflowCheck(path, paint, "one")).value).toEqual({
      sound: true,
      tasks: 1,
      uses: [],
      listens: [],
    });
  });

  it("has one of several run by its name", async () => {
    const path = write(joined(object("one", "set: 1"), "# nothing\n", object("two", "set: 2")));
    expect((await runWorkflowLocally(path, { name: "two" }, paint, now)).value).toMatchObject({ output: 2 });
    await expect(runWorkflowLocally(path, {}, paint, now)).rejects.toThrow(
      /w\.yaml has several Workflows: --name says which of one, two\./,
    );
    await expect(runWorkflowGraph(path, "svg", "three")).rejects.toThrow(
      /w\.yaml has no Workflow "three": there are one, two\./,
    );
  });

  it.each([
    ["objects, none of which is a Workflow", joined(rule, rule)],
    ["one object, which is another", rule],
    ["a Workflow of somebody else", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}\n"],
    ["several definitions", "do: []\n---\ndo: []\n"],
  ])("is refused where it has %s", async (_what, text) => {
    await expect(runWorkflowCheck(write(text), paint)).rejects.toThrow(/w\.yaml has no Workflow\./);
  });
});

describe("onyx workflow run", () => {
  it("shows each step and the output", async () => {
    const answers = join(examples, "order.answers.yaml");
    const { text, value, exitCode } = await runWorkflowLocally(order, { input, answers }, paint, now);
    expect(exitCode).toBe(0);
    expect(value).toMatchObject({ phase: "Succeeded", output: { shipment: "m-1" } });
    expect(text.split("\n")).toEqual([
      '✓ reserve concurrent  → [{"price":4200}]',
      '└─ ✓ [0] ask call  → {"price":4200}',
      "✓ sum for  → 4200",
      "└─ ✓ [0] add set  → 4200",
      "✓ size switch  → 4200",
      '✓ charge try  → {"status":200,"body":{"id":"c-1"}}',
      "├─ ✗ pay call  Throttled: slow down",
      "├─ ↻ try 2 after 2 s",
      '└─ ✓ pay call  → {"status":200,"body":{"id":"c-1"}}',
      '✓ tell fork  → [{"id":"m-1"},{"id":"m-2"}]',
      '├─ ✓ ship call  → {"id":"m-1"}',
      '└─ ✓ announce call  → {"id":"m-2"}',
      '✓ succeeded: {"shipment":"m-1"}',
    ]);
  });

  it("fails as the workflow does", async () => {
    const path = write(
      "do:\n  - stop: { raise: { error: { type: Business, code: Closed, detail: we are closed } } }\n",
    );
    const { text, value, exitCode } = await runWorkflowLocally(path, {}, paint, now);
    expect(exitCode).toBe(2);
    expect(value).toMatchObject({ phase: "Failed", error: { class: "Business", code: "Closed" } });
    expect(text).toBe("✗ stop raise  Business: we are closed\n✗ failed: Business Closed: we are closed");
  });

  it.each([
    ["an answer is missing", { input }, /Nothing says what the task reserve\/ask gets: add tasks\.reserve\/ask/],
    ["the input does not fit", { input: '{"id": 5, "items": []}' }, /input\.id should be a text/],
    ["the input lacks something", { input: '{"id": "x"}' }, /input lacks items/],
    [
      "the input is too long",
      { input: JSON.stringify({ id: "x".repeat(40_000), items: [] }) },
      /input has 40\d+ bytes/,
    ],
  ])("says when %s", async (_what, options, message) => {
    await expect(runWorkflowLocally(order, options, paint, now)).rejects.toThrow(message);
  });

  it("takes nothing for an answer that is none", async () => {
    const path = write("tasks: { reserve/ask: { returns: 1 } }");
    await expect(runWorkflowLocally(order, { input, answers: path }, paint, now)).rejects.toThrow(
      /tasks\.reserve\/ask is neither \{return: …\} nor \{raise/,
    );
  });
});

describe("onyx workflow graph", () => {
  it("draws each task once, and each way", async () => {
    const { text } = await runWorkflowGraph(order, "mermaid");
    for (const line of ['t_size -->|"large"| t_approve', 't_size -->|"small"| t_charge', "t_tell --> finish"])
      expect(text).toContain(line);
    expect(text.match(/\["pay \(call http\)"\]/g)).toHaveLength(1);
  });

  it("draws a picture that a browser shows", async () => {
    const { text } = await runWorkflowGraph(order, "svg");
    expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 [\d.]+ [\d.]+"/);
    expect(text.match(/>pay \(call http\)</g)).toHaveLength(1);
    expect(text).not.toMatch(/NaN|undefined/);
  });
});

/** A billion laughs. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(", ")}]`);
  return ["a0: &a0 lol", ...levels, "do: *a9"].join("\n");
}
