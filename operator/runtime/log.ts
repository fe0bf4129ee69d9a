import { type DestinationStream, type Logger, pino } from "pino";
import { redact, redactText } from "./redact.ts";

type LogMethod = {
  (fields: object, message: string): void;
  (message: string): void;
};

/** Where the runtime writes what the people who run it should know. Errors go under the field `err`. */
export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A log whose lines all carry `fields`. */
  child(fields: Record<string, unknown>): Log;
}

export interface LogOptions {
  /** The least level that is written. */
  readonly level?: "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** Fields of every line. */
  readonly fields?: Record<string, unknown>;
  /** Where lines go; standard output if left out. */
  readonly destination?: DestinationStream;
}

/** JSON lines, with every value under a secret name and every secret inside a text replaced. */
export function createLog({ level = "info", fields = {}, destination }: LogOptions = {}): Log {
  const logger = pino(
    {
      level,
      base: redact(fields) as Record<string, unknown>,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          const clean = args.map((argument) =>
            typeof argument === "string" ? redactText(argument) : redact(argument),
          );
          method.apply(this, clean as Parameters<typeof method>);
        },
      },
    },
    ...(destination ? [destination] : []),
  );
  return wrap(logger);
}

/** pino formats only the bindings of the root logger; so those of a child are cleaned before it sees them. */
function wrap(logger: Logger): Log {
  return {
    debug: logger.debug.bind(logger),
    info: logger.info.bind(logger),
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    fatal: logger.fatal.bind(logger),
    child: (fields) => wrap(logger.child(redact(fields) as Record<string, unknown>)),
  };
}
