import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import type { CrdVersion } from "./crd.ts";
import { toCrd } from "./crd.ts";
import type { Kind } from "./define.ts";
import { kinds } from "./index.ts";
import { rulesOf } from "./rules.ts";
import type { Schema } from "./structural.ts";
import { structuralSchema } from "./structural.ts";
import { arbitraryOf } from "./testing/arbitrary.ts";
import { violations } from "./testing/openapi.ts";

const all: readonly Kind[] = kinds;
const versionOf = (kind: Kind) => toCrd(kind).spec.versions[0] as CrdVersion;

/** Every node of spec and status with its path. */
function nodesOf(kind: Kind): (readonly [path: string, node: Schema])[] {
  const { spec, status } = versionOf(kind).schema.openAPIV3Schema.properties ?? {};
  return [...walk(spec, "spec"), ...walk(status, "status")];
}

function walk(node: Schema | undefined, path: string): (readonly [string, Schema])[] {
  if (!node) return [];
  return [
    [path, node] as const,
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => walk(child, `${path}.${name}`)),
    ...walk(node.items, `${path}[]`),
    ...walk(node.additionalProperties, `${path}{}`),
  ];
}

const failing = (kind: Kind, ok: (node: Schema, path: string) => boolean) =>
  nodesOf(kind)
    .filter(([path, node]) => !ok(node, path))
    .map(([path]) => path);

/** What is checked by more than a schema. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  Workflow: ["spec.definition"],
  TableItem: ["spec.attributes"],
};

describe.each(all.map((kind) => [kind.kind, kind] as const))("%s", (_name, kind) => {
  test("every field has a type and a description", () => {
    expect(failing(kind, (node) => Boolean(node.type ?? node["x-kubernetes-int-or-string"]))).toEqual([]);
    const bare = failing(kind, (node, path) => Boolean(node.description) || path.endsWith("[]"));
    expect(bare).toEqual([]);
  });

  test("descriptions are whole sentences", () => {
    expect(
      failing(kind, ({ description }, path) => path.endsWith("[]") || /^[A-Z0-9].*[.:)]$/s.test(description ?? "")),
    ).toEqual([]);
  });

  test("everything has an end: strings, lists and maps are bounded, so that CEL's cost is", () => {
    expect(failing(kind, (node) => node.type !== "string" || Boolean(node.maxLength ?? node.enum))).toEqual([]);
    expect(failing(kind, (node) => node.type !== "array" || node.maxItems !== undefined)).toEqual([]);
    expect(failing(kind, (node) => !node.additionalProperties || node.maxProperties !== undefined)).toEqual([]);
    expect(failing(kind, (node) => node.type !== "integer" || node.minimum !== undefined)).toEqual([]);
  });

  test("every list says how it is merged, and its keys are required fields", () => {
    expect(failing(kind, (node) => node.type !== "array" || Boolean(node["x-kubernetes-list-type"]))).toEqual([]);
    expect(
      failing(kind, (node) =>
        (node["x-kubernetes-list-map-keys"] ?? []).every((key) => node.items?.required?.includes(key)),
      ),
    ).toEqual([]);
  });

  test("defaults are scalars, and none stands inside a list or an optional object", () => {
    expect(failing(kind, (node) => typeof node.default !== "object")).toEqual([]);
    const nested = nodesOf(kind).filter(([path, node]) => node.default !== undefined && path.split(".").length > 2);
    expect(nested.map(([path]) => path)).toEqual([]);
  });

  test("every rule has a message for people and points at a field that exists", () => {
    const paths = new Set(nodesOf(kind).map(([path]) => path));
    for (const [path, node] of nodesOf(kind))
      for (const rule of node["x-kubernetes-validations"] ?? []) {
        expect(String(rule.message), path).toMatch(/\w+ \w+ \w+/);
        expect(String(rule.message), path).not.toMatch(/\n|\.$/);
        if (rule.fieldPath) expect(paths).toContain(`${path}${rule.fieldPath}`);
      }
  });

  test("columns and selectors read fields that exist", () => {
    const paths = new Set([...nodesOf(kind).map(([path]) => path), "metadata.creationTimestamp"]);
    const read = (jsonPath: string) => jsonPath.replace(/\[\?\(@\.type=="(\w+)"\)\]/, "[]").slice(1);
    for (const column of kind.columns) expect(paths).toContain(read(column.jsonPath));
    for (const selector of kind.selectableFields) expect(paths).toContain(read(selector));
    expect(kind.columns.filter((column) => column.priority !== 1).length).toBeLessThanOrEqual(7);
  });

  test("what zod takes, the CRD's OpenAPI schema takes", { timeout: 60_000 }, () => {
    for (const schema of [kind.spec, kind.status]) {
      const openapi = structuralSchema(schema);
      fc.assert(
        fc.property(arbitraryOf(schema), (value) => {
          expect(violations(openapi, JSON.parse(JSON.stringify(value)))).toEqual([]);
        }),
        { numRuns: 150 },
      );
    }
  });

  test("zod refuses fields that it doesn't know, wherever they stand", () => {
    const withSpec = kind.spec.safeParse({ nosuchfield: 1 });
    expect(withSpec.error?.issues.some((issue) => issue.code === "unrecognized_keys")).toBe(true);
    const open = walk(structuralSchema(kind.spec), "spec").filter(
      ([, node]) => node.type === "object" && !node.properties && !node.additionalProperties,
    );
    const paths = open.map(([path]) => path).filter((path) => !path.startsWith("spec.overrides."));
    expect(paths).toEqual(OPEN[kind.kind] ?? []);
  });

  test("the CRD is the same object each time, with our group, categories and a status of its own", () => {
    expect(JSON.stringify(toCrd(kind))).toBe(JSON.stringify(toCrd(kind)));
    const { names, group } = toCrd(kind).spec;
    expect(group).toBe("onyx.onelens.io");
    expect(names.categories).toContain("onyx");
    expect(kind.shortNames.every((name) => name.startsWith("ox"))).toBe(true);
    expect(versionOf(kind).subresources).toHaveProperty("status");
  });
});

test("kinds, plurals and short names are each there once", () => {
  for (const names of [all.map((k) => k.kind), all.map((k) => k.plural), all.flatMap((k) => k.shortNames)])
    expect(new Set(names).size).toBe(names.length);
});

test("what can be switched off must say why", () => {
  const missing = all.filter(
    (kind) =>
      !["platform", "run"].includes(kind.role) &&
      "enabled" in (kind.spec as z.ZodObject).shape &&
      !rulesOf(kind.spec).some((rule) => rule.fieldPath === ".disabledReason"),
  );
  expect(missing.map((kind) => kind.kind)).toEqual([]);
});
