import { afterEach, describe, expect, it } from "vitest";
import type { IdentityOutputs, IdentityWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import type { Present } from "../../operator/provider/provider.ts";
import { awsClients } from "./clients.ts";
import { identityProvider } from "./identity.ts";
import { ACCOUNT, call as anyCall, identityWant, owner, place, REGION } from "./testing/fixtures.ts";
import { type Reply, type Script, scriptServer } from "./testing/script-server.ts";
import { wire } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(script: Script, over: Parameters<typeof place>[1] = {}) {
  const server = await scriptServer(script);
  const aws = awsClients(place(server.url, over));
  open.push(server, aws);
  return { provider: identityProvider(aws), operations: () => server.asked.map((one) => one.operation), server };
}

const mine = owner("api", { kind: "WorkloadIdentity" });
const call = anyCall("api", { owner: mine });
const arn = `arn:aws:iam::${ACCOUNT}:role/onyx/test/api`;
const queue = `arn:aws:sqs:${REGION}:${ACCOUNT}:orders`;
const ASSOCIATIONS = "/clusters/cluster-a/pod-identity-associations";

const xml = (operation: string, result: string): Reply => ({
  status: 200,
  headers: { "content-type": "text/xml" },
  body: `<${operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${operation}Result>${result}</${operation}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${operation}Response>`,
});
const members = (items: readonly string[]) => items.map((item) => `<member>${item}</member>`).join("");
const encoded = (document: object) => encodeURIComponent(JSON.stringify(document));
const trust = {
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Principal: { Service: "x" }, Action: "sts:AssumeRole" },
};
const role = (tags: Record<string, string> = ownerTags(mine)) =>
  `<Role><Path>/onyx/test/</Path><RoleName>api</RoleName><RoleId>A</RoleId><Arn>${arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>${encoded(trust)}</AssumeRolePolicyDocument><Tags>${members(Object.entries(tags).map(([key, value]) => `<Key>${key}</Key><Value>${value}</Value>`))}</Tags></Role>`;
const rest = (body: object): Reply => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** A role without anything on it, with replies of one's own in front. */
const living =
  (replies: Record<string, ReturnType<Script>> = {}): Script =>
  ({ operation }) =>
    replies[operation] ??
    {
      GetRole: xml("GetRole", role()),
      CreateRole: xml("CreateRole", role()),
      GetRolePolicy: wire("IamNoSuchEntity"),
      ListRolePolicies: xml("ListRolePolicies", "<PolicyNames></PolicyNames><IsTruncated>false</IsTruncated>"),
      ListAttachedRolePolicies: xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>false</IsTruncated>"),
      [`GET ${ASSOCIATIONS}`]: rest({ associations: [] }),
    }[operation] ??
    (operation.includes("/") ? rest({}) : xml(operation, ""));

const want = (over: Partial<IdentityWant> = {}) => ({
  ...identityWant("api", {
    grants: [{ kind: "Queue", id: queue, access: "Produce", encryptionKey: null }],
    ...over,
  }),
});
const at = { name: "api", footprint: ["pod identity association of team-a/api in cluster cluster-a"] };
const seen = (actual: Partial<IdentityWant>): Present<IdentityWant, IdentityOutputs> => ({
  exists: true,
  id: arn,
  phase: "ready",
  actual,
  outputs: { IDENTITY: arn },
});

describe("observe", () => {
  it("asks five times for a role without association, twice for none", async () => {
    const there = await against(living());
    expect(await there.provider.observe(at, call)).toMatchObject({
      exists: true,
      id: arn,
      actual: { permissions: [], trust: ["allow sts:AssumeRole to Service x"] },
    });
    expect(there.operations()).toHaveLength(5);
    const none = await against(living({ GetRole: wire("IamNoSuchEntity") }));
    expect(await none.provider.observe(at, call)).toEqual({ exists: false });
    expect(none.operations()).toHaveLength(2);
  });

  it.each(["GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", `GET ${ASSOCIATIONS}`])(
    "%s throttled, empty or cut is an error, never absence or no rights",
    async (operation) => {
      for (const reply of [wire("IamThrottled"), { ...wire("Empty"), headers: {} }, "cut the answer"] as const) {
        const { provider } = await against(living({ [operation]: reply }));
        await expect(provider.observe(at, call)).rejects.toMatchObject({ name: "ProviderError" });
      }
    },
  );

  it("a policy document that is cut off is no document", async () => {
    const cut = xml(
      "GetRolePolicy",
      `<RoleName>api</RoleName><PolicyName>onyx</PolicyName><PolicyDocument>%7B%22Ver</PolicyDocument>`,
    );
    const { provider } = await against(living({ GetRolePolicy: cut }));
    await expect(provider.observe(at, call)).rejects.toMatchObject({ fault: "transient", code: "IncompleteReply" });
  });

  it("policies on the second page count", async () => {
    const { provider } = await against((asked) =>
      asked.operation !== "ListAttachedRolePolicies"
        ? living()(asked)
        : asked.body.Marker === "m1"
          ? xml(
              "ListAttachedRolePolicies",
              `<AttachedPolicies>${members(["<PolicyArn>arn:two</PolicyArn>"])}</AttachedPolicies>`,
            )
          : xml(
              "ListAttachedRolePolicies",
              `<AttachedPolicies>${members(["<PolicyArn>arn:one</PolicyArn>"])}</AttachedPolicies><IsTruncated>true</IsTruncated><Marker>m1</Marker>`,
            ),
    );
    expect(await provider.observe(at, call)).toMatchObject({
      actual: { permissions: ["attached policy arn:one", "attached policy arn:two"] },
    });
  });
});

describe("create", () => {
  it("a role that EKS can't see yet is waited for, and the step is named", async () => {
    const { provider, operations } = await against(living({ [`POST ${ASSOCIATIONS}`]: wire("EksRoleNotSeen") }));
    await expect(provider.create("api", want(), call)).rejects.toMatchObject({
      fault: "transient",
      step: "bind the ServiceAccount",
    });
    expect(operations()).toEqual(["CreateRole", "PutRolePolicy", `GET ${ASSOCIATIONS}`, `POST ${ASSOCIATIONS}`]);
  });

  it("without a reply can be repeated, and finds its own work", async () => {
    const exists: Reply = {
      ...wire("IamNoSuchEntity"),
      status: 409,
      body: wire("IamNoSuchEntity").body.replace("NoSuchEntity", "EntityAlreadyExists"),
    };
    let made = 0;
    const { provider } = await against((asked) => {
      if (asked.operation !== "CreateRole") return living()(asked);
      made += 1;
      return made === 1 ? "close before the answer" : exists;
    });
    await expect(provider.create("api", want(), call)).rejects.toMatchObject({
      fault: "transient",
      step: "make the role",
    });
    expect(await provider.create("api", want(), call)).toEqual({ id: arn });
  });
});

describe("fit", () => {
  const fitted = (over: Partial<IdentityWant>, where: Parameters<typeof place>[1] = {}) =>
    identityProvider(awsClients(place("http://127.0.0.1:1", where))).fit?.(want(over)) ?? expect.fail("no fit");

  it("tells rights and trust as lines", () => {
    expect(fitted({}).want).toMatchObject({
      permissions: [`allow sqs:SendMessage on ${queue}`],
      trust: [
        expect.stringMatching(
          /^allow sts:AssumeRole to Service pods\.eks\.amazonaws\.com when StringEquals aws:RequestTag\/eks-cluster-arn=/,
        ),
        expect.stringMatching(/^allow sts:TagSession to /),
        "pod identity association of team-a/api in cluster cluster-a",
      ],
    });
  });

  it("IRSA needs the issuer, and says so", () => {
    expect(() => fitted({}, { workloadIdentity: "Irsa" })).toThrow(
      expect.objectContaining({ fault: "invalid", message: expect.stringContaining("oidcIssuer") }),
    );
  });

  it("the Environment's boundary is every role's, and no object chooses another one", () => {
    const theirs = `arn:aws:iam::${ACCOUNT}:policy/platform`;
    const where = { permissionsBoundary: theirs };
    expect(fitted({}, where)).toMatchObject({
      want: { overrides: { permissionsBoundary: theirs } },
      deviations: [],
    });
    expect(fitted({ overrides: { permissionsBoundary: theirs } }, where).want.overrides).toEqual(where);
    const own = { overrides: { permissionsBoundary: `arn:aws:iam::${ACCOUNT}:policy/mine` } };
    expect(fitted(own).want.overrides).toEqual(own.overrides);
    expect(() => fitted(own, where)).toThrow(
      expect.objectContaining({ code: "BoundaryIsGiven", message: expect.stringContaining(theirs) }),
    );
  });

  it("too many grants are refused before anything is made", () => {
    const grants = Array.from({ length: 400 }, (_, n) => ({
      kind: "Queue" as const,
      id: `${queue}-with-a-rather-long-name-${n}`,
      access: "Produce" as const,
      encryptionKey: null,
    }));
    expect(() => fitted({ grants })).toThrow(expect.objectContaining({ code: "PolicyTooLarge" }));
  });
});

describe("update", () => {
  it("sends only what changed", async () => {
    const { provider, operations } = await against(living());
    await provider.update(seen({ tags: {}, permissions: [], trust: [] }), want(), new Set(["permissions"]), call);
    expect(operations()).toEqual(["PutRolePolicy"]);
  });

  it("an aborted call sends nothing", async () => {
    const { provider, operations } = await against(living());
    const aborted = { ...call, signal: AbortSignal.abort() };
    await expect(
      provider.update(seen({ tags: {}, permissions: [], trust: [] }), want(), new Set(["permissions"]), aborted),
    ).rejects.toMatchObject({ fault: "transient", step: "set its policy" });
    expect(operations()).toEqual([]);
  });
});
