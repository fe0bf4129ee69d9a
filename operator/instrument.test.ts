import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { createInstrumentation } from "./instrument.ts";
import type { Place } from "./provider/cloud.ts";
import { ProviderError } from "./provider/fault.ts";
import type { Call } from "./provider/provider.ts";
import type { AnyProvider } from "./reconcile/environment-view.ts";
import { createLog } from "./runtime/log.ts";
import { createFakeClock } from "./runtime/testing/fake-clock.ts";

const never = new AbortController().signal;
const call = (namespace: string): Call => ({
  signal: never,
  token: "t",
  owner: { environment: "e", cluster: "c", namespace, kind: "Queue", name: "q", uid: "u" },
});
const place = (environment: string, account = "123456789012"): Place => ({
  environment,
  cluster: "c",
  region: "us-east-1",
  account,
  workloadIdentity: "Native",
  endpoints: {},
});

function world(observe: AnyProvider["observe"] = async () => ({ exists: false })) {
  const clock = createFakeClock();
  const registry = new Registry();
  const seen: string[] = [];
  const provider = {
    ids: "derived",
    immutable: [],
    service: "sqs",
    observe: async (...asked: Parameters<AnyProvider["observe"]>) => {
      seen.push(asked[1].owner.namespace);
      return observe(...asked);
    },
  } as unknown as AnyProvider;
  const instruments = createInstrumentation({
    clock,
    registry,
    log: createLog({ level: "silent" }),
    tracing: { span: (_name: string, _attributes: object, run: () => Promise<unknown>) => run() } as never,
    fence: { check: () => {} } as never,
  });
  const look = (one: AnyProvider, namespace: string) => one.observe({ name: "q", footprint: [] }, call(namespace));
  const gauge = async (name: string) =>
    (await registry.getSingleMetric(name)?.get())?.values.map(({ labels, value }) => ({ ...labels, value }));
  return { clock, instruments, provider, seen, look, gauge };
}

it("has one budget for an account and service, however many kinds and Environments call it", async () => {
  const { clock, instruments, provider, seen, look, gauge } = world();
  const blue = instruments.wrap("Queue", provider, place("blue"), { sqs: 10 });
  const green = instruments.wrap("Topic", provider, place("green"), { default: 5 });
  instruments.wrap("Queue", provider, place("far", "999999999999"), undefined);
  expect(instruments.budgets("123456789012")).toEqual([{ service: "sqs", perSecond: 5, use: "Low" }]);

  const all = Array.from({ length: 20 }, (_, n) => look(n % 2 ? blue : green, "shop"));
  await clock.advance(0);
  expect(seen.length).toBe(5);
  await clock.advance(4_000);
  await Promise.all(all);
  expect(await gauge("onyx_cloud_budget_limit")).toEqual([
    { account: "123456789012", service: "sqs", value: 5 },
    { account: "999999999999", service: "sqs", value: 100 },
  ]);
  expect((await gauge("onyx_cloud_budget_used_ratio"))?.[0]?.value).toBeCloseTo(20 / 300);
  expect(instruments.budgets("123456789012")).toEqual([{ service: "sqs", perSecond: 5, use: "Waiting" }]);
  expect(instruments.budgets("999999999999")).toEqual([{ service: "sqs", perSecond: 100, use: "Low" }]);
});

it("follows a limit that an Environment changes", () => {
  const { instruments, provider } = world();
  const limit = (sqs: number) => {
    instruments.wrap("Queue", provider, place("blue"), { sqs });
    return instruments.budgets("123456789012")[0]?.perSecond;
  };
  expect([limit(10), limit(3), limit(50)]).toEqual([10, 3, 50]);
});

it("is fair between namespaces that share it", async () => {
  const { clock, instruments, provider, seen, look } = world();
  const wrapped = instruments.wrap("Queue", provider, place("blue"), { sqs: 1 });
  const all = [...Array.from({ length: 50 }, () => look(wrapped, "big")), look(wrapped, "small")];
  await clock.advance(3_000);
  expect(seen.indexOf("small")).toBeGreaterThanOrEqual(0);
  expect(seen.indexOf("small")).toBeLessThanOrEqual(2);
  await clock.advance(60_000);
  await Promise.all(all);
});

it("shows that a cloud throttles, until a minute after it stopped", async () => {
  const { clock, instruments, provider, look, gauge } = world(async () => {
    throw new ProviderError("throttled", "slow down", { step: "set tags" });
  });
  const wrapped = instruments.wrap("Queue", provider, place("blue"), { sqs: 10 });
  await expect(look(wrapped, "shop")).rejects.toThrow("slow down");
  expect(instruments.budgets("123456789012")[0]?.use).toBe("Throttled");
  expect(await gauge("onyx_cloud_throttled")).toEqual([{ account: "123456789012", service: "sqs", value: 1 }]);
  expect((await gauge("onyx_cloud_budget_rate"))?.[0]?.value).toBe(5);
  clock.freeze(61_000);
  expect(instruments.budgets("123456789012")[0]?.use).toBe("Low");
});

it("lets the limit of an Environment go with it", () => {
  const { instruments, provider } = world();
  instruments.wrap("Queue", provider, place("blue"), { sqs: 10 });
  instruments.wrap("Queue", provider, place("green"), { sqs: 5 });
  const limit = () => instruments.budgets("123456789012")[0]?.perSecond;
  expect(limit()).toBe(5);
  instruments.forget("green");
  expect(limit()).toBe(10);
  instruments.wrap("Queue", provider, place("green"), { sqs: 7 });
  expect(limit()).toBe(7);
});
