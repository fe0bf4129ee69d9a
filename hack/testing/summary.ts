/** The part of vitest's JSON report that is counted. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** Skipped tests prove nothing, so they are told. */
  readonly skipped: number;
}

/**
 * Counts tests. A file that failed before it had any, and a run that failed for a reason that no test shows (such as
 * an error that nobody caught), count as one failure each: nothing that went wrong may read as success.
 */
export function summarise(report: Report, exitCode: number): Summary {
  const statuses = report.testResults.flatMap((file) => file.assertionResults.map(({ status }) => status));
  const count = (...wanted: string[]): number => statuses.filter((status) => wanted.includes(status)).length;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  ).length;
  const passed = count("passed");
  const seen = count("failed") + brokenFiles;
  const failed = seen === 0 && (exitCode !== 0 || passed === 0) ? 1 : seen;
  return { passed, failed, skipped: statuses.length - passed - count("failed") };
}

/** The last line of a test run. */
export function summaryLine({ passed, failed }: Summary): string {
  return `${passed} passed, ${failed} failed`;
}

/** One line a failure, with its file, its test and what was said first: a long run is read from its end. */
export function failureLines(report: Report): string[] {
  const firstLine = (text: string | undefined): string => (text ?? "").trim().split("\n", 1)[0] ?? "";
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (status === "failed" && failed.length === 0) return [`FAILED ${name}: ${firstLine(message)}`];
    return failed.map((test) => `FAILED ${name} > ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
  });
}
