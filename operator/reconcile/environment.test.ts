import { expect, it, vi } from "vitest";
import type { Place, WhoAmI } from "../provider/cloud.ts";
import { ProviderError } from "../provider/fault.ts";
import { type BudgetUse, type EnvironmentHost, type EnvironmentObject, environmentPass } from "./environment.ts";
import { type AnyConnection, createEnvironmentRegistry, type EnvironmentSpec } from "./environments.ts";

const SPEC: EnvironmentSpec = {
  cloud: "aws",
  region: "us-east-1",
  account: "000000000000",
  clusterName: "c",
  workloadIdentity: "Native",
  default: true,
};
const WHO: WhoAmI = { account: SPEC.account, principal: "arn:aws:iam::000000000000:role/onyx" };
const NOW = new Date("2026-01-01T00:00:00Z");
const signal = new AbortController().signal;

function world(whoAmI: (place: Place) => Promise<WhoAmI> = async () => WHO) {
  const places: Place[] = [];
  const closed: Place[] = [];
  const registry = createEnvironmentRegistry(
    (cloud, place): AnyConnection => {
      places.push(place);
      return {
        cloud,
        whoAmI: () => whoAmI(place),
        providers: {},
        platform: {} as never,
        close: () => void closed.push(place),
      };
    },
    (_kind, provider) => provider,
  );
  const host: EnvironmentHost = {
    registry,
    secret: async () => ({ AWS_ACCESS_KEY_ID: "key" }),
    tokens: async () => ({ token: "t", expires: new Date(NOW.getTime() + 600_000) }),
    counts: () => ({ managed: 0, ready: 0, failed: 0, disabled: 0 }),
    monthlyCost: () => undefined,
    budgets: () => [],
    now: () => NOW,
    resyncMs: 60_000,
  };
  return { registry, host, places, closed };
}

const object = (
  spec: Partial<EnvironmentObject["spec"]> = {},
  more: Partial<EnvironmentObject> = {},
): EnvironmentObject => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Environment",
  metadata: { name: "prod", generation: 1 },
  spec: { ...SPEC, ...spec },
  ...more,
});
const ready = (status: EnvironmentObject["status"]) => status?.conditions?.find((one) => one.type === "Ready");

it("is Ready once the cloud has told who we are, and then usable", async () => {
  const { host, registry } = world();
  expect(registry.settled(["prod"])).toBe(false);
  const pass = await environmentPass(object(), host, signal);
  expect(ready(pass.status)).toMatchObject({ status: "True", reason: "Reachable" });
  expect(pass.status).toMatchObject({ account: WHO.account, principal: WHO.principal });
  expect(registry.settled(["prod"])).toBe(true);
  expect(registry.get(undefined)).toMatchObject({ name: "prod", cloud: "aws", prefix: "prod" });
  expect(registry.get("prod")).toBe(registry.get(undefined));
});

it("comes to an equal status, and tells nothing, when nothing has changed", async () => {
  const { host, registry } = world();
  const first = await environmentPass(object(), host, signal);
  const heard = vi.fn();
  registry.subscribe(heard);
  const second = await environmentPass(object({}, { status: first.status }), host, signal);
  expect(second.status).toEqual(first.status);
  expect(second.notices).toEqual([]);
  expect(heard).not.toHaveBeenCalled();
});

it("touches nothing with credentials of another account", async () => {
  const { host, registry } = world(async () => ({ ...WHO, account: "111111111111" }));
  const pass = await environmentPass(object(), host, signal);
  expect(ready(pass.status)).toMatchObject({
    status: "False",
    reason: "WrongAccount",
    message: expect.stringContaining("belong to 111111111111"),
  });
  expect(registry.get("prod")).toMatchObject({ problem: { reason: "EnvironmentNotReady" } });
});

it.each([
  ["denied", "AccessDenied", "after"],
  ["transient", "CloudError", "backoff"],
] as const)("tells a %s answer as %s", async (fault, reason, when) => {
  const { host } = world(async () => {
    throw new ProviderError(fault, "no", { code: "X" });
  });
  const pass = await environmentPass(object(), host, signal);
  expect(ready(pass.status)).toMatchObject({ status: "False", reason });
  expect(pass.next.when).toBe(when);
});

it("stays usable while a cloud that had answered does not answer for a moment", async () => {
  let up = true;
  const { host, registry } = world(async () => {
    if (!up) throw new ProviderError("transient", "timeout");
    return WHO;
  });
  const first = await environmentPass(object(), host, signal);
  up = false;
  const second = await environmentPass(object({}, { status: first.status }), host, signal);
  expect(ready(second.status)).toMatchObject({ status: "False", reason: "CloudError" });
  expect(registry.get("prod")).toMatchObject({ name: "prod", cloud: "aws" });
});

it("says nothing to its objects of a cloud that does not answer just after a restart, but for ten seconds", async () => {
  const { host, registry } = world(async () => {
    throw new ProviderError("transient", "timeout");
  });
  const at = (ms: number) => ({ ...host, now: () => new Date(NOW.getTime() + ms) });
  const before = await environmentPass(object(), world().host, signal);
  const first = await environmentPass(object({}, { status: before.status }), at(60_000), signal);
  expect(ready(first.status)).toMatchObject({ status: "False", reason: "CloudError" });
  const second = await environmentPass(object({}, { status: first.status }), at(69_000), signal);
  expect(registry.settled(["prod"])).toBe(false);
  await environmentPass(object({}, { status: second.status }), at(70_000), signal);
  expect(registry.settled(["prod"])).toBe(true);
  expect(registry.get("prod")).toMatchObject({ problem: { reason: "EnvironmentNotReady" } });
});

it("waits for the Secret that spec names", async () => {
  const { host, places } = world();
  const credentials = { secretRef: { namespace: "ns", name: "aws" } };
  const pass = await environmentPass(object({ credentials }), { ...host, secret: async () => undefined }, signal);
  expect(ready(pass.status)).toMatchObject({
    reason: "CredentialsMissing",
    message: expect.stringContaining("Secret ns/aws"),
  });
  expect(places).toEqual([]);
});

it("connects anew when credentials rotate, and closes the old connection", async () => {
  const { host, places, closed } = world();
  const credentials = { secretRef: { namespace: "ns", name: "aws" } };
  for (const key of ["one", "one", "two"])
    await environmentPass(
      object({ credentials }),
      { ...host, secret: async () => ({ AWS_ACCESS_KEY_ID: key }) },
      signal,
    );
  expect(places.map((place) => place.credentials?.AWS_ACCESS_KEY_ID)).toEqual(["one", "two"]);
  expect(closed.map((place) => place.credentials?.AWS_ACCESS_KEY_ID)).toEqual(["one"]);
});

const ACTING = {
  credentials: {
    serviceAccountRef: { namespace: "tenant-a", name: "cloud" },
    aws: { roleArn: "arn:aws:iam::000000000000:role/a" },
  },
} satisfies Partial<EnvironmentSpec>;

it.each([
  ["AWS", ACTING, { audience: "sts.amazonaws.com", as: { roleArn: "arn:aws:iam::000000000000:role/a" } }],
  [
    "another audience",
    {
      credentials: {
        ...ACTING.credentials,
        serviceAccountRef: { namespace: "tenant-a", name: "cloud", audience: "x" },
      },
    },
    { audience: "x" },
  ],
  [
    "Google Cloud",
    {
      cloud: "gcp",
      credentials: {
        serviceAccountRef: { namespace: "tenant-a", name: "cloud" },
        gcp: { workloadIdentityProvider: "projects/1/p", serviceAccount: "a@shop.iam.gserviceaccount.com" },
      },
    },
    {
      audience: "//iam.googleapis.com/projects/1/p",
      as: { provider: "projects/1/p", serviceAccount: "a@shop.iam.gserviceaccount.com" },
    },
  ],
] as const)("acts as a ServiceAccount, and reads no Secret: %s", async (_what, spec, expected) => {
  const { host, places } = world();
  const asked: object[] = [];
  const tokens: EnvironmentHost["tokens"] = async (identity) => {
    asked.push(identity);
    return { token: "t", expires: NOW };
  };
  const secret = vi.fn();
  await environmentPass(object(spec), { ...host, tokens, secret }, signal);
  const { identity, credentials } = places[0] ?? expect.fail("not connected");
  expect(identity).toMatchObject({ serviceAccount: { namespace: "tenant-a", name: "cloud" }, ...expected });
  expect([credentials, secret.mock.calls, asked]).toEqual([undefined, [], []]);
  await identity?.token(signal);
  expect(asked).toEqual([{ serviceAccount: identity?.serviceAccount, audience: identity?.audience, as: identity?.as }]);
});

it("keeps its connection, and so its credentials, until whom it acts as changes", async () => {
  const { host, places } = world();
  const other = { ...ACTING.credentials, aws: { roleArn: "arn:aws:iam::000000000000:role/b" } };
  for (const credentials of [ACTING.credentials, structuredClone(ACTING.credentials), other, undefined])
    await environmentPass(
      object({ credentials }),
      { ...host, tokens: async () => ({ token: "t", expires: NOW }) },
      signal,
    );
  expect(places.map(({ identity }) => identity?.as)).toEqual([ACTING.credentials.aws, other.aws, undefined]);
});

it.each([
  ["Forbidden", "denied", "AccessDenied", "no right"],
  ["ServiceAccountMissing", "denied", "CredentialsMissing", "does not exist"],
  ["NoToken", "transient", "CloudError", "no token"],
] as const)("is not Ready without a token: %s", async (code, fault, reason, words) => {
  const { host, registry } = world(async ({ identity }) => {
    await identity?.token(signal);
    return WHO;
  });
  const tokens = async () => {
    throw new ProviderError(fault, `${words}: it`, { code });
  };
  const pass = await environmentPass(object(ACTING), { ...host, tokens }, signal);
  expect(ready(pass.status)).toMatchObject({ status: "False", reason, message: expect.stringContaining(words) });
  expect(registry.get("prod")).toHaveProperty("problem");
});

it("does not take a ServiceAccount without a role for nobody", async () => {
  const { host, places } = world();
  const { serviceAccountRef } = ACTING.credentials;
  const pass = await environmentPass(object({ credentials: { serviceAccountRef } }), host, signal);
  expect(ready(pass.status)).toMatchObject({ status: "False", reason: "InvalidSpec" });
  expect(places).toEqual([]);
});

it("is held while objects stand in it, and goes when the last one has gone", async () => {
  const { host } = world();
  const deleting = object({}, { metadata: { name: "prod", generation: 2, deletionTimestamp: "2026-01-01T00:00:00Z" } });
  const held = await environmentPass(
    deleting,
    { ...host, counts: () => ({ managed: 2, ready: 2, failed: 0, disabled: 0 }) },
    signal,
  );
  expect(held.released).toBe(false);
  expect(held.status.conditions).toContainEqual(
    expect.objectContaining({
      type: "Stalled",
      reason: "DeletionBlocked",
      message: expect.stringContaining("2 objects"),
    }),
  );
  expect((await environmentPass(deleting, host, signal)).released).toBe(true);
});

it.each([
  ["no default", [false, false], "no default Environment"],
  ["two defaults", [true, true], "more than one default"],
])("says what is wrong with %s", async (_what, defaults, message) => {
  const { host, registry } = world();
  for (const [n, isDefault] of defaults.entries())
    await environmentPass(object({ default: isDefault }, { metadata: { name: `e${n}`, generation: 1 } }), host, signal);
  expect(registry.get(undefined)).toMatchObject({ problem: { message: expect.stringContaining(message) } });
});

it("tells what the objects in it cost, and no more once none says", async () => {
  const { host } = world();
  const costing = { ...host, monthlyCost: () => "12.40 USD" };
  const first = await environmentPass(object(), costing, signal);
  expect(first.status.cost).toEqual({ monthlyEstimate: "12.40 USD" });
  const second = await environmentPass(object({}, { status: first.status }), host, signal);
  expect(second.status.cost).toBeUndefined();
});

const throttled = { service: "sqs", perSecond: 50, use: "Throttled" } as const;

it("tells which services are not at ease, and writes nothing of those that are", async () => {
  const { host } = world();
  const use = (...budgets: readonly BudgetUse[]) => ({ ...host, budgets: () => budgets });
  const low = { service: "iam", perSecond: 10, use: "Low" } as const;
  const quiet = await environmentPass(object(), use(low), signal);
  expect(quiet.status.apiBudget).toBeUndefined();
  const busy = await environmentPass(object({}, { status: quiet.status }), use(low, throttled), signal);
  expect(busy.status.apiBudget).toEqual([throttled]);
  const again = await environmentPass(object({}, { status: busy.status }), use(low, throttled), signal);
  expect(again.status).toEqual(busy.status);
  const over = await environmentPass(object({}, { status: again.status }), use(low), signal);
  expect(over.status).toEqual(quiet.status);
});

it("warns once when a service begins to be throttled", async () => {
  const { host } = world();
  const use = { ...host, budgets: () => [throttled] };
  const first = await environmentPass(object(), use, signal);
  expect(first.notices).toContainEqual(
    expect.objectContaining({ type: "Warning", reason: "Throttled", note: expect.stringContaining("sqs") }),
  );
  const second = await environmentPass(object({}, { status: first.status }), use, signal);
  expect(second.notices).toEqual([]);
});
