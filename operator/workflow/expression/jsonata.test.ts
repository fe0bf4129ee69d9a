import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { toJsonata } from "./jsonata.ts";
import { parse } from "./parse.ts";
import { EXAMPLE_VARIABLES, FAULTS, VALUES } from "./testing/examples.ts";

const emit = (source: string) => toJsonata(parse(source), (name) => `$${name}`);

async function run(source: string): Promise<unknown> {
  const value: unknown = await jsonata(emit(source)).evaluate(undefined, EXAMPLE_VARIABLES);
  return JSON.parse(JSON.stringify(value));
}

describe("JSONata", () => {
  it.each(VALUES)("%s", async (source, value) => {
    expect(await run(source)).toEqual(JSON.parse(JSON.stringify(value)));
  });

  it.each(FAULTS)("%s fails", async (source) => {
    await expect(run(source)).rejects.toHaveProperty("code");
  });

  it("brings the helpers it uses and those that they use, and no more", () => {
    expect(emit("order.id").match(/\$_\w+:=/g)).toEqual(["$_g:="]);
    expect(emit("order[order.id]").match(/\$_\w+:=/g)).toEqual(["$_g:=", "$_i:="]);
    expect(emit("1 == 2")).toBe("((1=2))");
  });

  it("asks for a type only where the form leaves it open", () => {
    expect(emit("size(order) > 1 && !(order == 2)")).not.toMatch(/\$_[bn]\(/);
  });

  it("has no path, no context and no text that could end the expression", () => {
    for (const [source] of VALUES) {
      const bare = emit(source).replace(/"(?:[^"\\]|\\.)*"|\/\^?[^/]+\//g, "_");
      expect(bare).not.toMatch(/\$\$|\$(?![A-Za-z_])|[A-Za-z_)\]]\.[A-Za-z]|\$eval|%\}|\{%/);
    }
  });

  it("takes a chain of any length that the source allows", async () => {
    const source = Array.from({ length: 400 }, () => "1").join(" + ");
    expect(await run(source)).toBe(400);
    await expect(run(`order${".x".repeat(200)}`)).rejects.toHaveProperty("code");
  });
});
