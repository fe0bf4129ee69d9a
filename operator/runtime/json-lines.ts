import { StringDecoder } from "node:string_decoder";
import { StreamError } from "./errors.ts";

/** Cuts a stream of bytes into lines. */
export interface LineSplitter {
  /**
   * Takes the next bytes; gives the lines that they complete, without their line ends and without empty ones.
   * @throws StreamError `oversize` when a line grows beyond the limit
   */
  push(chunk: Uint8Array): string[];
  /** What came after the last line end; empty if the stream ended with one. */
  rest(): string;
}

/** Objects are at most 1.5 MiB in etcd; as JSON, with an envelope, they stay far below this. */
export const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/** Lines end with a line feed, with or without a carriage return before it. */
export function createLineSplitter(maxLength = MAX_LINE_LENGTH): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let length = 0;

  function keep(part: string): void {
    if (part.length === 0) return;
    length += part.length;
    if (length > maxLength) {
      throw new StreamError("oversize", `a line of the stream is longer than ${maxLength} characters`);
    }
    parts.push(part);
  }

  function take(): string {
    const line = parts.length === 1 ? parts[0]! : parts.join("");
    parts = [];
    length = 0;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  return {
    push(chunk) {
      const text = decoder.write(chunk as Buffer);
      const lines: string[] = [];
      let start = 0;
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
        keep(text.slice(start, end));
        const line = take();
        if (line) lines.push(line);
        start = end + 1;
      }
      keep(text.slice(start));
      return lines;
    },
    rest() {
      keep(decoder.end());
      return take();
    },
  };
}

/**
 * The value of one line.
 * @throws StreamError `invalid`, quoting the beginning of the line
 */
export function parseJsonLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new StreamError("invalid", `a line of the stream is not JSON: ${JSON.stringify(line.slice(0, 80))}`);
  }
}
