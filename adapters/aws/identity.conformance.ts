import {
  CreateClusterCommand,
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
  UpdatePodIdentityAssociationCommand,
} from "@aws-sdk/client-eks";
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Grant, IdentityWant } from "../../controllers/leaf/wants.ts";
import { isReleased, ownerOf, ownerTags } from "../../operator/provider/owner.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { awsClients } from "./clients.ts";
import { identityProvider } from "./identity.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { ACCOUNT, call as anyCall, identityWant, owner, place, REGION } from "./testing/fixtures.ts";

const emulator = await awsEmulator();
const cluster = `cluster-${process.pid}`;
const here = place(emulator.endpoint, { cluster, oidcIssuer: "https://oidc.example/id/ABC/" });
const aws = awsClients(here);
const provider = identityProvider(aws);
const irsa = identityProvider({ ...aws, place: { ...here, workloadIdentity: "Irsa" } });

beforeAll(async () => {
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/cluster`;
  await aws.eks.send(
    new CreateClusterCommand({ name: cluster, roleArn, resourcesVpcConfig: { subnetIds: ["s-1", "s-2"] } }),
  );
});
afterAll(async () => {
  aws.close();
  await emulator.stop();
});

const fresh = (label: string) => `${label}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
const marks = (name: string) => ownerTags(owner(name, { kind: "WorkloadIdentity" }));
const call = (name: string) => anyCall(name, { owner: owner(name, { kind: "WorkloadIdentity" }) });
const arnOf = (name: string) => `arn:aws:iam::${ACCOUNT}:role/onyx/test/${name}`;
const consume: Grant = {
  kind: "Queue",
  id: `arn:aws:sqs:${REGION}:${ACCOUNT}:orders`,
  access: "Consume",
  encryptionKey: null,
};
const read: Grant = {
  kind: "Table",
  id: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/orders`,
  access: "Read",
  encryptionKey: null,
};

const start: Grant = {
  kind: "Workflow",
  id: `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:fulfil`,
  access: "Start",
  encryptionKey: null,
};

/** Each test has its own ServiceAccount, named after its role. */
const wish = (name: string, over: Partial<IdentityWant> = {}, by = provider): IdentityWant =>
  by.fit?.(identityWant(name, { serviceAccount: { namespace: "team-a", name }, grants: [consume], ...over })).want ??
  expect.fail("no fit");
const at = (name: string, want: IdentityWant, by = provider) => ({ name, footprint: by.footprint?.(want) ?? [] });

async function seen(name: string, want: IdentityWant, by = provider) {
  const found = await by.observe(at(name, want, by), call(name));
  if (!found.exists) expect.fail(`${name} is not there`);
  return found;
}

async function settle(name: string, want: IdentityWant, by = provider): Promise<string[]> {
  const now = await seen(name, want, by);
  const changed = diff(want, now.actual).map(({ field }) => field);
  if (changed.length > 0)
    await by.update(now, want, new Set(changed) as ReadonlySet<keyof IdentityWant & string>, call(name));
  expect(diff(want, (await seen(name, want, by)).actual)).toEqual([]);
  return changed;
}

async function made(label: string, over: Partial<IdentityWant> = {}, by = provider) {
  const name = fresh(label);
  const want = wish(name, over, by);
  await by.create(name, want, call(name));
  expect(await settle(name, want, by)).toEqual([]);
  return { name, want };
}

const association = async (serviceAccount: string) => {
  const { associations = [] } = await aws.eks.send(
    new ListPodIdentityAssociationsCommand({ clusterName: cluster, namespace: "team-a", serviceAccount }),
  );
  const [first] = associations;
  if (!first) return undefined;
  const found = await aws.eks.send(
    new DescribePodIdentityAssociationCommand({ clusterName: cluster, associationId: first.associationId }),
  );
  return found.association;
};
const document = (text: string | undefined) => JSON.parse(decodeURIComponent(text ?? ""));

describe("IAM role with Pod Identity", () => {
  it("is absent before; one create makes role, policy and association, with our marks", async () => {
    const name = fresh("full");
    const want = wish(name, { grants: [consume, read] });
    expect(await provider.observe(at(name, want), call(name))).toEqual({ exists: false });
    expect(await provider.create(name, want, call(name))).toEqual({
      id: arnOf(name),
      outputs: { IDENTITY: arnOf(name) },
    });
    const { Role } = await aws.iam.send(new GetRoleCommand({ RoleName: name }));
    expect(Role).toMatchObject({ Arn: arnOf(name), Path: "/onyx/test/" });
    expect(document(Role?.AssumeRolePolicyDocument)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: {
            StringEquals: {
              "aws:RequestTag/eks-cluster-arn": `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/${cluster}`,
              "aws:RequestTag/kubernetes-namespace": "team-a",
              "aws:RequestTag/kubernetes-service-account": name,
            },
          },
        },
      ],
    });
    const policy = await aws.iam.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: "onyx" }));
    expect(document(policy.PolicyDocument).Statement.map((one: { Resource: unknown }) => one.Resource)).toEqual(
      [[`${read.id}/index/*`], [read.id], [consume.id]]
        .toSorted((a, b) => (String(a) < String(b) ? -1 : 1))
        .map((one) => expect.arrayContaining(one)),
    );
    expect(await association(name)).toMatchObject({ roleArn: arnOf(name), tags: { team: "billing", ...marks(name) } });
    expect(await seen(name, want)).toMatchObject({
      id: arnOf(name),
      owner: ownerOf(marks(name)),
      phase: "ready",
      actual: { permissions: want.permissions, trust: want.trust },
    });
  });

  it("grants come and go; without any there is no policy", async () => {
    const { name, want } = await made("grants");
    expect(await settle(name, wish(name, { grants: [consume, read] }))).toEqual(["permissions"]);
    expect(await settle(name, wish(name, { grants: [start] }))).toEqual(["permissions"]);
    expect((await seen(name, want)).actual.permissions).toEqual([`allow states:StartExecution on ${start.id}`]);
    expect(await settle(name, wish(name, { grants: [] }))).toEqual(["permissions"]);
    await expect(aws.iam.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: "onyx" }))).rejects.toMatchObject({
      name: "NoSuchEntityException",
    });
    expect(await settle(name, want)).toEqual(["permissions"]);
  });

  it("what others put on the role is drift, and taken off", async () => {
    const { name, want } = await made("drift");
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
    });
    const { Policy } = await aws.iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument }));
    await aws.iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: Policy?.Arn }));
    await aws.iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: "extra", PolicyDocument }));
    await aws.iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: "onyx", PolicyDocument }));
    expect((await seen(name, want)).actual.permissions).toEqual([
      "allow s3:* on *",
      `attached policy ${Policy?.Arn}`,
      "inline policy extra",
    ]);
    expect(await settle(name, want)).toEqual(["permissions"]);
  });

  it("trust that was changed or an association that was is put right", async () => {
    const { name, want } = await made("trust");
    const open = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
    };
    await aws.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: JSON.stringify(open) }));
    expect(await settle(name, want)).toEqual(["trust"]);
    const { associationId } = (await association(name)) ?? {};
    await aws.eks.send(
      new UpdatePodIdentityAssociationCommand({
        clusterName: cluster,
        associationId,
        roleArn: arnOf("other"),
        disableSessionTags: true,
      }),
    );
    expect((await seen(name, want)).actual.trust).toContainEqual(
      expect.stringMatching(/gives arn:aws:iam::\d+:role\/onyx\/test\/other without session tags$/),
    );
    expect(await settle(name, want)).toEqual(["trust"]);
    expect(await association(name)).toMatchObject({ associationId, roleArn: arnOf(name), disableSessionTags: false });
    await aws.eks.send(
      new UpdatePodIdentityAssociationCommand({ clusterName: cluster, associationId, targetRoleArn: arnOf("next") }),
    );
    expect(await settle(name, want)).toEqual(["trust"]);
    expect((await association(name))?.targetRoleArn).toBeUndefined();
    await aws.eks.send(
      new DeletePodIdentityAssociationCommand({
        clusterName: cluster,
        associationId: (await association(name))?.associationId,
      }),
    );
    expect(await settle(name, want)).toEqual(["trust"]);
    expect(await association(name)).toMatchObject({ roleArn: arnOf(name) });
  });

  it("our tags are changed and removed, foreign ones stay", async () => {
    const { name, want } = await made("tags");
    await aws.iam.send(new TagRoleCommand({ RoleName: name, Tags: [{ Key: "theirs", Value: "kept" }] }));
    await settle(name, { ...want, tags: { ...want.tags, team: null, cost: "7" } });
    expect((await seen(name, want)).actual.tags).toEqual({ theirs: "kept", cost: "7", ...marks(name) });
  });

  it("a permissions boundary is set, and taken off", async () => {
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "sqs:*", Resource: "*" }],
    });
    const { Policy } = await aws.iam.send(new CreatePolicyCommand({ PolicyName: fresh("boundary"), PolicyDocument }));
    const overrides = { permissionsBoundary: Policy?.Arn ?? "" };
    const { name, want } = await made("boundary", { overrides });
    const bound = async () => (await aws.iam.send(new GetRoleCommand({ RoleName: name }))).Role?.PermissionsBoundary;
    expect(await bound()).toMatchObject({ PermissionsBoundaryArn: Policy?.Arn });
    expect(await settle(name, { ...want, overrides: {} })).toEqual(["overrides"]);
    expect(await bound()).toBeUndefined();
    expect(await settle(name, want)).toEqual(["overrides"]);
  });

  it("the Environment's boundary is there from the first moment, and comes to roles that stand already", async () => {
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "sqs:*", Resource: "*" }],
    });
    const { Policy } = await aws.iam.send(new CreatePolicyCommand({ PolicyName: fresh("platform"), PolicyDocument }));
    const permissionsBoundary = Policy?.Arn ?? "";
    const bounded = identityProvider({ ...aws, place: { ...here, permissionsBoundary } });
    const bound = async (name: string) =>
      (await aws.iam.send(new GetRoleCommand({ RoleName: name }))).Role?.PermissionsBoundary?.PermissionsBoundaryArn;
    const name = fresh("bounded");
    const within = bounded.fit?.(identityWant(name)).want ?? expect.fail("no fit");
    await bounded.create(name, within, call(name));
    expect(await bound(name)).toBe(permissionsBoundary);

    const old = await made("unbound");
    expect(await bound(old.name)).toBeUndefined();
    const wish = bounded.fit?.(old.want).want ?? expect.fail("no fit");
    expect(await settle(old.name, wish)).toEqual(["overrides"]);
    expect(await bound(old.name)).toBe(permissionsBoundary);
    await aws.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: old.name }));
    expect(await settle(old.name, wish)).toEqual(["overrides"]);
    expect(await bound(old.name)).toBe(permissionsBoundary);
  });

  it("a create that was cut off after any step is finished by the next", async () => {
    const { name, want } = await made("cut");
    await aws.eks.send(
      new DeletePodIdentityAssociationCommand({
        clusterName: cluster,
        associationId: (await association(name))?.associationId,
      }),
    );
    await aws.iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: "onyx" }));
    expect(await provider.create(name, want, call(name))).toEqual({ id: arnOf(name) });
    expect(await settle(name, want)).toEqual([]);
  });

  it("a foreign role or association is a conflict and stays as it was", async () => {
    const name = fresh("foreign");
    const want = wish(name);
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
    });
    await aws.iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }));
    await expect(provider.create(name, want, call(name))).rejects.toMatchObject({ fault: "conflict" });
    expect(await association(name)).toBeUndefined();
    await expect(aws.iam.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: "onyx" }))).rejects.toMatchObject({
      name: "NoSuchEntityException",
    });
    await aws.iam.send(new DeleteRoleCommand({ RoleName: name }));

    await aws.eks.send(
      new CreatePodIdentityAssociationCommand({
        clusterName: cluster,
        namespace: "team-a",
        serviceAccount: name,
        roleArn: arnOf("theirs"),
      }),
    );
    await expect(provider.create(name, want, call(name))).rejects.toMatchObject({
      fault: "conflict",
      step: "bind the ServiceAccount",
    });
    await provider.delete(await seen(name, want), at(name, want), call(name));
    expect(await association(name)).toMatchObject({ roleArn: arnOf("theirs") });
  });

  it("adopt and release change our marks only", async () => {
    const { name, want } = await made("adopt");
    await provider.release?.(await seen(name, want), call(name));
    const free = await seen(name, want);
    expect(free.owner && isReleased(free.owner)).toBe(true);
    expect(free.actual).toMatchObject({ tags: { team: "billing" }, permissions: want.permissions, trust: want.trust });
    await provider.adopt(free, want, call(name));
    expect((await seen(name, want)).owner).toEqual(ownerOf(marks(name)));
  });

  it("delete takes association, policies and role; deleting the absent succeeds", async () => {
    const { name, want } = await made("gone");
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
    });
    const { Policy } = await aws.iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument }));
    await aws.iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: Policy?.Arn }));
    const before = await seen(name, want);
    await provider.delete(before, at(name, want), call(name));
    expect(await association(name)).toBeUndefined();
    expect(await provider.observe(at(name, want), call(name))).toEqual({ exists: false });
    await provider.delete(before, at(name, want), call(name));
  });

  it("an association that outlived its role is still found: mended, or deleted", async () => {
    for (const end of ["mended", "deleted"]) {
      const { name, want } = await made(end);
      await aws.iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: "onyx" }));
      await aws.iam.send(new DeleteRoleCommand({ RoleName: name }));
      const remnant = await seen(name, want);
      expect(remnant).toMatchObject({ id: arnOf(name), owner: ownerOf(marks(name)) });
      if (end === "mended") {
        expect(await settle(name, want)).toEqual(["permissions", "trust"]);
        expect((await seen(name, want)).owner).toEqual(ownerOf(marks(name)));
      } else {
        await provider.delete(remnant, at(name, want), call(name));
        expect(await provider.observe(at(name, want), call(name))).toEqual({ exists: false });
      }
    }
  });

  it("in a cluster that EKS doesn't know there is no association, and deletion ends", async () => {
    const { name, want } = await made("lost");
    const elsewhere = identityProvider({ ...aws, place: { ...here, cluster: "gone" } });
    const footprint = elsewhere.footprint?.(want) ?? [];
    const found = await elsewhere.observe({ name, footprint }, call(name));
    if (!found.exists) expect.fail("the role is there");
    await expect(elsewhere.update(found, want, new Set(["trust"]), call(name))).rejects.toMatchObject({
      fault: "notFound",
    });
    await elsewhere.delete(found, { name, footprint: [...footprint, ...at(name, want).footprint] }, call(name));
    expect(await association(name)).toBeUndefined();
  });
});

describe("IAM role with IRSA", () => {
  it("trusts the ServiceAccount's token, without an association", async () => {
    const { name, want } = await made("irsa", {}, irsa);
    const { Role } = await aws.iam.send(new GetRoleCommand({ RoleName: name }));
    expect(document(Role?.AssumeRolePolicyDocument).Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example/id/ABC` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            "oidc.example/id/ABC:aud": "sts.amazonaws.com",
            "oidc.example/id/ABC:sub": `system:serviceaccount:team-a:${name}`,
          },
        },
      },
    ]);
    expect(irsa.footprint?.(want)).toEqual([]);
    expect(await association(name)).toBeUndefined();
  });

  it("from Pod Identity to IRSA: the association goes", async () => {
    const { name, want } = await made("switch");
    const next = wish(name, {}, irsa);
    const found = await irsa.observe(at(name, want), call(name));
    if (!found.exists) expect.fail("it is there");
    expect(diff(next, found.actual).map(({ field }) => field)).toEqual(["trust"]);
    await irsa.update(found, next, new Set(["trust"]), call(name));
    expect(await association(name)).toBeUndefined();
    expect(diff(next, (await seen(name, next, irsa)).actual)).toEqual([]);
  });
});
