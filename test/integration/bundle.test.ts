import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { type Bundled, bundle } from "../../hack/packaging/bundle.ts";
import { prepareAccount } from "../../hack/platform/account.ts";
import { installCharts } from "../../hack/platform/chart.ts";
import { AWS, type Endpoints, GCP } from "../../hack/platform/environment.ts";
import { type Operator, startOperator } from "../../hack/platform/operator.ts";
import { type Clouds, type Cluster, startClouds, startCluster } from "../../hack/testbed/index.ts";
import { readImage } from "../support/image.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const image = readImage(root);
const flags = image.entrypoint.slice(0, -1);
const NAME = "bundle";
/** The first run on a machine builds the control plane. */
const COLD_BUILD_MS = 30 * 60_000;

let folder: string;
let built: Bundled;
/** Where the operator begins, in a folder that holds its files and nothing else, as /app does. */
let app: string;
const servers: Server[] = [];

const filesOf = (program: string) => built.programs.find(({ name }) => name === program)?.files ?? [];

/** A server of this machine, as http://127.0.0.1:port. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "onyx-bundle-"));
  built = await bundle(root, join(folder, "dist"));
  app = join(folder, "app", "onyx-operator.mjs");
  for (const file of filesOf("onyx-operator")) cpSync(join(folder, "dist", file), join(folder, "app", file));
}, COLD_BUILD_MS);

afterAll(() => {
  for (const server of servers) server.close();
  if (folder) rmSync(folder, { recursive: true });
});

test("the same sources give the same bytes, from what Docker sees of them alone", async () => {
  const stage = join(folder, "stage");
  mkdirSync(stage);
  image.copyBuildStage(stage);
  const out = join(folder, "again");
  await run(process.execPath, ["hack/bundle.ts", "--out", out], { cwd: stage });
  for (const name of [...filesOf("onyx-operator"), ...filesOf("onyx-ingest"), "onyx.mjs", "THIRD-PARTY.txt"])
    expect(readFileSync(join(out, name)).equals(readFileSync(join(folder, "dist", name))), name).toBe(true);
}, 120_000);

test("programs say nothing of where they were built, and their maps lie beside them", () => {
  expect(readdirSync(join(folder, "dist")).sort()).toEqual([
    "THIRD-PARTY.txt",
    "onyx-ingest",
    "onyx-ingest.mjs",
    "onyx-ingest.mjs.map",
    "onyx-operator",
    "onyx-operator.mjs",
    "onyx-operator.mjs.map",
    "onyx.mjs",
    "onyx.mjs.map",
  ]);
  for (const path of built.programs.flatMap(({ files }) => files)) {
    const text = readFileSync(join(folder, "dist", path), "utf8");
    expect(text.includes(root), path).toBe(false);
    expect(text.includes("sourceMappingURL=onyx"), path).toBe(false);
    expect(existsSync(join(folder, "dist", `${path}.map`)), path).toBe(true);
  }
});

test("what the operator begins with holds no library of a cloud, and no schemas: they would take memory for nothing", () => {
  const map = JSON.parse(readFileSync(`${app.replace("/app/", "/dist/")}.map`, "utf8")) as { sources: string[] };
  const packages = new Set(
    map.sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []),
  );
  expect(packages).toContain("undici");
  expect([...packages].filter((name) => /^(@aws-sdk|@smithy|@google-cloud|google-|@grpc|zod$)/.test(name))).toEqual([]);
});

test("each program runs by itself, and the one for users is one file", async () => {
  const alone = join(folder, "alone", "onyx.mjs");
  cpSync(join(folder, "dist", "onyx.mjs"), alone);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect((await run(process.execPath, [...flags, app, "--version"])).stdout.trim()).toBe(version);
  expect((await run(process.execPath, [alone, "--version"])).stdout.trim()).toBe(version);
  const plan = ["plan", "-f", join(root, "examples/queue"), "-f", join(root, "examples/environment"), "--clouds=aws"];
  const told = await run(process.execPath, [alone, ...plan]).catch((error) => error as { stdout: string });
  expect(told.stdout).toContain("Queue");
});

test("no program but the worker has DuckDB", () => {
  for (const { files } of built.programs)
    for (const file of files) {
      const text = readFileSync(join(folder, "dist", file), "utf8");
      if (text.includes("@duckdb/node-bindings")) expect(file).toMatch(/^onyx-ingest/);
    }
});

test("the worker loads DuckDB and waits for messages, with the flags of its image", async () => {
  const asked: string[] = [];
  const queue = await serve((request, response) => {
    asked.push(String(request.headers["x-amz-target"]));
    response.setHeader("content-type", "application/x-amz-json-1.0");
    setTimeout(() => response.end("{}"), 50);
  });
  const alone = join(folder, "ingest");
  for (const file of filesOf("onyx-ingest")) cpSync(join(folder, "dist", file), join(alone, file));
  for (const name of readdirSync(join(root, "node_modules/@duckdb")).filter((one) => one.startsWith("node-bindings")))
    cpSync(join(root, "node_modules/@duckdb", name), join(alone, "node_modules/@duckdb", name), { recursive: true });
  cpSync(join(root, "node_modules/detect-libc"), join(alone, "node_modules/detect-libc"), { recursive: true });
  const own = readImage(root, "ingest").entrypoint.slice(0, -1);
  const costs = { source: "shop", queue: "reports", bucket: "reports", table: "costs" };
  const child = spawn(process.execPath, [...own, join(alone, "onyx-ingest.mjs")], {
    env: {
      PATH: "",
      HOME: folder,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      ONYX_CLOUD: "aws",
      ONYX_REGION: "us-east-1",
      ONYX_ACCOUNT: "000000000000",
      ONYX_ENDPOINTS: JSON.stringify({ default: queue }),
      ONYX_COSTS: JSON.stringify(costs),
      QUEUE_REPORTS_URL: `${queue}/000000000000/reports`,
      BUCKET_REPORTS: "reports",
      TABLE_COSTS_NAME: "costs",
    },
  });
  try {
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    await expect.poll(() => asked.length > 1 || (child.exitCode !== null && said), { timeout: 20_000 }).toBe(true);
    child.kill("SIGTERM");
    expect(await ended, said).toBe(0);
    expect(new Set(asked)).toEqual(new Set(["AmazonSQS.ReceiveMessage"]));
  } finally {
    child.kill("SIGKILL");
  }
}, 60_000);

test("the licences of all that is inside go along", () => {
  const text = readFileSync(join(folder, "dist", "THIRD-PARTY.txt"), "utf8");
  expect(built.packages.length).toBeGreaterThan(50);
  for (const { name, version, license } of built.packages) expect(text).toContain(`${name} ${version}: ${license}`);
});

test("Google's credentials of a pod are found with the flags of the image", async () => {
  const metadata = await serve((request, response) => {
    response.setHeader("Metadata-Flavor", "Google");
    if (!request.url?.includes("/token")) return void response.end();
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ access_token: "of-the-pod", expires_in: 3600, token_type: "Bearer" }));
  });
  const script = `
    import { credentialsOf } from ${JSON.stringify(join(root, "adapters/gcp/credentials.ts"))};
    const headers = await credentialsOf({ account: "demo" }, false).getRequestHeaders("https://pubsub.googleapis.com/");
    console.log(headers.get("authorization"));`;
  const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "--eval", script], {
    env: { PATH: "", HOME: folder, GCE_METADATA_HOST: metadata.slice("http://".length) },
  });
  expect(stdout.trim()).toBe("Bearer of-the-pod");
});

/** A cluster with the chart, both clouds behind it, and the program as the image runs it. */
async function platform(
  env: Readonly<Record<string, string>>,
): Promise<{ cluster: Cluster; clouds: Clouds; operator: Operator; stop(): Promise<void> }> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const clouds = await startClouds({ name: NAME });
    stops.push(clouds.stop);
    const cluster = await startCluster({ name: NAME, parts: ["controllers"] });
    stops.push(cluster.stop);
    await installCharts(cluster, []);
    const operator = await startOperator({
      cluster,
      keep: false,
      program: [...flags, app],
      env: { ...(await podIdentity()), ...env },
    });
    stops.push(operator.stop);
    return { cluster, clouds, operator, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What EKS Pod Identity gives a pod: an address that hands out credentials to who shows a token. */
async function podIdentity(): Promise<Readonly<Record<string, string | undefined>>> {
  const token = join(folder, "token");
  writeFileSync(token, "of-the-pod");
  const agent = await serve((request, response) => {
    if (request.headers.authorization !== "of-the-pod") return void response.writeHead(403).end();
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        AccessKeyId: "test",
        SecretAccessKey: "test",
        Token: "test",
        Expiration: new Date(Date.now() + 3_600_000).toISOString(),
      }),
    );
  });
  return {
    HOME: join(folder, "nobody"),
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_PROFILE: undefined,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
  };
}

test("the program makes and removes resources in both clouds, with the flags of the image", async () => {
  const traced: string[] = [];
  const collector = await serve((request, response) => {
    traced.push(request.url ?? "");
    response.end();
  });
  const { cluster, clouds, operator, stop } = await platform({ OTEL_EXPORTER_OTLP_ENDPOINT: collector });
  try {
    const at: Endpoints = {
      aws: clouds.aws.endpoint,
      gcpGrpc: clouds.gcp.grpcEndpoint,
      gcpRest: clouds.gcp.restEndpoint,
    };
    await Promise.all([prepareAccount("aws", NAME, at), prepareAccount("gcp", NAME, at)]);
    const environment = (cloud: "aws" | "gcp", spec: object) => ({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Environment",
      metadata: { name: cloud },
      spec: { cloud, clusterName: NAME, stage: "dev", ...spec },
    });
    const in_ = (cloud: string, kind: string, name: string, spec: object) => ({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind,
      metadata: { name: `${cloud}-${name}`, namespace: "default" },
      spec: { environmentRef: { name: cloud }, ...spec },
    });
    const objects = ["aws", "gcp"].flatMap((cloud) => [
      in_(cloud, "Queue", "jobs", { deletionPolicy: "Delete" }),
      in_(cloud, "Table", "data", {
        partitionKey: { name: "id", type: "String" },
        deletionPolicy: "Delete",
        deletionProtection: false,
      }),
      in_(cloud, "WorkloadIdentity", "worker", {
        serviceAccountRef: { name: `${cloud}-worker` },
        grants: [
          { kind: "Queue", name: `${cloud}-jobs`, access: "Consume" },
          { kind: "Table", name: `${cloud}-data`, access: "Read" },
        ],
      }),
    ]);
    const yaml = [
      environment("aws", { ...AWS, default: true, endpoints: { default: at.aws } }),
      environment("gcp", {
        ...GCP,
        endpoints: {
          default: `http://${at.gcpGrpc}`,
          monitoring: at.gcpRest,
          storage: at.gcpRest,
          eventarc: at.gcpRest,
          workflows: at.gcpRest,
          workflowexecutions: at.gcpRest,
          iam: at.gcpRest,
          storagetransfer: at.gcpRest,
        },
      }),
      ...objects,
    ]
      .map((object) => stringify(object))
      .join("---\n");
    await cluster.kubectl(["apply", "--server-side", "-f=-"], yaml);
    await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=90s", "-f=-"], yaml).catch(async (error) => {
      throw new Error(`${error.message}\n${await cluster.kubectl(["get", "-o=yaml", "-f=-"], yaml)}`);
    });
    await cluster.kubectl(["delete", "--timeout=90s", "-f=-"], yaml);
    await operator.stop();
    expect(traced).toContain("/v1/traces");
  } finally {
    await stop();
  }
}, 300_000);
