import { afterAll, expect, it } from "vitest";
import { connectAws } from "./index.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, place } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
afterAll(() => emulator.stop());

it("knows the account that its credentials belong to", async () => {
  const connection = connectAws(place(emulator.endpoint));
  expect(await connection.whoAmI(new AbortController().signal)).toMatchObject({ account: ACCOUNT });
  connection.close();
});
