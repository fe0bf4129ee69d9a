import { HOLDER_MARKS, isMark, type Tags } from "./owner.ts";

/** Our marks in a text, all together and at its end. */
const BEGIN = "[onyx";
const MARKS = / ?\[onyx((?: onyx-[a-z]+=[a-z0-9_-]*)*)\]$/;

/**
 * Marks in the description of a thing that takes no tags, such as a schedule or a job: `their text [onyx
 * onyx-environment=prod onyx-kind=queue …]`. At most 440 characters with the brackets.
 *
 * @param text  what stands there now: words of others stay, cut where they and our marks are longer than `max`
 * @param marks other tags than our marks are left out, and so are those that are null
 */
export function withMarks(text: string, marks: Tags, max: number): string {
  const written = Object.entries(marks)
    .filter(([key, value]) => isMark(key) && value !== null)
    .map(([key, value]) => ` ${key}=${value}`);
  const ours = `${BEGIN}${written.join("")}]`;
  const theirs = text.replace(MARKS, "").slice(0, Math.max(0, max - ours.length - 1));
  return theirs === "" ? ours : `${theirs} ${ours}`;
}

/** The marks that a description holds, as tags; empty for one that isn't ours. */
export function marksIn(text: string): Record<string, string> {
  const [, marks = ""] = MARKS.exec(text) ?? [];
  return Object.fromEntries(
    marks
      .trim()
      .split(" ")
      .filter((mark) => mark !== "")
      .map((mark): [string, string] => [mark.slice(0, mark.indexOf("=")), mark.slice(mark.indexOf("=") + 1)])
      .filter(([key]) => isMark(key)),
  );
}

/** Without the marks that name the living object: what `release` writes. */
export const withoutHolder = (marks: Tags): Tags =>
  Object.fromEntries(Object.entries(marks).filter(([key]) => !HOLDER_MARKS.includes(key)));
