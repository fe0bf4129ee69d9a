import { durationText } from "../../crds/duration.ts";

/**
 * What is written beside a confidential value in the cloud, in one mark: which wish the value in force answers, in which
 * version, since when, and how it is to be treated. It tells nothing of the value itself.
 */
export interface ValueState {
  readonly value: { readonly from: "Secret" | "Generated" | "External" | "Other"; readonly revision: string };
  /** The cloud's id of the version that holds it; null: none yet. */
  readonly version: string | null;
  /** When that version was made, in seconds since the epoch. */
  readonly since: number;
  readonly rotation: { readonly everySeconds: number; readonly overlapSeconds: number } | null;
  readonly recoveryDays: number;
}

/** The wish for a value that somebody else puts there, and what a secret has that is not ours. */
export const EXTERNAL = { from: "External", revision: "as-is" } as const;

/** Key of the tag or annotation that holds it. */
export const STATE = "onyx-state";

/** At most 256 characters of those that AWS takes in a tag: letters, digits, spaces and `+-=._:/@`. */
export function stateText({ value, version, since, rotation, recoveryDays }: ValueState): string {
  return [
    `from=${value.from}`,
    `revision=${value.revision}`,
    ...(version === null ? [] : [`version=${version}`]),
    `since=${since}`,
    ...(rotation ? [`every=${rotation.everySeconds}`, `overlap=${rotation.overlapSeconds}`] : []),
    `recover=${recoveryDays}`,
  ].join(" ");
}

/** Undefined for what isn't written by us. */
export function parseState(text: string | undefined | null): ValueState | undefined {
  const parts = new Map(
    (text ?? "").split(" ").map((part): [string, string] => {
      const at = part.indexOf("=");
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
  const number = (key: string) => {
    const value = parts.get(key);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  const [from, revision, since, recover] = [
    parts.get("from"),
    parts.get("revision"),
    number("since"),
    number("recover"),
  ];
  if (
    (from !== "Secret" && from !== "Generated" && from !== "External") ||
    !revision ||
    since === undefined ||
    recover === undefined
  )
    return undefined;
  const [everySeconds, overlapSeconds] = [number("every"), number("overlap")];
  return {
    value: { from, revision },
    version: parts.get("version") ?? null,
    since,
    rotation: everySeconds === undefined || overlapSeconds === undefined ? null : { everySeconds, overlapSeconds },
    recoveryDays: recover,
  };
}

/** The value is as old as it may become. */
export const rotationDue = ({ value, rotation, since }: ValueState, nowMs: number): boolean =>
  value.from === "Generated" && rotation !== null && nowMs / 1000 - since >= rotation.everySeconds;

/** The previous value was readable for as long as it should. Without rotation it stays until the next one comes. */
export const overlapOver = ({ rotation, since }: ValueState, nowMs: number): boolean =>
  rotation !== null && nowMs / 1000 - since >= rotation.overlapSeconds;

/** What time has made due: `Present.due`. */
export function dueOf(
  state: ValueState,
  hasPrevious: boolean,
  nowMs: number,
): readonly { readonly field: "value" | "rotation"; readonly want: string; readonly actual: string }[] {
  if (rotationDue(state, nowMs))
    return [
      {
        field: "value",
        want: "a new one",
        actual: `one of ${durationText(state.rotation?.everySeconds ?? 0)} or more`,
      },
    ];
  if (hasPrevious && overlapOver(state, nowMs))
    return [{ field: "rotation", want: "the previous version disabled", actual: "readable" }];
  return [];
}

/** Both clouds take values of 1 to 65,536 bytes: why this one can't be kept, or undefined. */
export function unfitValue(value: Uint8Array, { min, max }: { readonly min: number; readonly max: number }) {
  if (value.byteLength >= min && value.byteLength <= max) return undefined;
  if (value.byteLength === 0) return "The value is empty, and no cloud keeps an empty value. Give it a value.";
  return `The value has ${value.byteLength} bytes, and at most ${max} can be kept. Keep what is larger in a Bucket.`;
}
