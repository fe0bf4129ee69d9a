import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, it } from "vitest";
import { serviceModels } from "./service-model.ts";

const venv = mkdtempSync(join(tmpdir(), "onyx-models-"));
afterAll(() => rmSync(venv, { recursive: true }));

const folder = join(venv, "lib/python3.11/site-packages/botocore/data/things/2020-01-01");
mkdirSync(folder, { recursive: true });
const model = {
  operations: { Make: { input: { shape: "Input" } }, Ask: {} },
  shapes: {
    Input: {
      type: "structure",
      required: ["Name"],
      members: {
        Name: { shape: "Name" },
        Size: { shape: "Size" },
        Color: { shape: "Color" },
        Parts: { shape: "Parts" },
        Tags: { shape: "Tags" },
        On: { shape: "On" },
      },
    },
    Name: { type: "string", min: 1, max: 5, pattern: "[a-z]+" },
    Size: { type: "integer", min: 1, max: 9 },
    Color: { type: "string", enum: ["red", "blue"] },
    Parts: { type: "list", member: { shape: "Name" }, max: 2 },
    Tags: { type: "map", key: { shape: "Name" }, value: { shape: "Name" } },
    On: { type: "boolean" },
  },
};
writeFileSync(join(folder, "service-2.json.gz"), gzipSync(JSON.stringify(model)));
const validate = serviceModels(venv);

it("takes what the model takes", () => {
  const input = {
    Name: "abc",
    Size: 9,
    Color: "red",
    Parts: ["a", "b"],
    Tags: { a: "b" },
    On: false,
    Absent: undefined,
  };
  expect(validate("Things", "Make", input)).toEqual([]);
  expect(validate("Things", "Ask", {})).toEqual([]);
});

it.each([
  [{}, "Things Make: Name is required"],
  [{ Name: "abc", Nmae: 1 }, "Things Make: there is no member Nmae"],
  [{ Name: "abcdef" }, "Things Make.Name: 6 characters is more than 5"],
  [{ Name: "A" }, 'Things Make.Name: "A" does not match [a-z]+'],
  [{ Name: "a", Size: "1" }, 'Things Make.Size: a number is expected, not "1"'],
  [{ Name: "a", Size: 0 }, "Things Make.Size: 0 is less than 1"],
  [{ Name: "a", Color: "green" }, 'Things Make.Color: "green" is none of red, blue'],
  [{ Name: "a", Parts: ["a", "b", "c"] }, "Things Make.Parts: 3 entries is more than 2"],
  [{ Name: "a", Parts: ["B"] }, 'Things Make.Parts[0]: "B" does not match [a-z]+'],
  [{ Name: "a", Tags: { B: "a" } }, 'Things Make.Tags{B}: "B" does not match [a-z]+'],
  [{ Name: "a", On: "yes" }, "Things Make.On: true or false is expected"],
])("refuses %j", (input, message) => {
  expect(validate("Things", "Make", input)).toEqual([message]);
});

it("knows what operations there are", () => {
  expect(validate("Things", "Break", {})).toEqual(["Things has no operation Break"]);
});
