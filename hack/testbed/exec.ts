import { spawn } from "node:child_process";
import { TestBedError } from "./errors.ts";

export interface ExecOptions {
  readonly cwd?: string;
  /** On top of this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
  /** Gets each line of standard error as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end and gives its standard output. A failure tells the command and its last lines. */
export function exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const output: string[] = [];
    const errors = lineReader((line) => options.onLine?.(line));
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => output.push(chunk));
    child.stderr.setEncoding("utf8").on("data", errors.take);
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.once("error", (error) => reject(startError(command, error)));
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(output.join(""));
      const shown = [command, ...args].join(" ");
      reject(
        new TestBedError(`"${shown}" failed (${signal ?? `exit code ${code}`}):\n${errors.tail() || output.join("")}`),
      );
    });
  });
}

function startError(command: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== "ENOENT") return error;
  return new TestBedError(`"${command}" was not found. Install it, or put its folder on the PATH.`);
}

/** Cuts a stream into lines and remembers the last of them. */
function lineReader(onLine: (line: string) => void): { take: (chunk: string) => void; tail: () => string } {
  let rest = "";
  let last: string[] = [];
  const take = (chunk: string): void => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
    last = [...last, ...lines].slice(-20);
  };
  return {
    take,
    tail: () =>
      [...last, rest]
        .filter((line) => line !== "")
        .map((line) => `  ${line}`)
        .join("\n"),
  };
}
