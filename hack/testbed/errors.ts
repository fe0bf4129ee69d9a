/** Something a person has to know or do. The command line prints the message alone, without a stack. */
export class TestBedError extends Error {
  override readonly name = "TestBedError";
}

/** True for an error that is the abort of `signal` and nothing else. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
