import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineSplitter, parseJsonLine } from "./json-lines.ts";

/** The bytes of a text, cut at any places: also inside of a character. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  let start = 0;
  return [...ends, bytes.length].map((end) => {
    const part = bytes.subarray(start, end);
    start = end;
    return part;
  });
}

describe("line splitter", () => {
  it("gives the same values wherever the stream is cut", () => {
    const property = fc.property(
      fc.array(fc.json()),
      fc.array(fc.nat()),
      fc.constantFrom("\n", "\r\n", "\n\n"),
      (docs, places, end) => {
        const splitter = createLineSplitter();
        const bytes = Buffer.from(docs.map((doc) => doc + end).join(""));
        const lines = cut(bytes, places).flatMap((part) => splitter.push(part));
        expect(lines.map(parseJsonLine)).toEqual(docs.map((doc) => JSON.parse(doc)));
        expect(splitter.rest()).toBe("");
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it("never loses a byte, whatever arrives", () => {
    const property = fc.property(fc.string({ unit: "binary" }), fc.array(fc.nat()), (text, places) => {
      const splitter = createLineSplitter();
      const lines = cut(Buffer.from(text), places).flatMap((part) => splitter.push(part));
      const all = [...lines, splitter.rest()].filter((line) => line !== "");
      const expected = Buffer.from(text)
        .toString()
        .split("\n")
        .map((line) => line.replace(/\r$/, ""))
        .filter((line) => line !== "");
      expect(all).toEqual(expected);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("gives up on a line without an end", () => {
    const splitter = createLineSplitter(10);
    expect(splitter.push(Buffer.from("12345678\n12345678"))).toEqual(["12345678"]);
    expect(() => splitter.push(Buffer.from("901"))).toThrow(expect.objectContaining({ kind: "oversize" }));
  });

  it("quotes the beginning of what is not JSON", () => {
    expect(() => parseJsonLine(`<html>${"x".repeat(200)}`)).toThrow(expect.objectContaining({ kind: "invalid" }));
    expect(() => parseJsonLine(`<html>${"x".repeat(200)}`)).toThrow(/"<html>x{74}"$/);
  });
});
