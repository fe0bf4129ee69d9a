import { defineConfig } from "vitest/config";

/** Where nothing but the code is needed: everything side by side, which on a busy machine takes its time. */
const unit = {
  name: "unit",
  testTimeout: 20_000,
  include: ["{crds,controllers,adapters,operator,hack,bench,test/unit,test/support}/**/*.test.ts"],
  sequence: { groupOrder: 1 },
};

/** Against the test bed: it is built first, where one sees how far it is, and never within a test's time. */
const onTestBed = (name: string, groupOrder: number, include: string[]) => ({
  name,
  include,
  globalSetup: "test/testbed.setup.ts",
  testTimeout: 60_000,
  hookTimeout: 180_000,
  sequence: { groupOrder },
});

export default defineConfig({
  test: {
    projects: [
      { test: unit },
      {
        test: onTestBed("conformance", 2, [
          "{adapters,operator,hack}/**/*.conformance.ts",
          "test/conformance/**/*.test.ts",
        ]),
      },
      // Side by side: e2e mostly waits, to see that nothing happens or that a lease runs out.
      { test: { ...onTestBed("integration", 3, ["test/integration/**/*.test.ts"]), maxWorkers: 2 } },
      { test: { ...onTestBed("e2e", 3, ["test/e2e/**/*.test.ts"]), maxWorkers: 2 } },
      // Last of all, one process a cloud: what is measured here is what holds when others die, not how fast.
      { test: { ...onTestBed("chaos", 4, ["test/chaos/**/*.test.ts"]), maxWorkers: 2 } },
      { test: onTestBed("second-opinion", 5, ["test/second-opinion/**/*.test.ts"]) },
    ],
  },
});
