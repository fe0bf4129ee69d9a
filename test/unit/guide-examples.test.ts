import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { kinds } from "../../crds/index.ts";
import { parseWorkflow } from "../../operator/workflow/index.ts";

/** Whole objects of ours in the guides; pieces of one have no apiVersion. */
const objects = globSync("docs/guides/*.md").flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(([, text = ""]) =>
    parseAllDocuments(text)
      .map((document) => document.toJS() as { apiVersion?: string; kind?: string; spec?: unknown } | null)
      .flatMap((object) => (object?.apiVersion?.startsWith("onyx.") ? [{ file, ...object }] : [])),
  ),
);

test("the Workflows in the guides are sound", () => {
  const definitions = objects.flatMap(({ kind, spec }) =>
    kind === "Workflow" ? [(spec as { definition: unknown }).definition] : [],
  );
  expect(definitions).not.toEqual([]);
  for (const definition of definitions) expect(parseWorkflow(definition).problems).toEqual([]);
});

test.each(objects)("the $kind in $file is one that the schema takes", ({ kind, spec }) => {
  const schema = kinds.find((one) => one.kind === kind)?.spec;
  expect(schema?.safeParse(spec).error?.issues).toBeUndefined();
});
