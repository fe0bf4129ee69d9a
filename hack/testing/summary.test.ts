import { describe, expect, it } from "vitest";
import { failureLines, type Report, summarise, summaryLine } from "./summary.ts";

const file = (status: string, ...tests: string[]): Report["testResults"][number] => ({
  name: "a.test.ts",
  status,
  assertionResults: tests.map((each, index) => ({ status: each, fullName: `test ${index + 1}` })),
});

describe("summarise", () => {
  it("adds up the tests of all files", () => {
    const report = { testResults: [file("passed", "passed", "passed"), file("failed", "passed", "failed")] };
    expect(summarise(report, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });

  it("counts a file that could not be loaded as a failure", () => {
    expect(summarise({ testResults: [file("failed"), file("passed", "passed")] }, 1).failed).toBe(1);
  });

  it("counts a run that failed without a failed test as a failure", () => {
    expect(summarise({ testResults: [file("passed", "passed")] }, 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  it("does not take a run without tests for a success", () => {
    expect(summarise({ testResults: [] }, 0).failed).toBe(1);
  });

  it("tells what was skipped, and counts it as nothing else", () => {
    const report = { testResults: [file("passed", "passed", "skipped", "todo", "pending")] };
    expect(summarise(report, 0)).toEqual({ passed: 1, failed: 0, skipped: 3 });
  });
});

describe("summaryLine", () => {
  it("reads as promised", () => {
    expect(summaryLine({ passed: 12, failed: 0, skipped: 3 })).toBe("12 passed, 0 failed");
  });
});

describe("failureLines", () => {
  it("names each failed test with what it said first, and each file that could not be loaded", () => {
    const said = { status: "failed", fullName: "queues keep order", failureMessages: ["Error: 2 is not 1\n    at x"] };
    const report = {
      testResults: [
        { ...file("failed", "passed"), name: "b.test.ts", assertionResults: [said] },
        { ...file("failed"), message: "\nCannot find module 'x'\nRequire stack" },
        file("passed", "passed"),
      ],
    };
    expect(failureLines(report)).toEqual([
      "FAILED b.test.ts > queues keep order: Error: 2 is not 1",
      "FAILED a.test.ts: Cannot find module 'x'",
    ]);
  });
});
