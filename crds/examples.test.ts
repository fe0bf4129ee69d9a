import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { API_VERSION } from "./define.ts";
import { kinds } from "./index.ts";

const root = resolve(import.meta.dirname, "..");
const files = globSync("examples/**/*.yaml", { cwd: root }).sort();
const objectsOf = (file: string) =>
  parseAllDocuments(readFileSync(join(root, file), "utf8")).map((document) => document.toJS());

test.each(files)("%s is what the schemas take", (file) => {
  for (const object of objectsOf(file)) {
    if (object.apiVersion !== API_VERSION) continue;
    const kind = kinds.find((one) => one.kind === object.kind);
    expect(kind?.spec.safeParse(object.spec).error).toBeUndefined();
  }
});

test("every kind has an example of its own", () => {
  for (const kind of kinds) {
    const own = files.filter((file) => file.startsWith(join("examples", kind.singular, "/"))).flatMap(objectsOf);
    expect(own.map((object) => object.kind)).toContain(kind.kind);
  }
});

test("the OneLens flow names only what it brings along", () => {
  const objects = files.filter((file) => file.startsWith("examples/onelens/")).flatMap(objectsOf);
  const named = (kind: string) => objects.filter((one) => one.kind === kind).map((one) => one.metadata.name);
  const services = objects.filter((one) => one.kind === "OnyxService");
  const bindings = services.flatMap((service) => service.spec.bindings);
  expect(services.length).toBe(2);
  for (const { queue, table } of bindings) expect(queue ? named("Queue") : named("Table")).toContain(queue ?? table);
  for (const queue of objects.filter((one) => one.kind === "Queue" && one.spec.deadLetter))
    expect(named("Queue")).toContain(queue.spec.deadLetter.queueRef.name);
});
