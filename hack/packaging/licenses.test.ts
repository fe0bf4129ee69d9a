import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { type Lock, refusedLicenses } from "./licenses.ts";

test("everything that is shipped may be shipped", () => {
  const lock = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../package-lock.json"), "utf8")) as Lock;
  expect(Object.values(lock.packages).filter(({ dev }) => !dev).length).toBeGreaterThan(100);
  expect(refusedLicenses(lock)).toEqual([]);
});

test("a licence that we don't take is named with its package", () => {
  const packages = {
    "": { license: "AGPL-3.0" },
    "node_modules/free": { license: "MIT" },
    "node_modules/either": { license: "(GPL-2.0 OR Apache-2.0)" },
    "node_modules/both": { license: "MIT AND GPL-2.0" },
    "node_modules/copyleft": { license: "GPL-3.0" },
    "node_modules/silent": {},
    "node_modules/tool": { license: "GPL-3.0", dev: true },
  };
  expect(refusedLicenses({ packages })).toEqual([
    "node_modules/both: MIT AND GPL-2.0",
    "node_modules/copyleft: GPL-3.0",
    "node_modules/silent: says no licence",
  ]);
});
