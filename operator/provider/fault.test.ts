import { describe, expect, it } from "vitest";
import { ProviderError, sideBySide, step } from "./fault.ts";

const later = async (turns: number): Promise<void> => {
  for (let n = 0; n < turns; n++) await Promise.resolve();
};

describe("sideBySide", () => {
  it("gives the values in order", async () => {
    expect(await sideBySide([later(3).then(() => "a"), Promise.resolve(2)])).toEqual(["a", 2]);
  });

  it("throws the first error in order, whichever came first", async () => {
    for (const turns of [0, 5]) {
      const first = later(turns).then(() => Promise.reject(new Error("first")));
      const second = later(5 - turns).then(() => Promise.reject(new Error("second")));
      await expect(sideBySide([Promise.resolve(), first, second])).rejects.toThrow("first");
    }
  });
});

describe("step", () => {
  it("puts its name on the error, and the innermost name stays", async () => {
    const fails = () => Promise.reject(new ProviderError("denied", "no", { code: "AccessDenied", requestId: "r" }));
    const error = await step("outer", () => step("inner", fails)).catch((one: unknown) => one);
    expect(error).toMatchObject({
      step: "inner",
      fault: "denied",
      code: "AccessDenied",
      requestId: "r",
      message: "no",
    });
  });

  it("leaves other errors as they are", async () => {
    const bug = new TypeError("a bug");
    await expect(step("outer", () => Promise.reject(bug))).rejects.toBe(bug);
  });
});
