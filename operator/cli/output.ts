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

/**
 * A label and columns beside it, each cell in lines of its own, broken at spaces where they are too long.
 * @param width of the whole, in characters; no column gets less than 24
 * @param labels width of the labels, so that several of these stand under each other
 */
export function sideBySide(
  lines: readonly (readonly [label: string, cells: readonly (readonly string[])[]])[],
  width: number,
  labels: number,
): string {
  const gap = 2;
  const columns = Math.max(...lines.map(([, cells]) => cells.length));
  const each = Math.max(24, Math.floor((width - labels) / columns) - gap);
  return lines
    .flatMap(([label, cells]) => {
      const wrapped = cells.map((cell) => cell.flatMap((line) => wrap(line, each)));
      const height = Math.max(1, ...wrapped.map((cell) => cell.length));
      return Array.from({ length: height }, (_, row) =>
        [
          (row === 0 ? label : "").padEnd(labels),
          ...wrapped.map((cell) => " ".repeat(gap) + (cell[row] ?? "").padEnd(each)),
        ]
          .join("")
          .trimEnd(),
      );
    })
    .join("\n");
}

/** Lines of at most `max` characters, those after the first two deeper; a longer word is cut. */
function wrap(text: string, max: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  const room = () => max - (lines.length > 0 ? 2 : 0);
  const put = () => {
    lines.push(lines.length > 0 ? `  ${line}` : line);
    line = "";
  };
  for (const word of text.split(" ")) {
    let rest = word;
    if (line !== "" && line.length + 1 + rest.length > room()) put();
    while (rest.length > room()) {
      line = rest.slice(0, room());
      rest = rest.slice(line.length);
      put();
    }
    line = line === "" ? rest : `${line} ${rest}`;
  }
  if (line !== "" || lines.length === 0) put();
  return lines;
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
