import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const PROGRAM = join(import.meta.dirname, "../../operator/cli/onyx.ts");

/** What the command line printed, and how it ended. */
export interface Printed {
  /** Standard output; where it failed, what went to the error output after it. */
  readonly text: string;
  readonly code: number;
}

/** Runs the command line from the sources. An exit code is part of what it tells, and no error. */
export async function onyx(...args: readonly string[]): Promise<Printed> {
  try {
    return { text: (await promisify(execFile)(process.execPath, [PROGRAM, ...args])).stdout, code: 0 };
  } catch (error) {
    const { stdout = "", stderr = "", code = 1 } = error as { stdout?: string; stderr?: string; code?: number };
    return { text: stdout + stderr, code };
  }
}
