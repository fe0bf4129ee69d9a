import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { grpc } from "google-gax";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Identity, Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { callCredentials, createClients } from "./clients.ts";
import { connectGcp } from "./connect.ts";
import { credentialsOf, principalOf } from "./credentials.ts";
import { toProviderError } from "./errors.ts";
import { createEventarc } from "./eventarc.ts";
import { type GcpPlace, shared } from "./impersonation.ts";
import { restTransport } from "./rest.ts";
import { createServiceAccounts } from "./service-accounts.ts";
import { createStorage } from "./storage.ts";
import { createTransfer } from "./transfer.ts";
import { createWorkflows } from "./workflows.ts";

const PROVIDER = "projects/42/locations/global/workloadIdentityPools/clusters/providers/prod";
const EMAIL = "tenant@shop.iam.gserviceaccount.com";
const TOKEN = "t0ken-canary";
const MINUTE = 60_000;
const EXCHANGE = "POST /v1/token";
const IMPERSONATE = `POST /v1/projects/-/serviceAccounts/${EMAIL}:generateAccessToken`;
const signal = AbortSignal.timeout(20_000);

interface Asked {
  readonly call: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
}
type Reply = readonly [status: number, body: object];
type Script = (call: string) => Reply;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of open.splice(0)) await one.close();
});

/** Speaks as sts.googleapis.com and iamcredentials.googleapis.com do. */
async function serve(script: Script) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const isForm = String(request.headers["content-type"]).includes("x-www-form-urlencoded");
    const body = isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text || "{}");
    const call = `${request.method} ${decodeURIComponent(request.url ?? "")}`;
    asked.push({ call, body, authorization: request.headers.authorization });
    const [status, answer] = script(call);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** @param minutes that an access token is good for */
const google = (minutes = 60): Script => {
  let nth = 0;
  return (call) =>
    call === EXCHANGE
      ? [
          200,
          {
            access_token: "federated-canary",
            issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
            token_type: "Bearer",
            expires_in: 600,
          },
        ]
      : [200, { accessToken: `access-${++nth}`, expireTime: new Date(Date.now() + minutes * MINUTE).toISOString() }];
};

async function world(script: Script, over: Partial<Identity> = {}) {
  // What the library would find around the process, and must not use.
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json");
  const { url, asked } = await serve(script);
  const tokens: string[] = [];
  const identity: Identity = {
    serviceAccount: { namespace: "tenant-a", name: "cloud" },
    audience: `//iam.googleapis.com/${PROVIDER}`,
    as: { provider: PROVIDER, serviceAccount: EMAIL },
    async token() {
      tokens.push(TOKEN);
      return { token: TOKEN, expires: new Date(Date.now() + 10 * MINUTE) };
    },
    ...over,
  };
  const place: Place = {
    environment: "tenant-a",
    cluster: "c",
    region: "us-central1",
    account: "shop",
    workloadIdentity: "Native",
    endpoints: { sts: url, iamcredentials: url },
    identity,
  };
  return { url, asked, tokens, place };
}

const bearer = async (place: Parameters<typeof credentialsOf>[0]) =>
  (await credentialsOf(place, false).getRequestHeaders("https://pubsub.googleapis.com/")).get("authorization");

describe("the service account of a ServiceAccount", () => {
  test("is impersonated when credentials are first asked for, by a token of the pool", async () => {
    const { asked, tokens, place: given } = await world(google());
    const place = shared(given, Date.now);
    const auth = credentialsOf(place, false);
    expect([tokens, asked]).toEqual([[], []]);
    expect((await auth.getRequestHeaders("https://pubsub.googleapis.com/")).get("authorization")).toBe(
      "Bearer access-1",
    );
    expect(asked.map(({ call }) => call)).toEqual([EXCHANGE, IMPERSONATE]);
    expect(asked[0]?.body).toMatchObject({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience: `//iam.googleapis.com/${PROVIDER}`,
      subject_token: TOKEN,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
    expect(asked[1]).toMatchObject({
      authorization: "Bearer federated-canary",
      body: { scope: ["https://www.googleapis.com/auth/cloud-platform"] },
    });
    expect(await principalOf(place, auth, false, signal)).toBe(EMAIL);
  });

  test("is impersonated once for all clients of a connection", async () => {
    const { asked, tokens, place: given } = await world(google());
    const place = shared(given, Date.now);
    expect(await Promise.all([bearer(place), bearer(place), bearer(place)])).toEqual(Array(3).fill("Bearer access-1"));
    expect([asked.length, tokens.length]).toEqual([2, 1]);
  });

  test.each([
    ["half an hour before its end is kept", 30, "Bearer access-1"],
    ["some minutes before its end is got anew", 55, "Bearer access-2"],
  ])("a token %s", async (_what, minutes, expected) => {
    const { place: given } = await world(google());
    let passed = 0;
    const place = shared(given, () => Date.now() + passed);
    await bearer(place);
    passed = minutes * MINUTE;
    expect(await bearer(place)).toBe(expected);
  });

  test("an emulator gets no token, and none is asked for", async () => {
    const { asked, tokens, place: given } = await world(google());
    const auth = credentialsOf(shared(given, Date.now), true);
    expect([...(await auth.getRequestHeaders("http://127.0.0.1/")).keys()]).toEqual([]);
    expect([tokens, asked]).toEqual([[], []]);
  });
});

const oauth = (error: string, description: string) => ({ error, error_description: description });
const rpc = (code: number, status: string, message: string) => ({ error: { code, status, message } });
const NOT_TAKEN = `${PROVIDER} (spec.credentials.gcp.workloadIdentityProvider) does not take tokens of ServiceAccount tenant-a/cloud (spec.credentials.serviceAccountRef)`;
const NOT_GRANTED = `ServiceAccount tenant-a/cloud (spec.credentials.serviceAccountRef) can't impersonate ${EMAIL} (spec.credentials.gcp.serviceAccount)`;

describe("where the service account can't be impersonated there are no credentials", () => {
  const refusals: readonly (readonly [string, string, Reply, string, string])[] = [
    ["is not trusted", EXCHANGE, [400, oauth("invalid_grant", "wrong issuer")], "denied", NOT_TAKEN],
    ["is quoted", EXCHANGE, [400, oauth("invalid_request", `${TOKEN} is bad`)], "denied", NOT_TAKEN],
    ["has no such pool", EXCHANGE, [400, oauth("invalid_target", "no such pool")], "denied", NOT_TAKEN],
    ["may not impersonate", IMPERSONATE, [403, rpc(403, "PERMISSION_DENIED", "denied")], "denied", NOT_GRANTED],
    ["has no account", IMPERSONATE, [404, rpc(404, "NOT_FOUND", "Unknown")], "denied", NOT_GRANTED],
    ["meets a fault", EXCHANGE, [503, {}], "transient", "Google Cloud gave no access token"],
    ["gets half an answer", IMPERSONATE, [200, {}], "transient", "can't be read"],
  ];
  test.each(refusals)("a token that %s", async (_what, failing, reply, fault, message) => {
    const usual = google();
    const { place: given } = await world((call) => (call === failing ? reply : usual(call)));
    const error = await bearer(shared(given, Date.now)).catch((one: unknown) => one);
    expect(error).toMatchObject({ name: "ProviderError", fault, message: expect.stringContaining(message) });
    expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain("canary");
  });

  test("the message says what to grant, and to whom", async () => {
    const usual = google();
    const { place } = await world((call) =>
      call === IMPERSONATE ? [403, rpc(403, "PERMISSION_DENIED", "denied")] : usual(call),
    );
    await expect(bearer(shared(place, Date.now))).rejects.toThrow(
      "Grant roles/iam.workloadIdentityUser on it to principal://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/clusters/subject/system:serviceaccount:tenant-a:cloud.",
    );
  });

  const denied = new ProviderError("denied", "no right to request tokens of ServiceAccount a/b", { code: "Forbidden" });
  const without = () =>
    world(google(), {
      token: async () => {
        throw denied;
      },
    });

  test("no token: who asks who we are, and who calls, is told why", async () => {
    const { asked, place, url } = await without();
    const connection = connectGcp(place, { now: Date.now });
    open.push(connection);
    await expect(connection.whoAmI(signal)).rejects.toBe(denied);
    const wording = { unanswered: (error: unknown) => error as ProviderError, refused: () => denied };
    const call = restTransport(shared(place, Date.now), `${url.replace("http:", "https:")}/`, wording);
    await expect(call("GET", "x", signal)).rejects.toBe(denied);
    expect(asked).toEqual([]);
  });

  test.each<readonly [string, (place: GcpPlace) => Promise<unknown>]>([
    ["Cloud Storage", (place) => createStorage(place).names(signal)],
    ["Storage Transfer Service", (place) => createTransfer(place).agent(signal)],
    ["Eventarc", (place) => createEventarc(place).operation("operations/o", signal)],
    ["Workflows", (place) => createWorkflows(place).operation("operations/o", signal)],
    ["IAM", (place) => createServiceAccounts(place).get(EMAIL, signal)],
    ["gRPC", (place) => createClients(place).auth("pubsub").getAccessToken()],
  ])("no token: %s has no other credentials", async (_what, call) => {
    const { place } = await without();
    await expect(call(shared({ ...place, endpoints: {} }, Date.now))).rejects.toBe(denied);
  });

  test.each([
    ["denied", grpc.status.PERMISSION_DENIED],
    ["transient", grpc.status.UNAVAILABLE],
  ] as const)("gRPC tells a %s token as what it is", async (fault, code) => {
    const { place } = await world(google(), {
      token: async () => {
        throw new ProviderError(fault, "no token of it");
      },
    });
    const credentials = callCredentials(credentialsOf(shared(place, Date.now), false));
    const call = credentials.generateMetadata({ method_name: "m", service_url: "https://pubsub.googleapis.com/s" });
    const thrown = await call.catch((error: Error) => error);
    expect(thrown).toMatchObject({ code, message: "no token of it" });
    // As gRPC gives it to who called.
    const status = { code, details: "Getting metadata from plugin failed with error: no token of it" };
    expect(toProviderError(Object.assign(new Error("x"), status), "Pub/Sub")).toMatchObject({
      fault,
      message: expect.stringMatching(/^(Pub\/Sub can't be reached: )?no token of it$/),
    });
  });

  test("a call of gRPC carries the access token", async () => {
    const { place } = await world(google());
    const credentials = callCredentials(credentialsOf(shared(place, Date.now), false));
    const metadata = await credentials.generateMetadata({
      method_name: "m",
      service_url: "https://x.googleapis.com/s",
    });
    expect(metadata.get("authorization")).toEqual(["Bearer access-1"]);
  });

  test("an identity of another cloud", async () => {
    const { asked, tokens, place } = await world(google(), { as: { roleArn: "arn:aws:iam::000000000000:role/r" } });
    await expect(bearer(shared(place, Date.now))).rejects.toMatchObject({ fault: "denied" });
    expect([asked, tokens]).toEqual([[], []]);
  });

  test("a place that no connection has prepared", async () => {
    const { place } = await world(google());
    expect(() => credentialsOf(place, false)).toThrow("There is no access token");
  });
});
