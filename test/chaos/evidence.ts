import { createLog, type Log } from "../../operator/runtime/log.ts";

/** What operators said, for what must never be in it. */
export interface Evidence {
  readonly log: Log;
  /** Lines of the log, as they would be printed. */
  readonly lines: string[];
  /** Events, as JSON. */
  readonly told: string[];
  /** Pages of `/metrics`. */
  readonly metrics: string[];
}

export function createEvidence(): Evidence {
  const lines: string[] = [];
  const log = createLog({ level: "debug", destination: { write: (line: string) => void lines.push(line) } });
  return { log, lines, told: [], metrics: [] };
}
