import { inspect } from "node:util";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Identity } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { awsClients } from "./clients.ts";
import { connectAws } from "./connect.ts";
import { ACCOUNT, place } from "./testing/fixtures.ts";
import { type Asked, type Reply, type Script, scriptServer } from "./testing/script-server.ts";

const ROLE = `arn:aws:iam::${ACCOUNT}:role/tenant`;
const TOKEN = "t0ken-canary";
const signal = new AbortController().signal;
const MINUTE = 60_000;

const open: { close(): unknown }[] = [];
beforeEach(() => {
  // What the SDK would find around the process, and must not use.
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDOPERATOR");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "operator");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of open.splice(0)) await one.close();
});

const xml = (operation: string, result: string): Reply => ({
  status: 200,
  headers: { "content-type": "text/xml" },
  body: `<${operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
});
const assumed = (nth: number, expires: number): Reply =>
  xml(
    "AssumeRoleWithWebIdentity",
    `<Credentials><AccessKeyId>ASIA${nth}</AccessKeyId><SecretAccessKey>s3cret-canary</SecretAccessKey><SessionToken>sess-canary</SessionToken><Expiration>${new Date(expires).toISOString()}</Expiration></Credentials>`,
  );
const WHO = xml(
  "GetCallerIdentity",
  `<Arn>arn:aws:sts::${ACCOUNT}:assumed-role/tenant/test</Arn><UserId>A:1</UserId><Account>${ACCOUNT}</Account>`,
);
const refused = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { "content-type": "text/xml" },
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>7b4a4b0e-1111-2222-3333-444455556666</RequestId></ErrorResponse>`,
});

/** STS, and services that answer nothing of use. @param assume the nth time that the role is assumed */
const cloud = (assume: (nth: number) => Reply): Script => {
  let nth = 0;
  return ({ operation }) => {
    if (operation === "AssumeRoleWithWebIdentity") return assume(++nth);
    return operation === "GetCallerIdentity" ? WHO : { status: 200, body: "{}" };
  };
};

async function world(script: Script, over: Partial<Identity> = {}) {
  const server = await scriptServer(script);
  open.push(server);
  const tokens: string[] = [];
  const identity: Identity = {
    serviceAccount: { namespace: "tenant-a", name: "cloud" },
    audience: "sts.amazonaws.com",
    as: { roleArn: ROLE },
    async token() {
      tokens.push(TOKEN);
      return { token: TOKEN, expires: new Date(Date.now() + 10 * MINUTE) };
    },
    ...over,
  };
  // Credentials of a Secret beside it: the schema refuses both, and they must not be used either.
  return { server, tokens, place: place(server.url, { identity }) };
}

type Heard = Awaited<ReturnType<typeof scriptServer>>;
const isExchange = ({ operation }: Asked) => operation === "AssumeRoleWithWebIdentity";
/** Who signed the calls, but those by which a role is assumed. */
const signers = ({ asked, signers }: Heard) => signers.filter((_, at) => !isExchange(asked[at] as Asked));
const exchanges = ({ asked }: Heard) => asked.filter(isExchange);
const later = () => Date.now() + 60 * MINUTE;

describe("the role of a ServiceAccount", () => {
  test("is assumed when the first call is made, unsigned, under the name of the Environment", async () => {
    const { server, tokens, place } = await world(cloud((nth) => assumed(nth, later())));
    const connection = connectAws(place);
    open.push(connection);
    expect([tokens, server.asked]).toEqual([[], []]);
    expect(await connection.whoAmI(signal)).toEqual({
      account: ACCOUNT,
      principal: `arn:aws:sts::${ACCOUNT}:assumed-role/tenant/test`,
    });
    expect(exchanges(server).map(({ body }) => body)).toMatchObject([
      { RoleArn: ROLE, RoleSessionName: "test", WebIdentityToken: TOKEN },
    ]);
    expect(server.signers).toEqual([undefined, "ASIA1"]);
  });

  test("is assumed once for all services, and signs each of their calls", async () => {
    const { server, tokens, place } = await world(cloud((nth) => assumed(nth, later())));
    const aws = awsClients(place);
    open.push(aws);
    const calls = () => [
      aws.sqs.send(new ListQueuesCommand({})),
      aws.dynamodb.send(new ListTablesCommand({})),
      aws.s3.send(new ListBucketsCommand({})),
    ];
    await Promise.allSettled([...calls(), ...calls()]);
    expect(exchanges(server)).toHaveLength(1);
    expect(tokens).toHaveLength(1);
    expect(signers(server)).toEqual(Array(6).fill("ASIA1"));
  });

  test.each([
    ["half an hour before its end is kept", 30, ["ASIA1", "ASIA1"]],
    ["some minutes before its end is assumed anew", 55, ["ASIA1", "ASIA2"]],
  ])("%s", async (_what, minutes, expected) => {
    const { server, place } = await world(cloud((nth) => assumed(nth, later())));
    let passed = 0;
    const aws = awsClients(place, undefined, () => Date.now() + passed);
    open.push(aws);
    await aws.sqs.send(new ListQueuesCommand({}));
    passed = minutes * MINUTE;
    await aws.dynamodb.send(new ListTablesCommand({}));
    expect(signers(server)).toEqual(expected);
  });
});

const DENIED =
  "ServiceAccount tenant-a/cloud (spec.credentials.serviceAccountRef) can't assume arn:aws:iam::000000000000:role/tenant (spec.credentials.aws.roleArn)";

describe("where the role can't be assumed nothing else is called", () => {
  test.each([
    ["trusts it not", refused(403, "AccessDenied", "Not authorized"), "denied", DENIED],
    ["does not know the issuer", refused(400, "InvalidIdentityToken", "No OpenIDConnect provider"), "denied", DENIED],
    ["quotes", refused(400, "ValidationError", `Value '${TOKEN}' at 'webIdentityToken'`), "denied", DENIED],
    ["rejects a claim", refused(403, "IDPRejectedClaim", "Claim"), "denied", DENIED],
    ["can't reach the issuer", refused(400, "IDPCommunicationError", "try again"), "transient", "STS AssumeRole"],
    ["is down", refused(503, "ServiceUnavailable", "later"), "transient", "STS AssumeRole"],
    ["answers half", xml("AssumeRoleWithWebIdentity", ""), "transient", "the answer lacks Credentials"],
  ])("AWS %s", async (_what, reply, fault, message) => {
    const { server, place } = await world(cloud(() => reply));
    const connection = connectAws(place);
    open.push(connection);
    const error = await connection.whoAmI(signal).catch((one: unknown) => one);
    expect(error).toMatchObject({ name: "ProviderError", fault, message: expect.stringContaining(message) });
    expect(signers(server)).toEqual([]);
    expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain("canary");
  });

  test("the message says what the role must trust, and stays the same", async () => {
    const { place } = await world(cloud(() => refused(403, "AccessDenied", "Not authorized")));
    const connection = connectAws(place);
    open.push(connection);
    const messages = await Promise.all(
      [1, 2].map(() => connection.whoAmI(signal).catch((error: ProviderError) => error.message)),
    );
    expect(messages[0]).toBe(messages[1]);
    expect(messages[0]).toContain("sub system:serviceaccount:tenant-a:cloud and aud sts.amazonaws.com");
  });

  test("no token: the error is the API server's", async () => {
    const denied = new ProviderError("denied", "no right to request tokens", { code: "Forbidden" });
    const { server, place } = await world(
      cloud((nth) => assumed(nth, later())),
      {
        token: async () => {
          throw denied;
        },
      },
    );
    const connection = connectAws(place);
    open.push(connection);
    await expect(connection.whoAmI(signal)).rejects.toBe(denied);
    expect(server.asked).toEqual([]);
  });

  test("an identity of another cloud", async () => {
    const { server, tokens, place } = await world(
      cloud((nth) => assumed(nth, later())),
      { as: { provider: "projects/1/locations/global/workloadIdentityPools/p/providers/x", serviceAccount: "a@p" } },
    );
    const connection = connectAws(place);
    open.push(connection);
    await expect(connection.whoAmI(signal)).rejects.toMatchObject({ fault: "denied" });
    expect([server.asked, tokens]).toEqual([[], []]);
  });
});
