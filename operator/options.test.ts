import { expect, it, vi } from "vitest";
import { readOptions } from "./options.ts";

const read = (...args: string[]) => readOptions(["node", "main.ts", ...args]);

it("needs nothing", () => {
  expect(read()).toEqual({
    address: { host: "127.0.0.1", port: 8080 },
    leaseNamespace: "onyx-system",
    leaseName: "onyx-operator",
    concurrency: 10,
    resync: 600_000,
    logLevel: "info",
    tenants: true,
  });
});

it.each([
  [["--no-tenants"], false],
  [["--namespace=team"], false],
  [[], true],
])("serves Tenants with %j: %s", (args, tenants) => {
  expect(read(...args).tenants).toBe(tenants);
});

it("reads what the chart sets", () => {
  const options = read(
    "--address=0.0.0.0:9000",
    "--lease-namespace=a",
    "--lease-name=b",
    "--log-level=debug",
    "--concurrency=20",
    "--resync=1h",
    "--namespace=team",
  );
  expect(options).toMatchObject({
    address: { host: "0.0.0.0", port: 9000 },
    leaseNamespace: "a",
    leaseName: "b",
    logLevel: "debug",
    concurrency: 20,
    resync: 3_600_000,
    namespace: "team",
  });
});

it("reads an IPv6 address", () => {
  expect(read("--address=[::]:8080").address).toEqual({ host: "::", port: 8080 });
});

it.each([
  ["--address=8080", "HOST:PORT"],
  ["--address=127.0.0.1:99999", "HOST:PORT"],
  ["--concurrency=0", "whole number"],
  ["--resync=1s", "10s or more"],
  ["--log-level=loud", "Allowed choices"],
  ["--no-such-thing", "unknown option"],
])("refuses %s with a word of what is wrong", (arg, message) => {
  const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  try {
    expect(() => read(arg)).toThrow("exit 1");
  } finally {
    exit.mockRestore();
    write.mockRestore();
  }
  expect(written.join("")).toContain(message);
});
