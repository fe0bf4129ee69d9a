/** Settings of a pull subscription alone: canonical forms both ways. Pure. */

import { isDeepStrictEqual } from "node:util";
import type { QueueWant } from "../../controllers/leaf/wants.ts";
import { durationSeconds } from "../../crds/duration.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Deviation, Neutral } from "../../operator/provider/provider.ts";
import type { Subscription } from "./pubsub.ts";

type Overrides = QueueWant["overrides"];

/** Each override, and why the other cloud has none of it. */
const WHY: Readonly<Record<string, string>> = {
  retryBackoff: "SQS has no backoff between deliveries; there a consumer changes the visibility of the message.",
  exactlyOnce: "SQS delivers at least once; a consumer there must bear to see a message twice.",
  retainAcknowledged: "SQS forgets what was acknowledged.",
  messageStorage: "SQS keeps messages in the region of the queue.",
};

/** The override behind each path of the update mask. */
const PATHS: Readonly<Record<string, string>> = {
  retry_policy: "retryBackoff",
  expiration_policy: "expiresAfterSeconds",
  enable_exactly_once_delivery: "exactlyOnce",
  retain_acked_messages: "retainAcknowledged",
};

/** The paths of the update mask that lead from what is seen to what is wanted. */
export const overridePaths = (seen: Overrides, want: Overrides): readonly string[] =>
  Object.keys(PATHS).filter((path) => !isDeepStrictEqual(seen[PATHS[path] ?? ""], want[PATHS[path] ?? ""]));

/** The overrides in use as deviations. @throws ProviderError invalid, for one that this cloud hasn't */
export function checkQueueOverrides(given: Overrides): readonly Deviation[] {
  const used = Object.keys(given).filter((field) => given[field] !== undefined && given[field] !== null);
  const unknown = used.find((field) => !Object.hasOwn(WHY, field));
  if (unknown !== undefined)
    throw new ProviderError(
      "invalid",
      `overrides.gcp.${unknown}: there is no such setting; there are ${Object.keys(WHY).join(", ")}`,
      { code: "UnknownOverride" },
    );
  return used.map((field) => ({
    field: `overrides.gcp.${field}`,
    kind: "CloudSpecific",
    message: WHY[field] ?? "",
  }));
}

interface Backoff {
  readonly minimumSeconds: number;
  readonly maximumSeconds: number;
}

/** The retry backoff of a Want: durations as text from spec, or seconds once fitted. */
function backoffOf(value: Neutral): Backoff | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const given = value as { readonly [key: string]: Neutral };
  const read = (name: "minimum" | "maximum") => given[`${name}Seconds`] ?? durationSeconds(String(given[name]));
  return { minimumSeconds: Number(read("minimum")), maximumSeconds: Number(read("maximum")) };
}

/** The overrides in their one form, and where Pub/Sub gives other waits than asked. */
export function fitQueueOverrides(given: Overrides): {
  readonly overrides: Overrides;
  readonly deviations: readonly Deviation[];
} {
  const deviations: Deviation[] = [...checkQueueOverrides(given)];
  const { min, max } = limits.queue.retryBackoff.gcp;
  const clamp = (asked: number, field: string): number => {
    const value = Math.min(max, Math.max(min, asked));
    if (value !== asked)
      deviations.push({
        field: `overrides.gcp.retryBackoff.${field}`,
        kind: "Clamped",
        message: `Pub/Sub takes ${min} to ${max} s; ${asked} s was asked, ${value} s is given.`,
      });
    return value;
  };
  const backoff = backoffOf(given.retryBackoff);
  const overrides = {
    ...(backoff && {
      retryBackoff: {
        minimumSeconds: clamp(backoff.minimumSeconds, "minimum"),
        maximumSeconds: clamp(backoff.maximumSeconds, "maximum"),
      },
    }),
    ...(given.exactlyOnce === true && { exactlyOnce: true }),
    ...(given.retainAcknowledged === true && { retainAcknowledged: true }),
  };
  return { overrides, deviations };
}

/** The fields of a subscription that the overrides stand for: everything explicit, the cloud's defaults are not ours. */
export function toSettings(overrides: Overrides): Subscription {
  const backoff = backoffOf(overrides.retryBackoff);
  return {
    // Without ttl it never expires; left out, it is deleted after 31 idle days.
    expirationPolicy: {},
    enableExactlyOnceDelivery: overrides.exactlyOnce === true,
    retainAckedMessages: overrides.retainAcknowledged === true,
    retryPolicy: backoff
      ? {
          minimumBackoff: { seconds: backoff.minimumSeconds },
          maximumBackoff: { seconds: backoff.maximumSeconds },
        }
      : null,
  };
}

/** The live settings. */
export function liveOverrides(found: Subscription): Overrides {
  const { retryPolicy, expirationPolicy } = found;
  const ttl = Number(expirationPolicy?.ttl?.seconds ?? 0);
  return {
    ...(retryPolicy && {
      retryBackoff: {
        minimumSeconds: Number(retryPolicy.minimumBackoff?.seconds ?? 0),
        maximumSeconds: Number(retryPolicy.maximumBackoff?.seconds ?? 0),
      },
    }),
    ...(found.enableExactlyOnceDelivery && { exactlyOnce: true }),
    ...(found.retainAckedMessages && { retainAcknowledged: true }),
    // Never wanted: a subscription that deletes itself when it is idle is drift.
    ...((ttl > 0 || !expirationPolicy) && { expiresAfterSeconds: ttl || 31 * 86_400 }),
  };
}
