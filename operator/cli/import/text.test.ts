import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Imported } from "./import.ts";
import { importExitCode, importText } from "./text.ts";

const object = (name: string) => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Queue",
  metadata: { namespace: "shop", name },
  spec: {},
});
const clean: Imported = { kind: "Queue", externalName: "a", id: "arn:a", object: object("a"), changes: [] };
const unclean: Imported = { ...clean, id: "arn:b", object: object("b"), changes: [{ field: "delay", from: 5, to: 0 }] };
const leftOut: Imported = { kind: "Table", externalName: "c", id: "arn:c", problem: "spec.x\nis odd", changes: [] };

it("is YAML that can be applied, with what a person should know in comments", () => {
  const text = importText(
    { imported: [clean, unclean, leftOut], skipped: [{ kind: "Topic", reason: "no list" }] },
    "aws",
  );
  expect(parseAllDocuments(text).flatMap((one) => one.errors)).toEqual([]);
  expect(
    parseAllDocuments(text)
      .map((one) => one.toJS())
      .filter(Boolean),
  ).toEqual([object("a"), object("b")]);
  expect(text).toContain("# 2 objects for what is in aws. Nothing was changed there.");
  expect(text).toContain("# Topic: not looked at: no list.");
  expect(text).toContain("# Table arn:c: left out: spec.x is odd");
  expect(text).toContain("# Applying changes delay: 5 → 0");
});

it.each([
  ["all can be adopted", [clean], 0],
  ["something would change", [clean, unclean], 2],
  ["something is left out", [clean, leftOut], 2],
])("when %s the exit code is %i", (_, imported, code) => {
  expect(importExitCode({ imported: imported as Imported[], skipped: [] })).toBe(code);
});
