import { z } from "zod";
import type { CostsPlace } from "../provider/costs.ts";
import type { Cloud } from "../provider/provider.ts";
import type { WorkerOptions } from "./worker.ts";

const texts = z.array(z.string());
const allocation = z.strictObject({
  name: z.string().min(1),
  from: z.strictObject({
    services: texts.optional(),
    accounts: texts.optional(),
    tags: z.record(z.string(), texts).optional(),
  }),
  over: z.union([z.literal("account"), z.strictObject({ tag: z.string() })]),
  by: z.union([z.enum(["Proportional", "Even"]), z.record(z.string(), z.string().regex(/^\d+(\.\d{1,18})?$/))]),
});

/** What `ONYX_COSTS` holds, as JSON. Queue, bucket and table are names of objects that the worker is bound to. */
const costs = z.strictObject({
  source: z.string().min(1),
  generation: z.int().nonnegative().default(0),
  queue: z.string().min(1),
  bucket: z.string().min(1),
  table: z.string().min(1),
  prefix: z.string().default(""),
  tagKeys: texts.default([]),
  allocations: z.array(allocation).default([]),
  rejectedShare: z.number().min(0).max(1).default(0.01),
  settleSeconds: z.int().nonnegative().default(60),
  holdSeconds: z.int().min(20).max(600).default(120),
  anomalyFloor: z
    .string()
    .regex(/^\d{1,20}(\.\d{1,18})?$/)
    .default("1"),
  folder: z.string().default("/work"),
  memoryMb: z.int().min(64).default(224),
  threads: z.int().min(1).default(2),
  maxBytes: z
    .int()
    .positive()
    .default(4 * 2 ** 30),
});

/** Where the worker runs and what it works on. */
export interface WorkerConfig extends CostsPlace {
  readonly cloud: Cloud;
  readonly options: WorkerOptions;
}

/**
 * From the environment: `ONYX_COSTS`, the variables that say where a pod runs, and those of the bindings to the Queue, the
 * Bucket and the Table, such as QUEUE_REPORTS_URL of Queue `reports`.
 *
 * @throws Error for people: which variable, and what is wrong with it
 */
export function configOf(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const required = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`The environment variable ${name} is missing.`);
    return value;
  };
  const cloud = required("ONYX_CLOUD");
  if (cloud !== "aws" && cloud !== "gcp") throw new Error(`ONYX_CLOUD is "${cloud}": it is aws or gcp.`);
  const parsed = costs.safeParse(json("ONYX_COSTS", required("ONYX_COSTS")));
  if (!parsed.success) throw new Error(`ONYX_COSTS can't be read: ${z.prettifyError(parsed.error)}`);
  const { queue, bucket, table, ...options } = parsed.data;
  const undeclared = options.allocations
    .flatMap(({ from, over }) => [...Object.keys(from.tags ?? {}), ...(over === "account" ? [] : [over.tag])])
    .find((key) => !options.tagKeys.includes(key));
  if (undeclared !== undefined)
    throw new Error(`ONYX_COSTS: an allocation goes by the tag ${undeclared}, which tagKeys lacks.`);
  return {
    cloud,
    region: required("ONYX_REGION"),
    account: required("ONYX_ACCOUNT"),
    endpoints: json("ONYX_ENDPOINTS", env.ONYX_ENDPOINTS ?? "{}") as Record<string, string>,
    queue: outputsIn(env, `QUEUE_${nameOf(queue)}`),
    bucket: outputsIn(env, `BUCKET_${nameOf(bucket)}`),
    table: outputsIn(env, `TABLE_${nameOf(table)}`),
    options: options as WorkerOptions,
  };
}

const nameOf = (object: string) => object.toUpperCase().replace(/[^A-Z0-9]/g, "_");

function outputsIn(
  env: Readonly<Record<string, string | undefined>>,
  prefix: string,
): Readonly<Record<string, string>> {
  const found = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && (name === prefix || name.startsWith(`${prefix}_`))
      ? [[name.slice(prefix.length + 1), value] as const]
      : [],
  );
  if (found.length === 0)
    throw new Error(`No environment variable begins with ${prefix}: the worker is not bound to it.`);
  return Object.fromEntries(found);
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${name} is no JSON.`);
  }
}
