import { styleText } from "node:util";
import { stringify } from "yaml";

/** How results are printed: for people, or for programs. */
export type Format = "text" | "json" | "yaml";

/** Colours only where a person looks: none when the output goes to a file or NO_COLOR is set. */
export type Paint = (style: "green" | "yellow" | "red" | "dim" | "bold" | "cyan", text: string) => string;

/** @param colours false: the text as it is */
export const painter =
  (colours: boolean): Paint =>
  (style, text) =>
    colours ? styleText(style, text, { validateStream: false }) : text;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
const COLOUR = /\u001b\[[0-9;]*m/g;
const width = (text: string) => text.replace(COLOUR, "").length;

/** Columns under their headers, as kubectl prints them: padded with three spaces, the last one as long as it is. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headers, ...rows];
  const widths = headers.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ""))));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - width(cell) + 3),
        )
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

/** A value for programs. */
export function machine(value: unknown, format: "json" | "yaml"): string {
  return format === "json" ? JSON.stringify(value, undefined, 2) : stringify(value).trimEnd();
}

/** A value in one line for people, cut at `max` characters. */
export function brief(value: unknown, max = 72): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}
