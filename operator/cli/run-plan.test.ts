import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Comparison } from "./compare.ts";
import { painter } from "./output.ts";
import { runPlan } from "./run-plan.ts";

const root = join(import.meta.dirname, "../..");
const plain = painter(false);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "onyx-plan-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const compared = async (filename: readonly string[], clouds = "aws,gcp", more: object = {}) => {
  const result = await runPlan({ filename, kubeconfig: [], clouds, ...more }, plain, 120);
  return { ...result, value: result.value as Comparison };
};
const queue = (spec: string) => `
apiVersion: onyx.onelens.io/v1alpha1
kind: Queue
metadata: { name: orders, namespace: shop }
spec: ${spec}
`;

describe("examples/onelens on both clouds, with no cluster and no credentials", () => {
  test("is made whole on each, and reads well", async () => {
    const { text, value, exitCode } = await compared([join(root, "examples/onelens")]);
    expect(exitCode).toBe(2);
    expect(value.clouds.map(({ total }) => total)).toMatchObject([
      { refused: 0, monthly: "0.00", unknown: 0, prices: expect.stringContaining("us-east-1") },
      { refused: 0, monthly: "0.00", unknown: 0, prices: expect.stringContaining("us-central1") },
    ]);
    expect(value.objects.map(({ kind, name, on }) => [kind, name, on.aws?.action, on.gcp?.action])).toEqual([
      ["Queue", "onyx-request-processor", "create", "create"],
      ["Queue", "onyx-request-processor-dlq", "create", "create"],
      ["Table", "onyx-request-db", "create", "create"],
      ["WorkloadIdentity", "onyx-request-processor-api", "create", "create"],
      ["WorkloadIdentity", "onyx-request-processor-job", "create", "create"],
    ]);
    await expect(`${text}\n`).toMatchFileSnapshot("./testdata/onelens-on-both.txt");
  });
});

test("what refers to objects that are yet to be made is planned by what they will tell", async () => {
  const { value } = await compared([join(root, "examples/onelens-workflow")]);
  expect(value.clouds.map(({ total }) => total.refused)).toEqual([0, 0]);
  const find = (kind: string) =>
    value.objects.find((one) => one.kind === kind && one.name === "onyx-workflow-execution");
  expect(find("Workflow")?.on).toMatchObject({ aws: { action: "create" }, gcp: { action: "create" } });
  expect(find("TableItem")?.on).toMatchObject({
    aws: {
      action: "create",
      externalName: "onyx-workflow-execution",
      changes: expect.arrayContaining([
        { field: "key", from: null, to: [{ name: "workflowId", value: "onyx-workflow-execution" }] },
        { field: "from", from: null, to: { engineId: expect.stringMatching(/^arn:aws:states:.*:stateMachine:/) } },
      ]),
    },
    gcp: { action: "create" },
  });
  const said = value.objects.flatMap(({ on }) => Object.values(on).flatMap((one) => one?.changes ?? []));
  expect(said.map(({ field }) => field).filter((field) => ["place", "source", "grants"].includes(field))).toEqual([]);
});

describe("where the clouds stand", () => {
  const environment = (name: string, cloud: string, account: string, more = "") =>
    file(
      `${name}.yaml`,
      `apiVersion: onyx.onelens.io/v1alpha1
kind: Environment
metadata: { name: ${name} }
spec: { default: true, cloud: ${cloud}, region: eu-west-1, account: "${account}", clusterName: blue${more} }
`,
    );

  test("an Environment among the files gives names and region; the other cloud is assumed", async () => {
    const { value } = await compared(
      [file("q.yaml", queue("{}")), environment("prod", "aws", "123456789012")],
      "aws,gcp",
      { offline: true },
    );
    expect(value.clouds[0]).toMatchObject({
      target: "prod (aws eu-west-1, 123456789012)",
      assumed: "not asked (--offline). Planned as if nothing were there.",
    });
    expect(value.clouds[1]?.assumed).toMatch(/^assumed: there is no Environment for it/);
    expect(value.objects[0]?.on.aws?.externalName).toMatch(/^prod-shop-orders-/);
    expect(value.objects[0]?.on.gcp?.externalName).toMatch(/^gcp-shop-orders-/);
  });

  test("an object that names an Environment of one cloud is planned for on the other, too", async () => {
    const files = [
      file("q.yaml", queue("{ environmentRef: { name: prod } }")),
      environment("prod", "aws", "123456789012"),
    ];
    const { value } = await compared(files, "aws,gcp", { offline: true });
    expect(value.objects[0]?.on).toMatchObject({
      aws: { action: "create", environment: "prod" },
      gcp: { action: "create", environment: "gcp" },
    });
  });

  test("a cloud that does not answer is planned for as if nothing were there, and that is said", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "key");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    const files = [
      file("q.yaml", queue("{}")),
      environment("prod", "aws", "123456789012", ', endpoints: { default: "http://127.0.0.1:1" }'),
    ];
    const { value, exitCode } = await compared(files, "aws");
    expect(exitCode).toBe(2);
    expect(value.clouds[0]?.assumed).toMatch(
      /^not asked: Environment "prod" is not Ready: .*as if nothing were there/s,
    );
    expect(value.objects[0]?.on.aws?.action).toBe("create");
  });
});

test("what one cloud can't do is refused there, with exit code 1, and planned on the other", async () => {
  const { value, text, exitCode } = await compared([file("q.yaml", queue("{ delay: 30s, portability: Warn }"))]);
  expect(exitCode).toBe(2);
  expect(value.objects[0]?.on.gcp?.deviations).toContainEqual(expect.objectContaining({ field: "delay" }));
  expect(text).toMatch(/delay \(CloudSpecific\)/);

  const strict = await compared([
    file(
      "strict.yaml",
      queue("{ maxMessageBytes: 2000, overrides: { gcp: { retryBackoff: { minimum: 1s, maximum: 2s } } } }"),
    ),
  ]);
  expect(strict.exitCode).toBe(1);
  expect(strict.value.objects[0]?.on).toMatchObject({ aws: { action: "create" }, gcp: { action: "refuse" } });
});

test("a service may start the Workflow that it is bound to; what is more than that is said, and refused nowhere", async () => {
  const text = `
apiVersion: onyx.onelens.io/v1alpha1
kind: Workflow
metadata: { name: fulfil, namespace: shop }
spec: { definition: { do: [{ done: { set: 1 } }] } }
---
apiVersion: onyx.onelens.io/v1alpha1
kind: OnyxService
metadata: { name: checkout, namespace: shop }
spec: { image: checkout:1.0.0, bindings: [{ workflow: fulfil, access: Start }] }
`;
  const { value } = await compared([file("w.yaml", text)], "aws,gcp", { offline: true });
  const on = value.objects.find(({ kind }) => kind === "WorkloadIdentity")?.on;
  expect(on).toMatchObject({
    aws: { action: "create", deviations: [] },
    gcp: { action: "create", deviations: [{ field: "grants", kind: "Covered" }] },
  });
  expect(on?.aws?.want?.permissions).toEqual([
    expect.stringMatching(/^allow states:StartExecution on arn:aws:states:.*:stateMachine:aws-shop-fulfil-/),
  ]);
  expect(on?.gcp?.want?.permissions).toEqual([
    "projects/example-project/roles/onyx.workflowStarter on projects/example-project",
  ]);
});

test.each([
  ["aws,azure", '--clouds: "azure" is none of aws, gcp.'],
  ["", "--offline goes with --clouds"],
])("--clouds %j with --offline: %s", async (clouds, message) =>
  expect(compared([file("q.yaml", queue("{}"))], clouds, { offline: true })).rejects.toThrow(message),
);

test("a tenant is planned down to what its services are made of, and of a blueprint nothing is", async () => {
  const environment = file(
    "environment.yaml",
    `
apiVersion: onyx.onelens.io/v1alpha1
kind: Environment
metadata: { name: prod }
spec:
  { default: true, cloud: aws, region: us-east-1, account: "123456789012", clusterName: blue,
    tenancy: { namespace: onyx, tenantTable: { name: onyx-tenant-db }, ssoTable: { name: onyx-auth-sso-tenant-mapping-db } } }
`,
  );
  const { value } = await compared([environment, join(root, "examples/onelens-tenants")], "aws", { offline: true });
  expect(value.clouds.map(({ total }) => total.refused)).toEqual([0]);
  const made = (namespace: string) =>
    value.objects
      .filter((one) => one.namespace === namespace)
      .map(({ kind, name, on }) => `${on.aws?.action} ${kind} ${name}`)
      .sort();
  expect(made("tenant-globex")).toEqual([
    "create Queue requests",
    "create WorkloadIdentity onyx-tenant",
    "create WorkloadIdentity requests-job",
  ]);
  expect(made("tenant-initech")).toContain("create Table findings");
  expect(made("onyx").filter((line) => /requests|findings/.test(line))).toEqual([]);
  expect(made("onyx")).toContain("create TableItem tenant-acme");
  expect(made("onyx").filter((line) => /globex-(reports|ingest|summary)/.test(line))).toEqual([
    "create Bucket globex-reports",
    "create Queue globex-reports",
    "create WorkloadIdentity globex-ingest",
    "none TableItem globex-summary",
  ]);
});
