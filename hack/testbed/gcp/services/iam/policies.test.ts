import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT, refusal, startTestCloud, type TestCloud } from "../../testing.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.gcp.control.reset());

const workload = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/ns/n/sa/s";
const condition = { title: "onyx-orders", expression: 'resource.name == "projects/p/databases/d"' };
const viewer = { role: "roles/viewer", members: ["user:a@example.com"] };

const set = async (policy: object) => (await cloud.projects.setIamPolicy({ resource: PROJECT, policy }))[0];
const get = async (requestedPolicyVersion = 3) =>
  (await cloud.projects.getIamPolicy({ resource: PROJECT, options: { requestedPolicyVersion } }))[0];

test("a project has its number", async () => {
  const [project] = await cloud.projects.getProject({ name: PROJECT });
  expect(project).toMatchObject({
    projectId: "demo-project",
    name: `projects/${cloud.gcp.projectNumber}`,
    state: "ACTIVE",
  });
  expect(await refusal(cloud.projects.getProject({ name: "projects/absent" }))).toMatchObject({
    code: "PERMISSION_DENIED",
  });
});

describe("a policy", () => {
  test("is read, changed and written; who read an older one must read again", async () => {
    const first = await get();
    await set({ etag: first.etag, bindings: [viewer] });
    const late = await refusal(set({ etag: first.etag, bindings: [] }));
    expect(late).toMatchObject({ code: "ABORTED", message: expect.stringContaining("concurrent policy changes") });
    expect((await get()).bindings).toMatchObject([viewer]);
    await set({ bindings: [] });
    expect((await get()).bindings).toEqual([]);
  });

  test("comes back normalised: sorted, merged, without repeats and empty bindings", async () => {
    const bindings = [
      { role: "roles/viewer", members: ["user:z@example.com", "user:b@example.com", "user:b@example.com"] },
      { role: "roles/editor", members: [] },
      { role: "roles/browser", members: [workload] },
      viewer,
    ];
    await set({ bindings });
    expect((await get()).bindings?.map(({ role, members }) => ({ role, members }))).toEqual([
      { role: "roles/browser", members: [workload] },
      { role: "roles/viewer", members: ["user:a@example.com", "user:b@example.com", "user:z@example.com"] },
    ]);
  });

  test("with conditions wants version 3, and hides them from those who ask for less", async () => {
    const conditional = { ...viewer, condition };
    expect(await refusal(set({ version: 1, bindings: [conditional] }))).toMatchObject({ code: "INVALID_ARGUMENT" });
    const written = await set({ version: 3, bindings: [conditional, viewer] });
    expect(written.version).toBe(3);
    const full = await get();
    expect(full.bindings).toMatchObject([{ condition }, { condition: null }]);
    const masked = await get(1);
    expect(masked.version).toBe(1);
    expect(masked.bindings?.map(({ role }) => role).toSorted()).toEqual([
      "roles/viewer",
      expect.stringMatching(/_withcond_/),
    ]);
    const careless = set({ etag: masked.etag, version: 1, bindings: [viewer] });
    expect(await refusal(careless)).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test.each([
    ["a member without type", [{ role: "roles/viewer", members: ["a@example.com"] }], /Invalid member/],
    ["a role that is none", [{ role: "viewer", members: ["allUsers"] }], /Role "viewer"/],
    ["a custom role that isn't there", [{ role: `${PROJECT}/roles/x`, members: ["allUsers"] }], /does not exist/],
    [
      "an account that isn't there",
      [{ role: "roles/viewer", members: ["serviceAccount:absent@demo-project.iam.gserviceaccount.com"] }],
      /Service account absent@.* does not exist/,
    ],
    ["a condition without title", [{ ...viewer, condition: { expression: "true" } }], /expression and a title/],
    [
      "more principals than fit",
      [{ role: "roles/viewer", members: Array.from({ length: 1501 }, (_, i) => `user:u${String(i)}@example.com`) }],
      /1501 principals/,
    ],
    [
      "more conditions for one member and role than fit",
      Array.from({ length: 21 }, (_, i) => ({ ...viewer, condition: { title: `t${String(i)}`, expression: "true" } })),
      /More than 20/,
    ],
  ])("refuses %s", async (_what, bindings, message) => {
    const refused = await refusal(set({ version: 3, bindings }));
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });
});

describe("a policy of a topic", () => {
  const topic = `${PROJECT}/topics/orders`;

  test("has its etag and goes with the topic", async () => {
    await cloud.publisher.createTopic({ name: topic });
    const first = await cloud.setPolicy(topic, { bindings: [viewer] });
    await cloud.setPolicy(topic, { etag: first.etag, bindings: [] });
    const stale = cloud.setPolicy(topic, { etag: first.etag, bindings: [viewer] });
    expect(await refusal(stale)).toMatchObject({ code: "ABORTED" });
    await cloud.setPolicy(topic, { bindings: [viewer] });
    await cloud.publisher.deleteTopic({ topic });
    expect(await refusal(cloud.setPolicy(topic, {}))).toMatchObject({ code: "NOT_FOUND" });
    await cloud.publisher.createTopic({ name: topic });
    const { body } = await cloud.rest("GET", `/v1/${topic}:getIamPolicy?options.requestedPolicyVersion=3`);
    expect(body).toEqual({ version: 1, etag: "ACAB" });
  });

  test("lets everybody do everything that exists", async () => {
    const permissions = ["pubsub.topics.publish"];
    const ask = async () => (await cloud.rest("POST", `/v1/${topic}:testIamPermissions`, { permissions })).body;
    expect(await ask()).toEqual({});
    await cloud.publisher.createTopic({ name: topic });
    expect(await ask()).toEqual({ permissions });
    const wildcard = await cloud.rest("POST", `/v1/${topic}:testIamPermissions`, { permissions: ["pubsub.*"] });
    expect(wildcard.body.error.status).toBe("INVALID_ARGUMENT");
  });
});

describe("service accounts", () => {
  const email = "orders-api@demo-project.iam.gserviceaccount.com";
  const path = `/v1/${PROJECT}/serviceAccounts`;
  const create = (accountId = "orders-api", serviceAccount = {}) =>
    cloud.rest("POST", path, { accountId, serviceAccount });

  test("are created once, found by email and unique id, changed by mask", async () => {
    const { body } = await create("orders-api", { displayName: "Orders", email: "ignored@example.com" });
    expect(body).toMatchObject({
      email,
      displayName: "Orders",
      projectId: "demo-project",
      uniqueId: expect.stringMatching(/^\d{21}$/),
    });
    expect((await create()).body.error.status).toBe("ALREADY_EXISTS");
    expect((await cloud.rest("GET", `/v1/projects/-/serviceAccounts/${String(body.uniqueId)}`)).body.email).toBe(email);
    const change = { serviceAccount: { description: "api" }, updateMask: "description" };
    expect((await cloud.rest("PATCH", `${path}/${email}`, change)).body).toMatchObject({
      displayName: "Orders",
      description: "api",
    });
    expect((await cloud.rest("GET", path)).body.accounts).toHaveLength(1);
  });

  test("have policies, and leave a trace in others' when deleted", async () => {
    const { body: account } = await create();
    const members = [`serviceAccount:${email}`];
    await set({ bindings: [{ role: "roles/viewer", members }] });
    const policy = { bindings: [{ role: "roles/iam.workloadIdentityUser", members: [workload] }] };
    const own = await cloud.rest("POST", `${path}/${email}:setIamPolicy`, { policy });
    expect(own.body.bindings).toEqual(policy.bindings);
    await cloud.rest("DELETE", `${path}/${email}`);
    expect((await get()).bindings?.[0]?.members).toEqual([
      `deleted:${members[0] ?? ""}?uid=${String(account.uniqueId)}`,
    ]);
    const { body: again } = await create();
    expect(again.uniqueId).not.toBe(account.uniqueId);
    const fresh = await cloud.rest("POST", `${path}/${email}:getIamPolicy`);
    expect(fresh.body).toEqual({ version: 1, etag: "ACAB" });
  });

  test.each([
    ["a short id", "abc", {}, /6 to 30 characters/],
    ["an upper-case id", "Orders-api", {}, /must match/],
    ["a long description", "orders-api", { description: "x".repeat(257) }, /at most 256 bytes/],
  ])("refuse %s", async (_what, id, account, message) => {
    const { status, body } = await create(id, account);
    expect(status).toBe(400);
    expect(body.error.message).toMatch(message);
  });
});

describe("custom roles", () => {
  const name = `${PROJECT}/roles/onyx.consumer`;
  const role = { title: "Consumer", includedPermissions: ["pubsub.subscriptions.consume"], stage: "GA" };
  const create = () => cloud.rest("POST", `/v1/${PROJECT}/roles`, { roleId: "onyx.consumer", role });
  const DAY = 24 * 60 * 60 * 1000;

  test("are created, changed with their etag, and listed without permissions", async () => {
    const { body } = await create();
    expect(body).toMatchObject({ name, ...role });
    expect((await create()).body.error.status).toBe("ALREADY_EXISTS");
    const permissions = ["pubsub.subscriptions.consume", "pubsub.subscriptions.get"];
    const change = (etag: string) =>
      cloud.rest("PATCH", `/v1/${name}?updateMask=includedPermissions`, { includedPermissions: permissions, etag });
    expect((await change(body.etag)).body).toMatchObject({ title: "Consumer", includedPermissions: permissions });
    expect((await change(body.etag)).body.error.status).toBe("ABORTED");
    expect((await cloud.rest("GET", `/v1/${PROJECT}/roles`)).body.roles).toEqual([
      expect.not.objectContaining({ includedPermissions: expect.anything() }),
    ]);
    const bad = { roleId: "other", role: { includedPermissions: ["publish"] } };
    expect((await cloud.rest("POST", `/v1/${PROJECT}/roles`, bad)).body.error.status).toBe("INVALID_ARGUMENT");
  });

  test("can be undeleted for 7 days and keep their id for 37", async () => {
    await create();
    expect((await cloud.rest("DELETE", `/v1/${name}`)).body).toMatchObject({ deleted: true });
    expect((await create()).body.error.status).toBe("FAILED_PRECONDITION");
    expect((await cloud.rest("GET", `/v1/${PROJECT}/roles`)).body).toEqual({});
    const undelete = () => cloud.rest("POST", `/v1/${name}:undelete`, {});
    expect((await undelete()).body.deleted).toBeUndefined();
    await cloud.rest("DELETE", `/v1/${name}`);
    cloud.gcp.control.advance(8 * DAY);
    expect((await undelete()).body.error.status).toBe("NOT_FOUND");
    expect((await create()).body.error.status).toBe("FAILED_PRECONDITION");
    cloud.gcp.control.advance(30 * DAY);
    expect((await create()).status).toBe(200);
  });
});
