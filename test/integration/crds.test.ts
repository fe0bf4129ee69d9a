import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { toCrd } from "../../crds/crd.ts";
import type { Kind } from "../../crds/define.ts";
import { API_VERSION } from "../../crds/define.ts";
import { kinds } from "../../crds/index.ts";
import { arbitraryOf } from "../../crds/testing/arbitrary.ts";
import type { Cluster } from "../../hack/testbed/cluster.ts";
import { startCluster } from "../../hack/testbed/cluster.ts";
import { REFUSED } from "./crds.refused.ts";

const root = resolve(import.meta.dirname, "../..");
const all: readonly Kind[] = kinds;
const PROVIDER = "workloadIdentityProvider: projects/42/locations/global/workloadIdentityPools/clusters/providers/prod";
/** The first run on a machine builds the control plane. */
const COLD_BUILD_MS = 30 * 60_000;

vi.setConfig({ testTimeout: 60_000 });
let cluster: Cluster;

interface Result {
  readonly ok: boolean;
  readonly out: string;
  readonly err: string;
}

/** Runs kubectl to its end, whatever it says. */
function kubectl(args: readonly string[], input = ""): Promise<Result> {
  return new Promise((done, fail) => {
    const child = spawn(cluster.kubectlPath, [`--kubeconfig=${cluster.kubeconfig}`, ...args]);
    const read = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (read.out += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (read.err += chunk));
    child.once("error", fail);
    child.once("close", (code) => done({ ok: code === 0, ...read }));
    child.stdin.end(input);
  });
}

async function must(args: readonly string[], input?: string): Promise<string> {
  const { ok, out, err } = await kubectl(args, input);
  if (!ok) throw new Error(`kubectl ${args.join(" ")}: ${err}`);
  return out;
}

const apply = (yaml: string) => kubectl(["apply", "-f", "-"], yaml);

/** The messages in what kubectl printed, without its own words and the server's note that CEL rules were skipped. */
function messagesOf(err: string): string[] {
  const text = err.trim();
  const invalid = /^(?:Error from server \(Invalid\): .*?: \S+|The \w+) "[^"]*" is invalid:\s*([\s\S]*)$/.exec(text);
  if (invalid)
    return ` ${invalid[1]}`
      .split(/(?:^|\n)\s*\* /)
      .map((message) => message.trim())
      .filter((message) => message !== "" && !message.includes("some validation rules were not checked"));
  return [
    text
      .replace(/^Error from server \(BadRequest\): error when creating "STDIN": .* cannot be handled as a \w+: /, "")
      .replace(/^error: resource mapping not found for name: .* from "STDIN": /, "")
      .replace(/^error: error parsing STDIN: error converting YAML to JSON: /, "")
      .replace(/\nensure CRDs are installed first$/, ""),
  ];
}

beforeAll(async () => {
  cluster = await startCluster({ name: "crds" });
  await must(["apply", "--server-side", "-f", join(root, "charts/onyx-crds/templates")]);
  await must([
    "wait",
    "--for=condition=Established",
    "--timeout=60s",
    ...all.map((kind) => `crd/${kind.plural}.${kind.group}`),
  ]);
}, COLD_BUILD_MS);

afterAll(() => cluster?.stop());

describe("the CRDs", () => {
  test.each(all.map((kind) => [kind.kind, kind] as const))(
    "%s is served, and the server finds no fault",
    async (_, kind) => {
      const crd = JSON.parse(await must(["get", "crd", `${kind.plural}.${kind.group}`, "-o", "json"]));
      const conditions = Object.fromEntries(
        crd.status.conditions.map((one: { type: string; status: string }) => [one.type, one.status]),
      );
      expect(conditions).toEqual({ Established: "True", NamesAccepted: "True" });
      const explained = await must(["explain", `${kind.plural}.${kind.group}.spec`]);
      for (const field of Object.keys((kind.spec as unknown as { shape: object }).shape))
        expect(explained).toContain(field);
    },
  );

  test("applying them again changes nothing", async () => {
    const { ok, out } = await kubectl(["diff", "--server-side", "-f", join(root, "charts/onyx-crds/templates")]);
    expect({ ok, out }).toEqual({ ok: true, out: "" });
  });
});

describe("what is wrong is refused with one message", () => {
  test.each(REFUSED.map((one) => [one.what, one] as const))("%s", async (_, { yaml, message, first }) => {
    if (first) await must(["apply", "-f", "-"], first);
    try {
      const { ok, err } = await apply(yaml);
      expect(ok).toBe(false);
      expect(messagesOf(err)).toEqual([message]);
    } finally {
      if (first) await must(["delete", "-f", "-"], first);
    }
  });

  test("an unknown field is only dropped, with a warning, by a client that asks for it", async () => {
    const yaml = `apiVersion: ${API_VERSION}\nkind: Queue\nmetadata: {name: loose}\nspec: {retentoin: 96h}\n`;
    const { ok, err } = await kubectl(["create", "--validate=warn", "--dry-run=server", "-f", "-"], yaml);
    expect(ok).toBe(true);
    expect(err).toContain('Warning: unknown field "spec.retentoin"');
  });
});

describe("what is right is taken", () => {
  test("every example, and applying it again changes nothing", async () => {
    await must(["create", "namespace", "examples"]);
    const folders = [...all.map((kind) => kind.singular), "onelens"].map((name) => join(root, "examples", name));
    for (const folder of folders) {
      const namespace = folder.endsWith("onelens") ? [] : ["-n", "examples"];
      await must(["apply", ...namespace, "-f", folder]);
      const again = await kubectl(["diff", ...namespace, "-f", folder]);
      expect({ folder, ok: again.ok, out: again.out }).toEqual({ folder, ok: true, out: "" });
    }
  });

  test("what one cloud alone can do, with portability: Warn", async () => {
    const spec = "{portability: Warn, delay: 30s, retention: 744h, processingTimeout: 0s, maxMessageBytes: 10000000}";
    const yaml = `apiVersion: ${API_VERSION}\nkind: Queue\nmetadata: {name: wide}\nspec: ${spec}\n`;
    expect((await apply(yaml)).err).toBe("");
  });

  test.each([
    [
      "a role",
      "cloud: aws, region: us-east-1, account: '123456789012'",
      "aws: {roleArn: 'arn:aws:iam::123456789012:role/tenants/globex'}",
    ],
    [
      "a service account",
      "cloud: gcp, region: us-central1, account: my-project",
      `gcp: {${PROVIDER}, serviceAccount: globex@my-project.iam.gserviceaccount.com}`,
    ],
    [
      "a service account of a domain's project",
      "cloud: gcp, region: us-central1, account: 'example.com:my-project'",
      `gcp: {${PROVIDER}, serviceAccount: globex@my-project.example.com.iam.gserviceaccount.com}`,
    ],
  ])("an Environment that acts as a ServiceAccount with %s", async (_, where, as) => {
    const credentials = `{serviceAccountRef: {namespace: identities, name: globex}, ${as}}`;
    const spec = `{${where}, clusterName: c, namespaces: [globex, identities], credentials: ${credentials}}`;
    const yaml = `apiVersion: ${API_VERSION}\nkind: Environment\nmetadata: {name: acting}\nspec: ${spec}\n`;
    expect((await kubectl(["create", "--dry-run=server", "-f", "-"], yaml)).err).toBe("");
  });

  test("a change of what may change, and an external name that was not given before", async () => {
    const yaml = (spec: string) =>
      `apiVersion: ${API_VERSION}\nkind: Queue\nmetadata: {name: changing}\nspec: ${spec}\n`;
    await must(["apply", "-f", "-"], yaml("{retention: 96h}"));
    await must(["apply", "-f", "-"], yaml("{retention: 24h, externalName: found-it}"));
    await must(
      ["apply", "-f", "-"],
      yaml('{retention: 24h, externalName: found-it, enabled: false, disabledReason: "a test"}'),
    );
  });

  test("by server-side apply, {} in the place of an object that had fields", async () => {
    const secret = (spec: string) =>
      must(
        ["apply", "--server-side", "--field-manager=argocd", "-f", "-"],
        `apiVersion: ${API_VERSION}\nkind: ManagedSecret\nmetadata: {name: emptied}\nspec: ${spec}\n`,
      );
    await secret("{generate: {length: 20, charset: Hex}, rotation: {every: 720h}}");
    await secret("{generate: {}}");
    const spec = await must(["get", `managedsecrets.${all[1]?.group}`, "emptied", "-o", "jsonpath={.spec}"]);
    expect(JSON.parse(spec)).toMatchObject({ generate: {} });
    expect(JSON.parse(spec)).not.toHaveProperty("generate.length");
    expect(JSON.parse(spec)).not.toHaveProperty("rotation");
  });

  test("a lock of a Bucket's retention may go while it waits, and not once it was set; more days always", async () => {
    const buckets = `buckets.${all[1]?.group}`;
    const ask = (retention: string) =>
      apply(`apiVersion: ${API_VERSION}\nkind: Bucket\nmetadata: {name: locked}\nspec: {${retention}}\n`);
    const status = (status: object) =>
      must(["patch", buckets, "locked", "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })]);
    const taken = async (retention: string) => expect((await ask(retention)).err).toBe("");
    const lock = (days: number) => `retention: {days: ${days}, lock: true}`;
    await taken(lock(30));
    await taken("retention: {days: 7}");
    await taken(lock(30));
    await status({ externalId: "a", approval: { act: "lock", word: "lock-abcdefgh", loses: "Much." } });
    await taken("");
    await taken(lock(30));
    await status({ approval: null });
    for (const other of ["", "retention: {days: 30}", lock(29), "retention: {days: 60}"])
      expect(messagesOf((await ask(other)).err)).toEqual([
        "spec.retention: Forbidden: a retention that is locked can't be taken away, unlocked or shortened: put the old value back, or give more days",
      ]);
    await taken(`${lock(30)}, tags: {team: a}`);
    await taken(lock(31));
  });

  test("the biggest objects that the schemas allow: the rules' cost stays within the server's budget", async () => {
    const long = (index: number, length: number) => `${"a".repeat(length - 3)}${String(index).padStart(3, "0")}`;
    const times = <T>(count: number, make: (index: number) => T) =>
      Array.from({ length: count }, (_, index) => make(index));
    const attribute = (name: string) => ({ name, type: "String" });
    const specs: Record<string, object> = {
      Table: {
        partitionKey: attribute(long(1, 255)),
        sortKey: attribute(long(2, 255)),
        ttlField: long(3, 255),
        indexes: times(20, (index) => ({
          name: long(index, 255),
          partitionKey: attribute(long(index + 10, 255)),
          sortKey: attribute(long(index + 40, 255)),
        })),
        tags: Object.fromEntries(times(20, (index) => [long(index, 63), long(index, 63)])),
      },
      WorkloadIdentity: {
        serviceAccountRef: { name: long(1, 253) },
        grants: times(200, (index) => ({ kind: "Queue", name: long(index, 253), access: "Consume" })),
      },
      OnyxService: {
        image: "a".repeat(512),
        env: Object.fromEntries(times(256, (index) => [long(index, 128), "x"])),
        config: { data: Object.fromEntries(times(256, (index) => [long(index, 253), "x"])) },
        secrets: times(32, (index) => long(index, 253)),
        bindings: times(32, (index) => ({ queue: long(index, 253), access: "Consume" })),
        ports: times(16, (index) => ({ name: long(index, 15), port: 8000 + index })),
        health: { none: "x".repeat(512) },
        scaling: { min: 1, max: 1000, queueBacklog: { queue: long(31, 253), perReplica: 1 } },
        network: {
          allowFrom: times(64, (index) => ({ service: long(index, 63), namespace: long(index, 63) })),
          allowTo: times(64, () => ({ cidr: "10.0.0.0/8", ports: times(32, (port) => port + 1) })),
        },
      },
    };
    for (const [kind, spec] of Object.entries(specs)) {
      const { err } = await kubectl(
        ["create", "--dry-run=server", "-f", "-"],
        stringify({ apiVersion: API_VERSION, kind, metadata: { name: "big" }, spec }),
      );
      expect({ kind, err }).toEqual({ kind, err: "" });
    }
  });
});

describe("schemas and server agree", () => {
  /** What the server says when a value doesn't fit the OpenAPI schema, whatever the rules say. */
  const BY_SCHEMA = / in body |Unsupported value|Too long|Too many|Duplicate value|unknown field|evaluation error/;

  test.each(all.map((kind) => [kind.kind, kind] as const))(
    "what zod takes of %s the server refuses only by a rule",
    async (_, kind) => {
      const specs = fc.sample(arbitraryOf(kind.spec), { numRuns: 60, seed: 3 });
      const items = specs.map((spec, index) => ({
        apiVersion: API_VERSION,
        kind: kind.kind,
        metadata: { name: `sample-${index}` },
        spec: JSON.parse(JSON.stringify(spec)),
      }));
      const { out, err } = await kubectl(
        ["create", "--dry-run=server", "-o", "name", "-f", "-"],
        JSON.stringify({ apiVersion: "v1", kind: "List", items }),
      );
      const taken = out.trim().split("\n").filter(Boolean).length;
      const refusals = err.split(/^(?=Error from server)/m).filter((text) => text.trim() !== "");
      expect(taken + refusals.length).toBe(items.length);
      const rules = rulesIn(kind);
      const byRule = (text: string) => rules.some((rule) => text.includes(rule)) && !BY_SCHEMA.test(text);
      expect(refusals.filter((text) => !byRule(text)).slice(0, 3)).toEqual([]);
    },
  );

  /** The message of every rule of a kind. */
  const rulesIn = (kind: Kind): string[] => {
    const collect = (node: unknown): string[] =>
      typeof node !== "object" || node === null
        ? []
        : Object.entries(node).flatMap(([key, value]) =>
            key === "x-kubernetes-validations"
              ? (value as { message: string }[]).map((rule) => rule.message)
              : collect(value),
          );
    return collect(toCrd(kind));
  };
});

describe("kubectl", () => {
  const queues = `queues.${all[1]?.group}`;
  const yaml = (name: string, cloud: string) =>
    stringify({ apiVersion: API_VERSION, kind: "Queue", metadata: { name, namespace: "columns" }, spec: {} }) +
    `---\n${cloud}`;

  beforeAll(async () => {
    await must(["create", "namespace", "columns"]);
    for (const cloud of ["aws", "gcp"]) {
      await must(["apply", "-f", "-"], yaml(`on-${cloud}`, ""));
      const time = "2026-01-02T03:04:05Z";
      const condition = (type: string, status: string, reason: string, message: string) => ({
        type,
        status,
        reason,
        message,
        lastTransitionTime: time,
        observedGeneration: 1,
      });
      const status = {
        cloud,
        region: "us-east-1",
        externalName: `prod-columns-on-${cloud}-abc123`,
        conditions: [
          condition("Ready", "True", "Available", "It is there."),
          condition("Synced", "False", "AccessDenied", "No."),
        ],
        effective: { retentionSeconds: 345_600, deadLetter: { maxReceives: 5 } },
        outputs: { QUEUE_ID: "x" },
      };
      await must([
        "patch",
        queues,
        `on-${cloud}`,
        "-n",
        "columns",
        "--subresource=status",
        "--type=merge",
        "-p",
        JSON.stringify({ status }),
      ]);
    }
  });

  test("shows what a person looks for, and more with -o wide", async () => {
    const [head, first] = (await must(["get", "oxq", "-n", "columns"])).split("\n").map((line) => line.split(/\s{2,}/));
    expect(head).toEqual(
      ["NAME", "READY", "SYNCED", "CLOUD", "EXTERNAL-NAME", "AGE"].map((name) => expect.stringContaining(name)),
    );
    expect(first?.slice(0, 5)).toEqual(["on-aws", "True", "False", "aws", "prod-columns-on-aws-abc123"]);
    const wide = await must(["get", "oxq", "-n", "columns", "-o", "wide"]);
    for (const column of ["REASON", "MESSAGE", "DRIFTED", "PORTABLE", "REGION", "ORDERING"])
      expect(wide).toContain(column);
  });

  test("finds all of ours by category", async () => {
    const names = (await must(["get", "onyx", "-A", "-o", "name"])).trim().split("\n");
    const found = new Set(names.map((name) => name.split(".")[0]));
    expect([...found].sort()).toEqual(all.map((kind) => kind.singular).sort());
    const infra = (await must(["get", "onyx-infra", "-A", "-o", "name"])).trim();
    expect(infra).not.toContain("onyxservice");
    const app = (await must(["get", "onyx-app", "-A", "-o", "name"])).trim().split("\n");
    expect(app.every((name) => /^(onyxservice|tenant|tenantcostsource|workflowrun)\./.test(name))).toBe(true);
  });

  test.each([
    ["status.cloud=gcp", ["on-gcp"]],
    ["spec.enabled=true", ["on-aws", "on-gcp"]],
    ["status.cloud=aws,spec.enabled=false", []],
  ])("selects by %s", async (selector, expected) => {
    const out = await must(["get", queues, "-n", "columns", "--field-selector", selector, "-o", "name"]);
    expect(
      out
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((name) => name.split("/")[1]),
    ).toEqual(expected);
  });

  test("keeps status and spec apart, and what the cloud chose as it was written", async () => {
    const live = parse(await must(["get", queues, "on-aws", "-n", "columns", "-o", "yaml"]));
    expect(live.status.effective).toEqual({ retentionSeconds: 345_600, deadLetter: { maxReceives: 5 } });
    expect(live.metadata.generation).toBe(1);
    await must(
      ["apply", "-f", "-"],
      stringify({ ...live, metadata: { name: "on-aws", namespace: "columns" }, status: { cloud: "gcp" } }),
    );
    const after = parse(await must(["get", queues, "on-aws", "-n", "columns", "-o", "yaml"]));
    expect(after.status.cloud).toBe("aws");
  });

  test("scales a service whose replicas nothing else decides, and no other", async () => {
    const service = (name: string, rest: object) =>
      stringify({ apiVersion: API_VERSION, kind: "OnyxService", metadata: { name }, spec: { image: "a", ...rest } });
    await must(["apply", "-f", "-"], service("fixed", { replicas: 1 }));
    await must(["scale", "oxsvc/fixed", "--replicas=3"]);
    expect(await must(["get", "oxsvc", "fixed", "-o", "jsonpath={.spec.replicas}"])).toBe("3");

    const scaling = { min: 1, max: 2, cpu: 70 };
    await must(["apply", "-f", "-"], service("scaled", { scaling, resources: { requests: { cpu: 1 } } }));
    const { ok, err } = await kubectl(["scale", "oxsvc/scaled", "--replicas=3"]);
    expect(ok).toBe(false);
    expect(err).toContain("scaling decides the number of replicas: change scaling.min and scaling.max");
  });
});
