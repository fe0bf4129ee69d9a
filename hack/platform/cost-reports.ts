import { configOf } from "../../operator/ingest/config.ts";
import { take } from "../../operator/ingest/worker.ts";
import type { CostCloud } from "../../operator/provider/costs.ts";
import { ANNOTATIONS } from "../../operator/reconcile/object.ts";
import { openQueue } from "./messages.ts";
import type { Platform } from "./platform.ts";
import { openStores } from "./stores.ts";

/** One line of a report: a day's cost of a service. */
export interface Charge {
  /** `2026-11-30`. */
  readonly day: string;
  readonly service: string;
  readonly amount: string;
  readonly team?: string;
}

/** A report in FOCUS, as CSV, of the charges of one month. */
export function focusReport(month: string, charges: readonly Charge[]): string {
  const next = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1)).toISOString().slice(0, 10);
  const lines = charges.map(({ day, service, amount, team }) =>
    [
      ...[amount, "USD", `${month}-01 00:00:00`, `${next} 00:00:00`, "Usage", `${day} 00:00:00`, `${day} 23:59:59`],
      ...[amount, amount, "", service, "000000000000", team ? `"{""team"":""${team}""}"` : "{}"],
    ].join(","),
  );
  return `${HEADER}\n${lines.join("\n")}\n`;
}

const HEADER =
  "BilledCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,EffectiveCost,ListCost,RegionId,ServiceName,SubAccountId,Tags";

/**
 * A tenant's account delivers a report, and the worker of a TenantCostSource takes it in: the real one, with the variables that
 * its pods have, since the pods of the test bed run no programs. The queue is told in the bucket's stead: not each emulator does.
 *
 * @returns once the message is done: the report is taken in, or refused
 */
export async function deliverReport(
  platform: Platform,
  { namespace, name }: Source,
  key: string,
  content: string,
): Promise<void> {
  const { cloud, endpoints } = platform;
  const json = async (kind: string, path: string) =>
    JSON.parse(await platform.cluster.kubectl(["get", kind, "-n", namespace, "-o", `jsonpath=${path}`]));
  const bindings = await json(`configmap/${name}-ingest-bindings`, "{.data}");
  const env = (await json(`deployment/${name}-ingest`, "{.spec.template.spec.containers[0].env}")) as {
    readonly name: string;
    readonly value: string;
  }[];
  const config = configOf({
    ...bindings,
    ...Object.fromEntries(env.map((one) => [one.name, one.value])),
    ONYX_ENDPOINTS: JSON.stringify(
      cloud === "aws"
        ? { default: endpoints.aws }
        : { default: `http://${endpoints.gcpGrpc}`, storage: endpoints.gcpRest },
    ),
  });
  const [stores, queue] = [openStores(platform, namespace), await openQueue(platform, namespace, `${name}-reports`)];
  const costs = await connect(cloud, config);
  try {
    await stores.put(`${name}-reports`, key, content);
    await queue.sendText(told(costs.bucket.url, key));
    const lines: object[] = [];
    const note = (fields: object, message: string) => void lines.push({ ...fields, message });
    // Nothing else comes that a report could lack.
    const options = { ...config.options, settleSeconds: 0 };
    for (let delivery = await next(costs); delivery; delivery = await next(costs))
      await take(costs, options, { info: note, warn: note }, delivery);
    const handled = lines.map((line) => JSON.stringify(line)).filter((line) => DONE.test(line));
    if (handled.length === 0 || handled.length < lines.length)
      throw new Error(`The worker did not take ${key} in: ${JSON.stringify(lines)}`);
  } finally {
    costs.close();
    stores.close();
    await queue.close();
  }
}

const DONE = /"message":"(message handled|a report is refused)"/;

/** The next message: where the emulator tells of objects too, there are two of one. */
const next = (costs: CostCloud) => costs.queue.receive(AbortSignal.timeout(3_000)).catch(() => undefined);

/** Has the operator look at what the worker told: by itself it does so every few minutes. */
export async function lookAtSummary({ cluster }: Platform, { namespace, name }: Source): Promise<void> {
  const said = `${ANNOTATIONS.reconcileRequestedAt}=${new Date().toISOString()}`;
  await cluster.kubectl(["annotate", "tableitem", `${name}-summary`, "-n", namespace, "--overwrite", said]);
}

/** A TenantCostSource. */
interface Source {
  readonly namespace: string;
  readonly name: string;
}

async function connect(cloud: Platform["cloud"], config: ReturnType<typeof configOf>): Promise<CostCloud> {
  if (cloud === "gcp") return (await import("../../adapters/gcp/costs.ts")).connectCosts(config);
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });
  return (await import("../../adapters/aws/costs.ts")).connectCosts(config);
}

/** docs/guides/notifications.md */
const told = (source: string, key: string) =>
  JSON.stringify({ type: "io.onelens.onyx.bucket.object.created", source, data: { object: { key } } });
