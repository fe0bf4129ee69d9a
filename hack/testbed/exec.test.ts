import { describe, expect, it } from "vitest";
import { exec } from "./exec.ts";

const node = (script: string, options = {}) => exec(process.execPath, ["-e", script], options);

describe("exec", () => {
  it("gives standard output, and passes standard input on", async () => {
    expect(await node("process.stdin.pipe(process.stdout)", { input: "hello" })).toBe("hello");
  });

  it("hands over standard error line by line, wherever the chunks end", async () => {
    const lines: string[] = [];
    const script = "process.stderr.write('on'); setImmediate(() => process.stderr.write('e\\ntwo\\n'))";
    await node(script, { onLine: (line: string) => lines.push(line) });
    expect(lines).toEqual(["one", "two"]);
  });

  it("says what failed, how, and the last of what it said", async () => {
    const script = "for (let i = 1; i <= 30; i++) console.error('line ' + i); process.exitCode = 4";
    const failure = await node(script).catch((error: Error) => error.message);
    expect(failure).toContain("failed (exit code 4):\n  line 11\n");
    expect(failure).toMatch(/ {2}line 30$/);
  });

  it("falls back to standard output for programs that complain there", async () => {
    await expect(node("console.log('ensurepip is missing'); process.exitCode = 1")).rejects.toThrow(
      "ensurepip is missing",
    );
  });

  it("says how to go on when the program is not there", async () => {
    await expect(exec("no-such-program", [])).rejects.toThrow('"no-such-program" was not found. Install it');
  });

  it("takes variables away that are undefined", async () => {
    const script = "process.stdout.write(String(process.env.HOME))";
    expect(await node(script, { env: { HOME: undefined } })).toBe("undefined");
  });
});
