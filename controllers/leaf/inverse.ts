import { durationText } from "../../crds/duration.ts";

/** Seconds as a duration of spec, for `specOf`; undefined: it could not be read. */
export const durationOf = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : durationText(seconds);
