import { readPattern } from "./pattern.ts";

/** `1970-01-01T00:00:00Z` to `9999-12-31T23:59:59Z`, days that exist only. */
export const TIMESTAMP = readPattern(
  [
    "^(",
    "(19[7-9][0-9]|[2-9][0-9]{3})-",
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))",
    "|(19(72|76|8[048]|9[26])|[2-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[3579][26])00)-02-29",
    ")T([01][0-9]|2[0-3])(:[0-5][0-9]){2}Z$",
  ].join(""),
);

/** What `int` takes: every engine reads 15 digits alike. */
export const INTEGER = readPattern("^-?(0|[1-9][0-9]{0,14})$");

/** What `double` takes. */
export const DECIMAL = readPattern("^-?(0|[1-9][0-9]{0,14})([.][0-9]{1,15})?$");

/** Anything beyond ASCII. */
export const NON_ASCII = { ecma: "[^\\x00-\\x7f]", re2: "[^\\x00-\\x7f]" };

/** From here on `string` of a number fails: JSONata writes no more than 15 digits. */
export const MAX_WRITTEN = 1_000_000_000_000_000;

const MAX_SECONDS = 253_402_300_799;

/** Whole seconds of a text such as `1h30m`. Undefined: it is none, or longer than all time that has a timestamp. */
export function readDuration(text: string): number | undefined {
  const parts = /^(-?)(?=\d)(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,12})s)?$/.exec(text);
  if (!parts) return undefined;
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = parts;
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (total > MAX_SECONDS) return undefined;
  return sign && total > 0 ? -total : total;
}
