import { describe, expect, it } from "vitest";
import { importsOf, violations } from "./imports.ts";

const one = (from: string, to: string, typeOnly = false) => violations([{ from, to, typeOnly }]);

describe("importsOf", () => {
  it("finds every form of import, with paths from the root", () => {
    const source = [
      'import { a } from "../../crds/queue.ts";',
      'import type { B } from "./b.ts";',
      'import { type C, type D } from "./c.ts";',
      'import { type E, f } from "./e.ts";',
      'import def, * as all from "zod/v4";',
      'export * from "@aws-sdk/client-sqs/dist";',
      'import "node:fs/promises";',
      'const later = await import("./later.ts");',
      'import {\n  long,\n  list,\n} from "./long.ts";',
    ].join("\n");
    expect(importsOf("controllers/leaf/x.ts", source).map(({ to, typeOnly }) => [to, typeOnly])).toEqual([
      ["crds/queue.ts", false],
      ["controllers/leaf/b.ts", true],
      ["controllers/leaf/c.ts", true],
      ["controllers/leaf/e.ts", false],
      ["zod", false],
      ["@aws-sdk/client-sqs", false],
      ["controllers/leaf/long.ts", false],
      ["node:fs/promises", false],
      ["controllers/leaf/later.ts", false],
    ]);
  });

  it("does not read comments", () => {
    expect(importsOf("a.ts", '/* import { a } from "b"; */\n// import "c";\n')).toEqual([]);
  });
});

describe("violations", () => {
  it.each([
    ["crds/queue.ts", "operator/runtime/queue.ts"],
    ["controllers/leaf/queue.ts", "operator/reconcile/decide.ts"],
    ["operator/workflow/parse.ts", "operator/provider/fault.ts"],
    ["controllers/leaf/queue.ts", "@aws-sdk/client-sqs"],
    ["adapters/aws/queue.ts", "adapters/gcp/queue.ts"],
    ["adapters/aws/queue.ts", "operator/reconcile/decide.ts"],
    ["adapters/aws/queue.ts", "@kubernetes/client-node"],
    ["operator/runtime/queue.ts", "crds/queue.ts"],
    ["operator/workflow/expression/parse.ts", "operator/provider/fault.ts"],
    ["operator/reconcile/leaf.ts", "adapters/aws/queue.ts"],
    ["operator/cli/plan.ts", "google-gax"],
    ["operator/cli/cost.ts", "@duckdb/node-api"],
    ["adapters/aws/costs.ts", "@duckdb/node-api"],
    ["operator/cli/cost.ts", "operator/ingest/digest.ts"],
    ["operator/cli/cost.ts", "adapters/aws/costs.ts"],
    ["operator/cli/plan.ts", "hack/testbed/exec.ts"],
    ["adapters/aws/queue.ts", "adapters/aws/testing/emulator.ts"],
  ])("%s must not import %s", (from, to) => {
    expect(one(from, to)).not.toEqual([]);
  });

  it.each([
    ["crds/queue.ts", "crds/define.ts"],
    ["crds/queue.ts", "zod"],
    ["controllers/leaf/queue.ts", "crds/queue.ts"],
    ["adapters/aws/queue.ts", "@aws-sdk/client-sqs"],
    ["adapters/aws/queue.ts", "operator/provider/fault.ts"],
    ["operator/main.ts", "adapters/aws/index.ts"],
    ["operator/connect-costs.ts", "adapters/aws/costs.ts"],
    ["operator/ingest/digest.ts", "@duckdb/node-api"],
    ["operator/cli/cost.ts", "operator/ingest/read.ts"],
    ["operator/runtime/client.ts", "@kubernetes/client-node"],
    ["hack/demo.ts", "@aws-sdk/client-sqs"],
    ["adapters/aws/queue.test.ts", "hack/testbed/index.ts"],
  ])("%s may import %s", (from, to) => {
    expect(one(from, to)).toEqual([]);
  });

  it("lets types through where only types may go", () => {
    expect(one("controllers/leaf/queue.ts", "operator/reconcile/leaf.ts", true)).toEqual([]);
    expect(one("adapters/aws/queue.ts", "controllers/leaf/wants.ts", true)).toEqual([]);
    expect(one("adapters/aws/queue.ts", "controllers/leaf/wants.ts", false)).not.toEqual([]);
  });
});
