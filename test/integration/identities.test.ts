import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCharts } from "../../hack/platform/chart.ts";
import { AWS } from "../../hack/platform/environment.ts";
import { type Operator, startOperator } from "../../hack/platform/operator.ts";
import { type AwsEmulator, type Cluster, startAws, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import type { Condition } from "../../operator/reconcile/conditions.ts";
import { describeAws } from "../support/aws-calls.ts";
import { type FaultProxy, type ProxyCall, startFaultProxy } from "../support/fault-proxy.ts";
import { applyTo, ours } from "../support/managed.ts";
import { namespace } from "../support/side.ts";

/** What tenants ask of the cloud is done as themselves: tokens of a real API server, roles of an emulator, seen on the wire. */
const EXCHANGE = "AssumeRoleWithWebIdentity";
const OPERATORS_KEY = "AKIDOPERATOR";
/** Has a right of its own to each ServiceAccount but that of `unlisted`. */
const LISTED = ["team-a", "team-b", "absent", "distrusted"];
const UNLISTED = "unlisted";

let cluster: Cluster;
let aws: AwsEmulator;
let proxy: FaultProxy;
let operator: Operator;
/** Access key to the role that it was given for. */
const keys = new Map<string, string>();

const roleOf = (team: string) => `arn:aws:iam::${AWS.account}:role/${team}`;
const serviceAccount = (team: string) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "cloud", namespace: team },
});
const environment = (team: string) =>
  ours("Environment", team, {
    cloud: "aws",
    ...AWS,
    clusterName: "identities",
    namespaces: [team],
    endpoints: { default: proxy.url },
    credentials: { serviceAccountRef: { namespace: team, name: "cloud" }, aws: { roleArn: roleOf(team) } },
  });
const queue = (name: string, team: string, environment = team) =>
  ours("Queue", name, { environmentRef: { name: environment } }, team);

beforeAll(async () => {
  aws = await startAws({ name: "identities-cloud" });
  proxy = await startFaultProxy({
    target: aws.endpoint,
    describe: describeAws,
    amend(call, body) {
      const key = /<AccessKeyId>([^<]+)</.exec(body)?.[1];
      if (call.operation === EXCHANGE && key) keys.set(key, formOf(call).RoleArn ?? "");
      return body;
    },
  });
  cluster = await startCluster({ name: "identities", parts: ["controllers"] });
  const teams = [...LISTED, UNLISTED];
  await applyTo(cluster, ...teams.map(namespace));
  await applyTo(cluster, ...teams.filter((team) => team !== "absent").map(serviceAccount));
  await installCharts(cluster, [], { tenantIdentities: LISTED.map((team) => ({ namespace: team, name: "cloud" })) });
  const ambient = { AWS_ACCESS_KEY_ID: OPERATORS_KEY, AWS_SECRET_ACCESS_KEY: "operator" };
  operator = await startOperator({ cluster, keep: false, env: ambient });
}, 30 * 60_000);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
  await proxy?.stop();
  await aws?.stop();
});

const formOf = ({ body }: ProxyCall): Readonly<Record<string, string>> => Object.fromEntries(new URLSearchParams(body));
const exchanges = () => proxy.calls.filter(({ operation }) => operation === EXCHANGE);
/** The role in whose name a call was signed, or the key that is nobody's. */
function signerOf({ headers }: ProxyCall): string | undefined {
  const key = /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1];
  return key === undefined ? undefined : (keys.get(key) ?? key);
}

interface Seen {
  readonly status?: { readonly conditions?: readonly Condition[]; readonly principal?: string };
}
const get = async (...args: readonly string[]): Promise<Seen> =>
  JSON.parse(await cluster.kubectl(["get", ...args, "-o=json"]));
const readyOf = ({ status }: Seen) => status?.conditions?.find(({ type }) => type === "Ready");

async function until(reason: string, ...args: readonly string[]): Promise<Condition> {
  let ready: Condition | undefined;
  await waitUntil(
    async () => {
      ready = readyOf(await get(...args));
      return ready?.reason === reason;
    },
    {
      what: `${args.join(" ")} with ${reason}`,
      timeoutMs: 60_000,
      everyMs: 250,
      explain: () => `${JSON.stringify(ready)}. See ${operator.log}`,
    },
  );
  return ready as Condition;
}
const environmentIs = (reason: string, team: string) => until(reason, "environments.onyx.onelens.io", team);
const queueIs = (reason: string, name: string, team: string) =>
  until(reason, "queues.onyx.onelens.io", name, `-n=${team}`);

describe("two tenants, each with an identity of its own", () => {
  beforeAll(async () => {
    await applyTo(cluster, environment("team-a"), environment("team-b"));
    await applyTo(cluster, queue("jobs", "team-a"), queue("jobs", "team-b"));
    await Promise.all(["team-a", "team-b"].map((team) => queueIs("Available", "jobs", team)));
  }, 120_000);

  test.each(["team-a", "team-b"])("what is made for %s is made as its role, and so it says", async (team) => {
    const made = proxy.calls.filter(
      ({ operation, body }) => operation === "CreateQueue" && JSON.parse(body).QueueName.includes(`-${team}-`),
    );
    expect(made.map(signerOf)).toEqual([roleOf(team)]);
    const about = proxy.calls.filter(({ body, operation }) => operation !== EXCHANGE && body.includes(`-${team}-`));
    expect([...new Set(about.map(signerOf))]).toEqual([roleOf(team)]);
    const { status } = await get("environments.onyx.onelens.io", team);
    expect(status?.principal).toBe(`arn:aws:sts::${AWS.account}:assumed-role/${team}/${team}`);
  });

  test("a role is assumed once, by a short token of the tenant's own ServiceAccount, for AWS alone", () => {
    const assumed = exchanges().map((call) => ({ ...formOf(call), signer: signerOf(call) }) as Record<string, string>);
    expect(assumed.map(({ RoleArn }) => RoleArn).sort()).toEqual([roleOf("team-a"), roleOf("team-b")]);
    for (const { RoleArn = "", RoleSessionName = "", WebIdentityToken = "", signer } of assumed) {
      const claims = JSON.parse(Buffer.from(WebIdentityToken.split(".")[1] ?? "", "base64url").toString());
      expect(claims).toMatchObject({
        aud: ["sts.amazonaws.com"],
        sub: `system:serviceaccount:${RoleSessionName}:cloud`,
        "kubernetes.io": expect.not.objectContaining({ pod: expect.anything() }),
      });
      expect([RoleArn, signer]).toEqual([roleOf(RoleSessionName), undefined]);
      expect(claims.exp - claims.iat).toBe(600);
    }
  });

  test("an object that names another's Environment is not served, and the cloud hears nothing of it", async () => {
    await applyTo(cluster, queue("stolen", "team-b", "team-a"));
    const { message } = await queueIs("NotServed", "stolen", "team-b");
    expect(message).toContain('Environment "team-a" does not serve namespace "team-b"');
    expect(proxy.calls.filter(({ body, path }) => `${path}${body}`.includes("stolen"))).toEqual([]);
  });
});

describe("without its identity a tenant gets nothing, and nobody else's", () => {
  test("no right to its tokens: the message names the ServiceAccount, the field and the value to set", async () => {
    await applyTo(cluster, environment(UNLISTED), queue("jobs", UNLISTED));
    const { status, message } = await environmentIs("AccessDenied", UNLISTED);
    expect(status).toBe("False");
    expect(message).toContain(
      "no right to request tokens of ServiceAccount unlisted/cloud (spec.credentials.serviceAccountRef): add it to tenantIdentities in the values of the operator's chart",
    );
    await queueIs("EnvironmentNotReady", "jobs", UNLISTED);
  });

  test("no such ServiceAccount: it says so, and goes on by itself once there is one", async () => {
    await applyTo(cluster, environment("absent"), queue("jobs", "absent"));
    const { message } = await environmentIs("CredentialsMissing", "absent");
    expect(message).toContain("ServiceAccount absent/cloud (spec.credentials.serviceAccountRef) does not exist");
    await applyTo(cluster, serviceAccount("absent"));
    await environmentIs("Reachable", "absent");
    await queueIs("Available", "jobs", "absent");
  }, 120_000);

  test("a role that does not trust it: the message says what it must trust", async () => {
    const body =
      "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>";
    proxy.inject({
      when: (call) => call.operation === EXCHANGE && formOf(call).RoleArn === roleOf("distrusted"),
      trouble: { do: "answer", status: 403, headers: { "content-type": "text/xml" }, body },
    });
    await applyTo(cluster, environment("distrusted"), queue("jobs", "distrusted"));
    const { message } = await environmentIs("AccessDenied", "distrusted");
    expect(message).toContain(`can't assume ${roleOf("distrusted")} (spec.credentials.aws.roleArn)`);
    expect(message).toContain("sub system:serviceaccount:distrusted:cloud and aud sts.amazonaws.com");
    await queueIs("EnvironmentNotReady", "jobs", "distrusted");
  });

  test("not one call was signed as the operator, or by nobody but to assume a role", () => {
    const others = proxy.calls.filter(({ operation }) => operation !== EXCHANGE).map(signerOf);
    expect([...new Set(others)].sort()).toEqual(["absent", "team-a", "team-b"].map(roleOf));
    for (const team of [UNLISTED, "distrusted"])
      expect(proxy.calls.filter(({ body, operation }) => operation !== EXCHANGE && body.includes(team))).toEqual([]);
  });

  test("no token is in the log, in status or in events", async () => {
    const tokens = exchanges().map((call) => formOf(call).WebIdentityToken ?? "");
    expect(tokens.length).toBeGreaterThanOrEqual(4);
    const kept = [
      readFileSync(operator.log, "utf8"),
      await cluster.kubectl(["get", "environments.onyx.onelens.io,queues.onyx.onelens.io", "-A", "-o=json"]),
      await cluster.kubectl(["get", "events.events.k8s.io", "-A", "-o=json"]),
    ].join("\n");
    for (const token of tokens) for (const part of token.split(".").slice(1)) expect(kept).not.toContain(part);
  });
});
