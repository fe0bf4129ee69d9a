import type { Log } from "../log.ts";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error" | "fatal";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A log that keeps its lines, for tests to read. */
export interface MemoryLog extends Log {
  readonly lines: LogLine[];
}

export function createMemoryLog(lines: LogLine[] = [], bound: Record<string, unknown> = {}): MemoryLog {
  const method =
    (level: LogLine["level"]) =>
    (first: object | string, message = "") =>
      void lines.push(
        typeof first === "string"
          ? { level, fields: bound, message: first }
          : { level, fields: { ...bound, ...first }, message },
      );
  return {
    lines,
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
    fatal: method("fatal"),
    child: (fields) => createMemoryLog(lines, { ...bound, ...fields }),
  };
}
