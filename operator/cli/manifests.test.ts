import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readManifests } from "./manifests.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "onyx-manifests-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const QUEUE = "apiVersion: onyx.onelens.io/v1alpha1\nkind: Queue\nmetadata: {name: a}\nspec: {}\n";

it("reads folders in order, several documents a file, and fills in defaults as the API server would", async () => {
  file("b.yaml", `${QUEUE}---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n`);
  file("a.yml", QUEUE.replace("name: a", "name: first"));
  file("notes.txt", "no manifest");
  const read = await readManifests([folder]);
  expect(read.map(({ object }) => `${object.kind} ${object.metadata.name}`)).toEqual([
    "Queue first",
    "Queue a",
    "ConfigMap c",
  ]);
  expect(read[0]?.object).toMatchObject({
    metadata: { namespace: "default" },
    spec: { retention: "96h", ordering: "None" },
  });
});

it.each([
  ["an unknown field", QUEUE.replace("spec: {}", "spec: {retentoin: 1h}"), /Queue a: spec\..*retentoin/],
  [
    "a value out of place",
    QUEUE.replace("spec: {}", "spec: {retention: 4 days}"),
    /Queue a: spec\.retention: must be a duration/,
  ],
  ["an unknown kind", QUEUE.replace("Queue", "Queu"), /no kind Queu/],
  ["an object without a name", "apiVersion: v1\nkind: ConfigMap\n", /metadata\.name/],
  ["broken YAML", "a: [", /bad\.yaml: /],
])("names the file and what is wrong with %s", async (_what, text, message) => {
  await expect(readManifests([file("bad.yaml", text)])).rejects.toThrow(message);
});

it("says so when a file does not exist", async () => {
  await expect(readManifests([join(folder, "none.yaml")])).rejects.toThrow("does not exist");
});
