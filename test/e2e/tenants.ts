import { expect } from "vitest";
import { deliverReport, focusReport, lookAtSummary } from "../../hack/platform/cost-reports.ts";
import { applyAndWait, giveNode, type Listed, type Platform } from "../../hack/platform/platform.ts";
import { type Item, openStores } from "../../hack/platform/stores.ts";
import { waitUntil } from "../../hack/testbed/index.ts";
import { eventually } from "../support/eventually.ts";
import type { CloudView } from "./clouds.ts";

const EXAMPLE = "examples/onelens-tenants";
const PLATFORM = "onyx";
const NAMES = ["acme", "globex", "initech"] as const;

type Seen = Listed & { readonly status?: { readonly [field: string]: unknown } };

const tenant = async ({ cluster }: Platform, name: string): Promise<Seen> =>
  JSON.parse(await cluster.kubectl(["get", "tenant", name, "-o=json"]));
const there = async ({ cluster }: Platform, namespace: string, ...what: readonly string[]) =>
  (await cluster.kubectl(["get", "--ignore-not-found", "-o=name", `-n=${namespace}`, ...what]))
    .split("\n")
    .filter(Boolean);

/** The items of one of the platform's tables, by their key. */
async function rows(platform: Platform, table: string, key: string): Promise<Readonly<Record<string, Item>>> {
  const stores = openStores(platform, PLATFORM);
  try {
    return Object.fromEntries((await stores.items(table)).map((item) => [String(item[key]), item]));
  } finally {
    stores.close();
  }
}

/** Three customers, each further apart from the others than the one before. */
export async function onboard(platform: Platform): Promise<void> {
  await giveNode(platform, "initech");
  await applyAndWait(platform, EXAMPLE);
  expect(await rows(platform, "onyx-tenant-db", "tenantId")).toMatchObject({
    acme: { displayName: "Acme Inc.", isolation: "Shared", plan: "starter", domains: ["acme.example"] },
    globex: { isolation: "Namespace", namespace: "tenant-globex", integrations: ["jira", "slack"] },
    initech: { isolation: "Dedicated", branding: { accent: "#b00020" } },
  });
  expect(await rows(platform, "onyx-auth-sso-tenant-mapping-db", "domain")).toMatchObject({
    "acme.example": { tenant: "acme", provider: "google" },
    "globex.example": { tenant: "globex" },
    "globex.test": { tenant: "globex" },
    "initech.example": { tenant: "initech" },
  });
  expect(await there(platform, "default", "namespace/tenant-acme")).toEqual([]);
  const copies = ["queues.onyx.onelens.io/requests", "onyxservice/requests-job", "deployment/requests-job"];
  for (const name of ["tenant-globex", "tenant-initech"])
    expect(await there(platform, name, ...copies)).toHaveLength(3);
  expect(await there(platform, "tenant-globex", "tables.onyx.onelens.io/findings")).toEqual([]);
  expect(await there(platform, "tenant-initech", "tables.onyx.onelens.io/findings")).toHaveLength(1);
  expect((await tenant(platform, "globex")).status).toMatchObject({ phase: "Active", namespace: "tenant-globex" });
}

const BILL = { namespace: PLATFORM, name: "globex" };

/** What an account delivers is taken in by the real worker and told on the Tenant; what is no report changes nothing. */
export async function bill(platform: Platform): Promise<void> {
  const { cluster } = platform;
  const source = async (): Promise<Seen["status"]> =>
    JSON.parse(
      await cluster.kubectl(["get", "tenantcostsource", BILL.name, `-n=${PLATFORM}`, "-o=jsonpath={.status}"]),
    );
  const scheme = platform.cloud === "aws" ? "s3" : "gs";
  expect((await source())?.deliverTo).toMatch(new RegExp(`^${scheme}://demo-onyx-globex-reports-[a-z0-9]+/exports/$`));
  const month = new Date().toISOString().slice(0, 7);
  const charges = [
    { day: `${month}-01`, service: "EC2", amount: "812.505", team: "shop" },
    { day: `${month}-01`, service: "S3", amount: "0.25" },
  ];
  await deliverReport(platform, BILL, "exports/report.csv", focusReport(month, charges));
  await lookAtSummary(platform, BILL);
  await told(source, { month, monthToDate: [{ currency: "USD", amount: "812.755" }], total: "812.76 USD" });
  const globex = async () => (await tenant(platform, "globex")).status;
  await told(globex, { budgetUsed: 81, cost: { month, total: "812.76 USD", monthToDate: [{ amount: "812.755" }] } });
  expect(await eventsOf(platform, "globex")).toContain("ThresholdReached");
  // Rounding apart, the table that kubectl prints is what people see of it.
  expect(await cluster.kubectl(["get", "tenant", "globex", "--no-headers"])).toMatch(/812\.76 USD\s+81/);
  await deliverReport(platform, BILL, "exports/broken.csv", "what,ever\n1,2\n");
  await lookAtSummary(platform, BILL);
  await told(source, {
    lastReport: "exports/broken",
    monthToDate: [{ currency: "USD", amount: "812.755" }],
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: "ReportAccepted", status: "False", reason: "ReportRefused" }),
    ]),
  });
}

async function told(read: () => Promise<Seen["status"]>, expected: object): Promise<void> {
  await eventually(async () => (await read()) ?? {}, expected);
}

async function eventsOf({ cluster }: Platform, name: string): Promise<string> {
  const field = `--field-selector=involvedObject.kind=Tenant,involvedObject.name=${name}`;
  return cluster.kubectl(["get", "events", "-n=default", field, "-o=jsonpath={.items[*].reason}"]);
}

/** From rows to a namespace of its own, and from that to all that is its own. */
export async function strengthen(platform: Platform): Promise<void> {
  const { cluster } = platform;
  const uid = () =>
    cluster.kubectl([
      "get",
      "queues.onyx.onelens.io/requests",
      "-n=tenant-globex",
      "-o=jsonpath={.metadata.uid}{.status.externalId}",
    ]);
  const before = await uid();
  const become = (name: string, spec: object) =>
    cluster.kubectl(["patch", "tenant", name, "--type=merge", `--patch=${JSON.stringify({ spec })}`]);
  await become("acme", { isolation: "Namespace", blueprint: "standard" });
  await become("globex", { isolation: "Dedicated" });
  const isDone = async () => {
    const [acme, globex] = await Promise.all([tenant(platform, "acme"), tenant(platform, "globex")]);
    const ready = [acme, globex].every(
      ({ metadata, status }) =>
        (metadata as { generation?: number }).generation === status?.observedGeneration &&
        status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
    );
    return ready && (await there(platform, "tenant-globex", "tables.onyx.onelens.io/findings")).length === 1;
  };
  await waitUntil(isDone, { what: "The stronger tenants", timeoutMs: 90_000, everyMs: 500 });
  expect(await uid()).toBe(before);
  expect(await there(platform, "tenant-acme", "queues.onyx.onelens.io/requests")).toHaveLength(1);
  await expect(become("globex", { isolation: "Namespace" })).rejects.toThrow(/isolation can only become stronger/);
}

/**
 * All three go, the operator being killed on the way; what holds data stays, and a row says so.
 * @param interrupt kills the operator and starts another
 */
export async function offboard(platform: Platform, view: CloudView, interrupt: () => Promise<void>): Promise<void> {
  const { cluster } = platform;
  const queues = async () => (await view.queues()).filter((name) => /-tenant-(acme|globex|initech)-/.test(name));
  expect(await queues()).toHaveLength(3);
  const remove = (...names: readonly string[]) => cluster.kubectl(["delete", "tenants", ...names, "--wait=false"]);
  await remove("acme", "globex");
  await expect(remove("initech")).rejects.toThrow(/spec\.preventDeletion is true/);
  await waitUntil(async () => (await queues()).length < 3, { what: "The first queue to go", timeoutMs: 90_000 });
  await interrupt();
  expect((await queues()).some((name) => name.includes("-tenant-initech-"))).toBe(true);
  await cluster.kubectl(["patch", "tenant", "initech", "--type=merge", '--patch={"spec":{"preventDeletion":false}}']);
  await remove("initech");
  let left: readonly string[] = [];
  await waitUntil(
    async () => {
      left = (
        await cluster.kubectl([
          "get",
          "tenants",
          "-o=jsonpath={range .items[*]}{.metadata.name}: {.status.conditions}{'\\n'}{end}",
        ])
      )
        .split("\n")
        .filter(Boolean);
      return left.length === 0;
    },
    { what: "The end of all tenants", timeoutMs: 240_000, everyMs: 500, explain: () => left.join("\n") },
  );
  expect(await queues()).toEqual([]);
  for (const name of NAMES) expect(await there(platform, "default", `namespace/tenant-${name}`)).toEqual([]);
  // Their tables hold data, so they stay, and the row that stays lists them.
  const tables = (await view.tables()).filter((name) => name.includes("findings"));
  expect(tables).toHaveLength(2);
  const audit = await rows(platform, "onyx-tenant-audit-db", "tenantId");
  expect(audit).toMatchObject({
    acme: { event: "Offboarded", retainedCount: 0 },
    globex: { event: "Offboarded", retainedCount: 1, retained: [{ kind: "Table", name: "findings" }] },
    initech: { event: "Offboarded", retainedCount: 1, searched: expect.arrayContaining(["Queue", "Table"]) },
  });
  expect(await rows(platform, "onyx-tenant-db", "tenantId")).toEqual({});
  expect(await rows(platform, "onyx-auth-sso-tenant-mapping-db", "domain")).toEqual({});
}
