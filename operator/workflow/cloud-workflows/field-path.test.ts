import { expect, it } from "vitest";
import { fieldPath } from "./field-path.ts";

it.each([
  ["plain_1", "plain_1"],
  ["with space", "`with space`"],
  ["a.b", "`a.b`"],
  ["1st", "`1st`"],
  ["tick`slash\\", "`tick\\`slash\\\\`"],
])("names the field %s in a mask", (name, path) => expect(fieldPath(name)).toBe(path));
