import { afterEach, describe, expect, it } from "vitest";
import { connectAws } from "./index.ts";
import { place } from "./testing/fixtures.ts";
import { type Script, scriptServer } from "./testing/script-server.ts";
import { wire } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
const signal = new AbortController().signal;

async function against(script: Script, over: Parameters<typeof place>[1] = {}) {
  const server = await scriptServer(script);
  const connection = connectAws(place(server.url, over));
  open.push(server, connection);
  return { server, connection };
}

const identity = {
  status: 200,
  headers: { "content-type": "text/xml" },
  body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::000000000000:assumed-role/onyx/1</Arn><UserId>A:1</UserId><Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
};

describe("a connection", () => {
  it("asks nothing before the first call", async () => {
    const { server } = await against(() => identity);
    expect(server.asked).toEqual([]);
  });

  it("tells who we are", async () => {
    const { connection } = await against(() => identity);
    expect(await connection.whoAmI(signal)).toEqual({
      account: "000000000000",
      principal: "arn:aws:sts::000000000000:assumed-role/onyx/1",
    });
  });

  it.each(["Empty", "NotJson", "Unavailable"])("%s says nothing about who we are", async (name) => {
    const { connection } = await against(() => wire(name));
    await expect(connection.whoAmI(signal)).rejects.toMatchObject({ fault: "transient" });
  });

  it("a credentials Secret that lacks a key is named before anything is sent", async () => {
    const { server, connection } = await against(() => identity, { credentials: { AWS_ACCESS_KEY_ID: "a" } });
    await expect(connection.whoAmI(signal)).rejects.toMatchObject({
      fault: "denied",
      message: expect.stringContaining("AWS_SECRET_ACCESS_KEY"),
    });
    expect(server.asked).toEqual([]);
  });

  it("takes the SDK's names of credentials too, and never puts the secret into an error", async () => {
    const { connection } = await against(() => wire("SqsAccessDenied"), {
      credentials: { accessKeyId: "AKIDCANARY", secretAccessKey: "s3cr3t-canary", sessionToken: "t0ken-canary" },
    });
    const error = await connection.whoAmI(signal).catch((one: unknown) => one as Error);
    expect(`${error}${JSON.stringify(error)}`).not.toMatch(/s3cr3t-canary|t0ken-canary/);
  });

  it("has every kind", async () => {
    const { connection } = await against(() => identity);
    expect(Object.keys(connection.providers)).toEqual([
      "Queue",
      "Table",
      "TableItem",
      "Bucket",
      "EncryptionKey",
      "ManagedSecret",
      "EventRule",
      "Topic",
      "Workflow",
      "WorkloadIdentity",
    ]);
    expect(connection.cloud).toBe("aws");
  });
});
