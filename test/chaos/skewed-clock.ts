/** Loaded into an operator before all else (`node --import`): its wall clock is off, and steps when it is told to. */
const HOUR_MS = 3_600_000;
const machine = Date;
let skew = Number(process.env.ONYX_SKEW_MS ?? 0);
process.on("SIGUSR2", () => {
  skew += HOUR_MS;
});

globalThis.Date = class extends machine {
  constructor(...args: [] | [number | string | Date]) {
    if (args.length === 0) super(machine.now() + skew);
    else super(args[0]);
  }
  static override now(): number {
    return machine.now() + skew;
  }
} as DateConstructor;
