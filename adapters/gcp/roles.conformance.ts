import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ensureRoles, ROLES, roleName } from "./roles.ts";
import { type Adapter, PROJECT, startAdapter } from "./testing/cloud.ts";

let adapter: Adapter;
beforeAll(async () => {
  adapter = await startAdapter();
});
afterAll(() => adapter.close());
beforeEach(() => adapter.cloud.control.reset());

const ensure = async () => (await ensureRoles(adapter.place, AbortSignal.timeout(10_000))).map(({ done }) => done);
const iam = async (method: string, path: string, body?: object) => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${adapter.cloud.rest}/v1/${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await response.json()) as { includedPermissions?: string[]; deleted?: boolean };
};
const ALL = Object.values(ROLES);
const reader = roleName(PROJECT, ROLES.tableReader);

describe("the roles of a project", () => {
  test("are made with just their permissions, and left alone when they are right", async () => {
    expect(await ensure()).toEqual(ALL.map(() => "created"));
    expect((await iam("GET", reader)).includedPermissions).toEqual(ROLES.tableReader.permissions);
    adapter.cloud.control.journal.clear();
    expect(await ensure()).toEqual(ALL.map(() => "unchanged"));
    expect(adapter.writes()).toEqual([]);
  });

  test("are put right when somebody widened one", async () => {
    await ensure();
    const includedPermissions = [...ROLES.tableReader.permissions, "datastore.databases.delete"];
    await iam("PATCH", `${reader}?updateMask=includedPermissions`, { includedPermissions });
    expect(await ensure()).toEqual(ALL.map((role) => (role === ROLES.tableReader ? "updated" : "unchanged")));
    expect((await iam("GET", reader)).includedPermissions).toEqual(ROLES.tableReader.permissions);
  });

  test("are restored when somebody deleted one", async () => {
    await ensure();
    await iam("DELETE", reader);
    expect(await ensure()).toEqual(ALL.map((role) => (role === ROLES.tableReader ? "restored" : "unchanged")));
    expect((await iam("GET", reader)).deleted ?? false).toBe(false);
  });

  test("are made by the command of the guide", async () => {
    const args = ["adapters/gcp/install.ts", "--project", PROJECT, "--endpoint", adapter.cloud.rest];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: `${import.meta.dirname}/../..` });
    expect(stdout.trim().split("\n")).toEqual(
      Object.values(ROLES).map((role) => `${roleName(PROJECT, role)}: created`),
    );
  });
});

test("a refusal says what was refused", async () => {
  adapter.cloud.control.faults.add({
    method: "CreateRole",
    error: { code: "PERMISSION_DENIED", message: "no" },
    times: 1,
  });
  await expect(ensure()).rejects.toMatchObject({
    fault: "denied",
    message: `IAM refused POST projects/${PROJECT}/roles: no`,
  });
});
