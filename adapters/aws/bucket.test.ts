/** What S3 answers where no emulator does, on the wire: testdata/wire.json. */
import { afterEach, describe, expect, it } from "vitest";
import { bucketProvider } from "./bucket.ts";
import { awsClients } from "./clients.ts";
import { objectCopier } from "./object-copy.ts";
import { bucketWant, call, owner, place } from "./testing/fixtures.ts";
import { type Asked, type Reply, type Script, scriptServer } from "./testing/script-server.ts";
import { wire } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(script: Script) {
  const server = await scriptServer(script);
  const aws = awsClients(place(server.url, { region: "eu-west-1" }));
  open.push(server, aws);
  return { aws, server, provider: bucketProvider(aws) };
}

const by = call("orders", { owner: owner("orders", { kind: "Bucket" }) });
const at = { name: "orders", footprint: [] };
const xml = (body: string): Reply => ({ status: 200, headers: { "content-type": "application/xml" }, body });
const listed = (...names: string[]) =>
  xml(
    `<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets>${names.map((name) => `<Bucket><Name>${name}</Name></Bucket>`).join("")}</Buckets></ListAllMyBucketsResult>`,
  );
const isList = ({ operation }: Asked) => operation === "GET /";

describe("a bucket that we may not look at", () => {
  it("and that is not among ours belongs to somebody else: its name is taken", async () => {
    const { provider, server } = await against((asked) =>
      isList(asked) ? listed("orders-2") : wire("S3AccessDenied"),
    );
    await expect(provider.observe(at, by)).rejects.toMatchObject({
      fault: "conflict",
      code: "BucketOfAnotherAccount",
      message: expect.stringContaining("spec.externalName"),
    });
    expect(server.asked.every(({ operation }) => operation.startsWith("GET "))).toBe(true);
  });

  it("and that is among ours is a right that is missing", async () => {
    const { provider } = await against((asked) => (isList(asked) ? listed("orders") : wire("S3AccessDenied")));
    await expect(provider.observe(at, by)).rejects.toMatchObject({ fault: "denied", code: "AccessDenied" });
  });

  it("stands in another region: said in words", async () => {
    const { provider } = await against(() => wire("S3WrongRegion"));
    await expect(provider.observe(at, by)).rejects.toMatchObject({
      fault: "conflict",
      message: expect.stringContaining("another region"),
    });
  });

  it.each(["S3SlowDown", "S3InternalError", "S3OperationAborted"])("%s is never absence", async (name) => {
    const { provider } = await against(() => wire(name));
    await expect(provider.observe(at, by)).rejects.toMatchObject({
      fault: expect.stringMatching(/throttled|transient/),
    });
  });
});

describe("a bucket that is to be made", () => {
  it.each([
    ["S3BucketAlreadyExists", "conflict"],
    ["S3OperationAborted", "transient"],
    ["S3TooManyBuckets", "quota"],
  ])("%s is %s", async (name, fault) => {
    const { provider, server } = await against(() => wire(name));
    await expect(provider.create("orders", bucketWant("orders"), by)).rejects.toMatchObject({ fault });
    expect(server.asked.map(({ operation }) => operation)).toEqual(["PUT /orders/"]);
    expect(String(server.asked[0]?.body.xml)).toContain("<LocationConstraint>eu-west-1</LocationConstraint>");
  });
});

describe("a copy of an object", () => {
  const copy = async (reply: Reply) => {
    const { aws } = await against(() => reply);
    return objectCopier(aws, "from", "to", AbortSignal.timeout(10_000))({ name: "a", bytes: 1, versionId: "v1" });
  };

  it("that failed in a reply of status 200 is no copy", async () => {
    await expect(copy(wire("S3CopyFailedIn200"))).rejects.toMatchObject({ fault: "transient", code: "InternalError" });
  });

  it("of an archived version is left out, with what to do", async () => {
    expect(await copy(wire("S3InvalidObjectState"))).toContain("s3:RestoreObject");
  });

  it("without the right to it stops the restore", async () => {
    await expect(copy(wire("S3AccessDenied"))).rejects.toMatchObject({ fault: "denied" });
  });
});
