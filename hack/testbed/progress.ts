/** Shows what takes long: one line that rewrites itself on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** Starts step `number` of `of`; the one before it must be done. */
  step(step: Step): RunningStep;
  /** A line of its own. */
  say(line: string): void;
}

export interface Step {
  readonly number: number;
  readonly of: number;
  readonly title: string;
  /** How long it usually takes, in words, and why. */
  readonly usual: string;
}

export interface RunningStep {
  /** What it is doing now. */
  detail(text: string): void;
  done(): void;
  failed(): void;
}

export interface Terminal {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
  /** Milliseconds on a clock that only goes forward. */
  now(): number;
  /** Calls back every so many milliseconds until the returned function is called. */
  every(ms: number, callback: () => void): () => void;
}

const TTY_REFRESH_MS = 200;
const LINE_EVERY_MS = 15_000;

export const stderrTerminal: Terminal = {
  get isTTY() {
    return process.stderr.isTTY === true;
  },
  get columns() {
    return process.stderr.columns ?? 100;
  },
  write: (text) => void process.stderr.write(text),
  now: () => performance.now(),
  every(ms, callback) {
    const timer = setInterval(callback, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

export function progressOn(terminal: Terminal): Progress {
  return {
    say: (line) => terminal.write(`${line}\n`),
    step(step) {
      const begin = terminal.now();
      let text = "";
      const line = (state: StepState): string => progressLine(step, terminal.now() - begin, text, state);
      const rewrite = (shown: string, end = ""): void =>
        terminal.write(`\r\u001b[2K${cut(shown, terminal.columns - 1)}${end}`);
      terminal.write(`[${step.number}/${step.of}] ${step.title}: ${step.usual}\n`);
      const stop = terminal.isTTY
        ? terminal.every(TTY_REFRESH_MS, () => rewrite(line("running")))
        : terminal.every(LINE_EVERY_MS, () => terminal.write(`${line("running")}\n`));
      const end = (state: StepState): void => {
        stop();
        if (terminal.isTTY) rewrite(line(state), "\n");
        else terminal.write(`${line(state)}\n`);
      };
      return {
        detail: (now) => {
          text = now;
        },
        done: () => end("done"),
        failed: () => end("failed"),
      };
    },
  };
}

type StepState = "running" | "done" | "failed";

/** One line of progress, as `[2/4] KEDA 2.21.0  3m 12s  812 of at most 2050 packages compiled`. */
export function progressLine(step: Step, elapsedMs: number, detail: string, state: StepState): string {
  const after = state === "running" ? detail : state;
  return [`[${step.number}/${step.of}] ${step.title}`, formatElapsed(elapsedMs), after].filter(Boolean).join("  ");
}

/** A duration for people: `0.4s`, `12s`, `3m 12s`, `1h 02m`. */
export function formatElapsed(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, "0")}m`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
