/** What is special to workload identities on Google Cloud; what all clouds share is in operator/provider/conformance. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Grant, IdentityWant } from "../../controllers/leaf/wants.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import type { Policy } from "./policy.ts";
import { createStorage } from "./storage.ts";
import { type Adapter, at, call, marks, PROJECT, present, providerOf, REGION, startAdapter } from "./testing/cloud.ts";

let adapter: Adapter;
beforeAll(async () => {
  adapter = await startAdapter();
});
afterAll(() => adapter.close());

const storage = () => createStorage(adapter.place);
const signal = AbortSignal.timeout(120_000);
const identity = () => providerOf(adapter.connection, "WorkloadIdentity");
const topic = (name: string) => `projects/${PROJECT}/topics/${name}`;
const queueId = (name: string) => `projects/${PROJECT}/subscriptions/${name}`;
const tableId = (name: string) => `projects/${PROJECT}/databases/${name}`;
const bucketId = (name: string) => `projects/_/buckets/${name}`;
const role = (name: string) => `projects/${PROJECT}/roles/onyx.${name}`;
const principal = (name: string) =>
  `principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/${PROJECT}.svc.id.goog/subject/ns/onyx/sa/${name}`;

beforeEach(async () => {
  await adapter.prepare();
  for (const name of ["jobs", "more"]) {
    await adapter.direct.pubsub.createTopic({ name: topic(name) }, signal);
    await adapter.direct.pubsub.createSubscription({ name: queueId(name), topic: topic(name) }, signal);
  }
  for (const name of ["media", "theirs"])
    await storage().create(
      name,
      { location: REGION, iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } },
      signal,
    );
  for (const name of ["orders", "users"]) {
    const settings = { locationId: REGION, type: "FIRESTORE_NATIVE" } as const;
    await adapter.direct.firestore.createDatabase(PROJECT, name, settings, signal);
  }
  adapter.writes();
});

const grant = (kind: Grant["kind"], id: string, access: Grant["access"]): Grant => ({
  kind,
  id,
  access,
  encryptionKey: null,
});
const CONSUME = grant("Queue", queueId("jobs"), "Consume");
const PRODUCE = grant("Queue", queueId("jobs"), "Produce");
const ORDERS = grant("Table", tableId("orders"), "ReadWrite");
const MEDIA = grant("Bucket", bucketId("media"), "ReadWrite");
const workflowId = (name: string) => `projects/${PROJECT}/locations/${REGION}/workflows/${name}`;
const FULFIL = grant("Workflow", workflowId("fulfil"), "Start");
const REFUND = grant("Workflow", workflowId("refund"), "Start");
const USERS = grant("Table", tableId("users"), "Read");

function wanted(grants: readonly Grant[], name = "api"): IdentityWant {
  const want: IdentityWant = {
    tags: marks("WorkloadIdentity", name),
    serviceAccount: { namespace: "onyx", name },
    grants,
    permissions: [],
    trust: [],
    overrides: {},
  };
  return identity().fit?.(want).want ?? want;
}

const footprint = (...wants: IdentityWant[]) => [
  ...new Set(wants.flatMap((want) => identity().footprint?.(want) ?? [])),
];
const look = (lines: readonly string[], name = "api") =>
  identity().observe(at(name, lines), call("WorkloadIdentity", name));
const seen = async (lines: readonly string[]) => present(await look(lines));

async function made(want: IdentityWant, name = "api") {
  await identity().create(name, want, call("WorkloadIdentity", name));
  adapter.writes();
  return want;
}

async function update(before: IdentityWant, after: IdentityWant) {
  const found = await seen(footprint(before, after));
  const changed = diff(after, found.actual).map(({ field }) => field);
  await identity().update(found, after, new Set(changed) as never, call("WorkloadIdentity", "api"));
  return changed;
}

const bindings = async (resource: string) => {
  const port = resource.includes("/buckets/")
    ? storage()
    : resource === `projects/${PROJECT}`
      ? adapter.direct.projects
      : adapter.direct.pubsub;
  return ((await port.read(resource, signal)).bindings ?? []).map(({ role, members, condition }) => ({
    role,
    members,
    ...(condition ? { on: condition.title } : {}),
  }));
};

describe("create", () => {
  test("binds the principal on each resource itself, and tables on the project under a condition", async () => {
    const want = wanted([CONSUME, PRODUCE, ORDERS, USERS]);
    expect(await look(footprint(want))).toEqual({ exists: false });
    const created = await identity().create("api", want, call("WorkloadIdentity", "api"));
    expect(created).toEqual({ id: principal("api"), outputs: { IDENTITY: principal("api") } });
    expect(adapter.writes()).toEqual(["SetIamPolicy", "SetIamPolicy", "SetIamPolicy"]);
    expect(await bindings(topic("jobs"))).toEqual([{ role: "roles/pubsub.publisher", members: [principal("api")] }]);
    expect(await bindings(queueId("jobs"))).toEqual([{ role: role("queueConsumer"), members: [principal("api")] }]);
    expect(await bindings(`projects/${PROJECT}`)).toEqual([
      { role: role("tableReader"), members: [principal("api")], on: "onyx-orders" },
      { role: role("tableReader"), members: [principal("api")], on: "onyx-users" },
      { role: role("tableWriter"), members: [principal("api")], on: "onyx-orders" },
    ]);
    const found = await seen(footprint(want));
    expect(found).toMatchObject({ id: principal("api"), phase: "ready", outputs: { IDENTITY: principal("api") } });
    expect(diff(want, found.actual)).toEqual([]);
    expect(adapter.writes()).toEqual([]);
  });

  test("without grants there is nothing to make; it is there once status knows it, and gone when it was deleted", async () => {
    const want = wanted([], "bare");
    const known = { ...at("bare"), id: principal("bare") };
    expect(await look([], "bare")).toEqual({ exists: false });
    const created = await identity().create("bare", want, call("WorkloadIdentity", "bare"));
    expect(created.outputs).toEqual({ IDENTITY: principal("bare") });
    const found = present(await identity().observe(known, call("WorkloadIdentity", "bare")));
    expect(found).toMatchObject({ id: principal("bare"), phase: "ready", outputs: { IDENTITY: principal("bare") } });
    expect(diff(want, found.actual)).toEqual([]);
    await identity().delete(found, known, call("WorkloadIdentity", "bare"));
    expect(await look([], "bare")).toEqual({ exists: false });
    expect(adapter.writes()).toEqual([]);
  });

  test("the last grant is taken back and given again: it stays", async () => {
    const before = await made(wanted([CONSUME]));
    const known = { ...at("api", footprint(before)), id: principal("api") };
    const observe = async () => present(await identity().observe(known, call("WorkloadIdentity", "api")));
    for (const want of [wanted([]), before]) {
      const found = await observe();
      expect(diff(want, found.actual).map(({ field }) => field)).toEqual(["permissions"]);
      await identity().update(found, want, new Set(["permissions"] as const), call("WorkloadIdentity", "api"));
      expect(diff(want, (await observe()).actual)).toEqual([]);
    }
  });

  test("reads each policy once, the project's once for all tables", async () => {
    const want = await made(wanted([CONSUME, PRODUCE, ORDERS, USERS]));
    await seen(footprint(want));
    const read = adapter.requests("GetIamPolicy").map((request) => (request as { resource: string }).resource);
    expect(read.sort()).toEqual([`projects/${PROJECT}`, queueId("jobs"), topic("jobs")].sort());
  });

  test("binds a bucket's objects on the bucket, beside those who are there already, and takes back just that", async () => {
    const before = await bindings(bucketId("media"));
    expect(before.length).toBeGreaterThan(0);
    const want = await made(wanted([MEDIA]));
    const ours = ["bucketReader", "bucketWriter"].map((name) => ({ role: role(name), members: [principal("api")] }));
    expect(await bindings(bucketId("media"))).toEqual([...ours, ...before]);
    expect(await bindings(bucketId("theirs"))).toEqual(before);
    const less = wanted([grant("Bucket", bucketId("media"), "Read")]);
    expect(await update(want, less)).toEqual(["permissions"]);
    expect(adapter.writes()).toEqual(["SetIamPolicy"]);
    expect(await bindings(bucketId("media"))).toEqual([ours[0], ...before]);
    const known = at("api", footprint(want, less));
    await identity().delete(await seen(footprint(want, less)), known, call("WorkloadIdentity", "api"));
    expect(await bindings(bucketId("media"))).toEqual(before);
    expect(await look(footprint(want, less))).toEqual({ exists: false });
  });

  test("a bucket that is gone needs nothing taken back", async () => {
    const want = await made(wanted([MEDIA]));
    const known = { ...at("api", footprint(want)), id: principal("api") };
    await storage().delete("media", signal);
    adapter.writes();
    const found = present(await identity().observe(known, call("WorkloadIdentity", "api")));
    expect(found.actual.permissions).toEqual([]);
    await identity().delete(found, known, call("WorkloadIdentity", "api"));
    expect(adapter.writes()).toEqual([]);
  });

  test("a workflow is started by a right on its project, which says so, and goes with the last grant", async () => {
    const starter = { role: role("workflowStarter"), members: [principal("api")] };
    const both = wanted([FULFIL, REFUND, USERS]);
    expect(identity().fit?.(both).deviations).toEqual([
      {
        field: "grants",
        kind: "Covered",
        message: expect.stringContaining(`every workflow of the project ${PROJECT}`),
      },
    ]);
    expect(identity().fit?.(wanted([USERS])).deviations).toEqual([]);
    await made(both);
    expect(await bindings(`projects/${PROJECT}`)).toContainEqual(starter);
    const one = wanted([REFUND, USERS]);
    expect(await update(both, one)).toEqual([]);
    expect(await bindings(`projects/${PROJECT}`)).toContainEqual(starter);
    const none = wanted([USERS]);
    expect(await update(one, none)).toEqual(["permissions"]);
    expect(await bindings(`projects/${PROJECT}`)).toEqual([
      { role: role("tableReader"), members: [principal("api")], on: "onyx-users" },
    ]);
  });

  test("two identities share the right to start workflows, and one keeps it when the other goes", async () => {
    const want = await made(wanted([FULFIL]));
    await made(wanted([FULFIL], "job"), "job");
    expect(await bindings(`projects/${PROJECT}`)).toEqual([
      { role: role("workflowStarter"), members: [principal("api"), principal("job")] },
    ]);
    const lines = footprint(want);
    await identity().delete(await seen(lines), at("api", lines), call("WorkloadIdentity", "api"));
    expect(await look(lines)).toEqual({ exists: false });
    expect(await bindings(`projects/${PROJECT}`)).toEqual([
      { role: role("workflowStarter"), members: [principal("job")] },
    ]);
  });

  test("two identities share the binding of a table", async () => {
    await made(wanted([USERS]));
    await made(wanted([USERS], "job"), "job");
    expect(await bindings(`projects/${PROJECT}`)).toEqual([
      { role: role("tableReader"), members: [principal("api"), principal("job")], on: "onyx-users" },
    ]);
  });

  test("many at once lose nothing", async () => {
    const names = Array.from({ length: 12 }, (_, n) => `sa-${n}`);
    await Promise.all(
      names.map((name) => identity().create(name, wanted([USERS, PRODUCE], name), call("WorkloadIdentity", name))),
    );
    const [table] = await bindings(`projects/${PROJECT}`);
    expect(table?.members).toHaveLength(12);
    expect((await bindings(topic("jobs")))[0]?.members).toHaveLength(12);
  });

  test("a crash between two policies is found by the footprint and finished", async () => {
    const want = wanted([CONSUME, PRODUCE]);
    adapter.cloud.control.faults.add({ method: "SetIamPolicy", skip: 1, error: { code: "UNAVAILABLE" }, times: 1 });
    await expect(identity().create("api", want, call("WorkloadIdentity", "api"))).rejects.toMatchObject({
      fault: "transient",
      step: expect.stringContaining("grant rights on"),
    });
    expect(adapter.writes()).toEqual(["SetIamPolicy"]);
    expect(await update(want, want)).toEqual(["permissions"]);
    expect(adapter.writes()).toEqual(["SetIamPolicy"]);
    expect(diff(want, (await seen(footprint(want))).actual)).toEqual([]);
  });

  test("a role that was not made at install is named, with what to run", async () => {
    await adapter.cloud.control.reset();
    const settings = { locationId: REGION, type: "FIRESTORE_NATIVE" } as const;
    await adapter.direct.firestore.createDatabase(PROJECT, "users", settings, signal);
    await expect(identity().create("api", wanted([USERS]), call("WorkloadIdentity", "api"))).rejects.toMatchObject({
      fault: "denied",
      message: `The role ${role("tableReader")} does not exist. Make the operator's roles with: node adapters/gcp/install.ts --project ${PROJECT}`,
    });
  });

  test("a resource that does not exist is named", async () => {
    const want = wanted([grant("Queue", queueId("nowhere"), "Produce")]);
    await expect(identity().create("api", want, call("WorkloadIdentity", "api"))).rejects.toMatchObject({
      fault: "notFound",
      step: `grant rights on ${topic("nowhere")}`,
    });
  });
});

describe("what others wrote", () => {
  const theirs: Policy = {
    bindings: [
      { role: "roles/viewer", members: ["user:a@example.com"] },
      {
        role: role("tableReader"),
        members: ["user:b@example.com"],
        condition: { title: "theirs", expression: 'resource.name == "x"' },
      },
    ],
  };
  const writeTheirs = async () => {
    const { etag } = await adapter.direct.projects.read(`projects/${PROJECT}`, signal);
    await adapter.direct.projects.write(`projects/${PROJECT}`, { ...theirs, version: 3, etag } as Policy, signal);
    adapter.writes();
  };

  test("survives a grant, a change and a revocation", async () => {
    await writeTheirs();
    const before = await made(wanted([USERS]));
    const after = wanted([ORDERS]);
    await update(before, after);
    await identity().delete(
      await seen(footprint(after)),
      at("api", footprint(before, after)),
      call("WorkloadIdentity", "api"),
    );
    expect(await bindings(`projects/${PROJECT}`)).toEqual([
      { role: role("tableReader"), members: ["user:b@example.com"], on: "theirs" },
      { role: "roles/viewer", members: ["user:a@example.com"] },
    ]);
  });

  test("survives a race for the policy", async () => {
    adapter.cloud.control.faults.add({ method: "SetIamPolicy", error: { code: "ABORTED" }, times: 3 });
    await made(wanted([USERS]));
    expect(await bindings(`projects/${PROJECT}`)).toHaveLength(1);
  });

  test("a race that does not end is told as transient", async () => {
    adapter.cloud.control.faults.add({ method: "SetIamPolicy", error: { code: "ABORTED" } });
    await expect(identity().create("api", wanted([USERS]), call("WorkloadIdentity", "api"))).rejects.toMatchObject({
      fault: "transient",
      code: "ABORTED",
    });
  });
});

describe("update and delete", () => {
  test("only what changed is written", async () => {
    const before = await made(wanted([CONSUME, PRODUCE, USERS]));
    expect(await update(before, wanted([CONSUME, PRODUCE, ORDERS]))).toEqual(["permissions"]);
    expect(adapter.writes()).toEqual(["SetIamPolicy"]);
    expect(await bindings(`projects/${PROJECT}`)).toEqual([
      { role: role("tableReader"), members: [principal("api")], on: "onyx-orders" },
      { role: role("tableWriter"), members: [principal("api")], on: "onyx-orders" },
    ]);
  });

  test("a right that somebody took back is drift and given again", async () => {
    const want = await made(wanted([CONSUME, PRODUCE]));
    const { etag } = await adapter.direct.pubsub.read(topic("jobs"), signal);
    await adapter.direct.pubsub.write(topic("jobs"), { bindings: [], etag }, signal);
    adapter.writes();
    expect(await update(want, want)).toEqual(["permissions"]);
    expect(adapter.writes()).toEqual(["SetIamPolicy"]);
  });

  test("another ServiceAccount: the old one loses its rights", async () => {
    const before = await made(wanted([CONSUME, USERS]));
    const after = wanted([CONSUME, USERS], "new");
    expect(await update(before, after)).toEqual(["trust"]);
    expect(await bindings(queueId("jobs"))).toEqual([{ role: role("queueConsumer"), members: [principal("new")] }]);
    expect(await bindings(`projects/${PROJECT}`)).toMatchObject([{ members: [principal("new")] }]);
  });

  test("delete takes back all that the footprint names, also of earlier passes and of what is gone", async () => {
    const before = await made(wanted([CONSUME, ORDERS]));
    const after = await made(wanted([PRODUCE, grant("Queue", queueId("more"), "Produce")]));
    await adapter.direct.pubsub.deleteTopic(topic("more"), signal);
    adapter.writes();
    const lines = footprint(before, after);
    await identity().delete(await seen(lines), at("api", lines), call("WorkloadIdentity", "api"));
    expect(await look(lines)).toEqual({ exists: false });
    for (const resource of [topic("jobs"), queueId("jobs"), `projects/${PROJECT}`])
      expect(await bindings(resource)).toEqual([]);
  });

  test.each(["PERMISSION_DENIED", "UNAVAILABLE"] as const)(
    "%s while looking is an error and never absence",
    async (code) => {
      const want = await made(wanted([CONSUME]));
      adapter.cloud.control.faults.add({ method: "GetIamPolicy", error: { code }, times: 1 });
      await expect(look(footprint(want))).rejects.toMatchObject({ code });
    },
  );
});

test("the connection says who we are", async () => {
  expect(await adapter.connection.whoAmI(signal)).toEqual({
    account: PROJECT,
    accountNumber: "123456789012",
    principal: "an emulator's",
  });
});
