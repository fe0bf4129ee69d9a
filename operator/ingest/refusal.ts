/** Why a report can't be taken, in one word. */
export type RefusalReason =
  | "EmptyFile"
  | "NoColumns"
  | "UnknownFormat"
  | "BrokenGzip"
  | "Unreadable"
  | "TooManyRejected"
  | "TooLarge"
  | "OutOfMemory"
  | "Overflow";

/** A report that will never be taken as it is: nothing of it is written. The message is for people and has no data in it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** DuckDB's errors begin with their kind; what follows may quote the report, and stays here. */
const KINDS: readonly { readonly fits: RegExp; readonly reason: RefusalReason; readonly message: string }[] = [
  {
    fits: /^Out of Memory Error/,
    reason: "OutOfMemory",
    message: "the report has more different rows, or larger cells, than the worker's memory takes",
  },
  {
    fits: /Overflow in HUGEINT|^Out of Range Error/,
    reason: "Overflow",
    message: "amounts of the report add up to more than 20 digits",
  },
  {
    fits: /Maximum line size|Parallel CSV Reader|line size/i,
    reason: "Unreadable",
    message: "a line of the report is longer than 2,000,000 bytes",
  },
];

/** What DuckDB threw as a Refusal; anything else as it is. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error;
  const known = KINDS.find(({ fits }) => fits.test(error.message.slice(0, 2_000)));
  if (known) return new Refusal(known.reason, known.message);
  const line = /CSV Error on Line: (\d+)/.exec(error.message)?.[1];
  if (line)
    return new Refusal("Unreadable", `line ${line} of a file of the report is no line of CSV with these columns`);
  const [kind] = /^[A-Z][A-Za-z ]+ Error(?=:)/.exec(error.message) ?? [];
  return kind ? new Refusal("Unreadable", `a file of the report can't be read (${kind})`) : error;
}
