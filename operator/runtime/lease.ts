import type { Random } from "./backoff.ts";
import type { Client, Fence } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { ApiError, isAlreadyExists, isConflict, isNotFound, NotLeaderError } from "./errors.ts";
import { handover, LEASES, type Lease, type LeaseSpec, renewal, takenBy } from "./lease-record.ts";
import type { Log } from "./log.ts";

export interface LeaseOptions {
  /** Must not be fenced by this very lease. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: Random;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process: a restarted one is another. */
  readonly identity: string;
  /** Others wait for so long after the last renewal that they saw; 15,000 if left out. */
  readonly durationMs?: number;
  /** We stop writing so long after we sent the last renewal that succeeded; 10,000 if left out. */
  readonly renewDeadlineMs?: number;
  /** 2,000 if left out. */
  readonly retryMs?: number;
  readonly metrics?: { leading(isLeader: boolean): void } | undefined;
}

/**
 * Leadership by a Lease. Guarantees: of all processes that use the same lease, at most one passes the fence at any
 * time, provided that clocks run at about the same rate; the durations leave a third of the lease for the difference.
 * What they show does not matter: a lease counts as expired when we have seen no change of it for its duration, and
 * our own counts from the moment before a renewal was sent.
 */
export interface LeaderLease {
  /** Shut until the lease is held, and for good once it was lost or released. */
  readonly fence: Fence;
  readonly identity: string;
  isLeader(): boolean;
  /** Waits for the lease, takes it and keeps it. Resolves once it is held. @throws the signal's reason */
  acquire(signal: AbortSignal): Promise<void>;
  /** Resolves with the reason when the lease was lost after it had been held. The process should end then. */
  readonly lost: Promise<NotLeaderError>;
  /** Shuts the fence and gives the lease back, so that the next process takes it at its next look. Never throws. */
  release(): Promise<void>;
}

const DURATION_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
const JITTER = 0.2;

export function createLease(options: LeaseOptions): LeaderLease {
  const { client, clock, identity, metrics, random = Math.random, namespace, name } = options;
  const { durationMs = DURATION_MS, renewDeadlineMs = RENEW_DEADLINE_MS, retryMs = RETRY_MS } = options;
  const at = { namespace, name };
  const log = options.log.child({ lease: `${namespace}/${name}`, identity });
  const shut = new AbortController();
  const lost = Promise.withResolvers<NotLeaderError>();
  let held = false;
  let keeper: object | undefined;
  let onRenewed = () => {};
  let renewedAt = { monotonic: 0, wall: 0 };
  let cancelDeadline = () => {};
  let seen: { record: string; since: number } | undefined;

  const now = () => ({ monotonic: clock.monotonic(), wall: clock.now() });
  const pause = () => retryMs * (1 + random() * JITTER);
  const expired = () => clock.monotonic() - renewedAt.monotonic >= renewDeadlineMs;

  function end(error: NotLeaderError): void {
    held = false;
    keeper = undefined;
    cancelDeadline();
    metrics?.leading(false);
    shut.abort(error);
  }

  function lose(reason: string): NotLeaderError {
    const error = new NotLeaderError(`This process lost the lease "${namespace}/${name}": ${reason}`);
    keeper = undefined;
    if (held) {
      end(error);
      log.error({ err: error }, "the lease was lost; nothing is written any more");
      lost.resolve(error);
    }
    return error;
  }

  /** Counts from the moment before the request was sent: the server can't have renewed any earlier. */
  function renewed(sent: { monotonic: number; wall: number }): void {
    if (shut.signal.aborted || sent.monotonic < renewedAt.monotonic) return;
    renewedAt = sent;
    cancelDeadline();
    onRenewed();
    const left = sent.monotonic + renewDeadlineMs - clock.monotonic();
    cancelDeadline = clock.setTimeout(left, () => {
      if (held) lose(`no renewal succeeded within ${renewDeadlineMs} ms.`);
    });
  }

  /**
   * The timer may come late, for instance after the process was stopped; so each check looks at the clock itself. A
   * machine that slept may not have counted the time on its monotonic clock; then only a renewal can tell.
   */
  function check(): void {
    if (!held)
      throw shut.signal.reason ?? new NotLeaderError(`This process does not hold the lease "${namespace}/${name}".`);
    if (expired()) throw lose(`no renewal succeeded within ${renewDeadlineMs} ms.`);
    if (clock.now() - renewedAt.wall >= durationMs) {
      throw new NotLeaderError(
        `The clock jumped: the lease "${namespace}/${name}" has to be renewed before anything is written.`,
      );
    }
  }

  async function take(before: Lease | undefined): Promise<boolean> {
    const sent = now();
    const spec = takenBy(identity, durationMs, sent.wall, before?.spec);
    const call = { timeoutMs: renewDeadlineMs, retry: false };
    try {
      if (before) {
        const patch = { metadata: { resourceVersion: before.metadata.resourceVersion }, spec };
        await client.patch(LEASES, at, patch, { as: "merge", ...call });
      } else {
        await client.create(LEASES, namespace, { metadata: at, spec } as object, call);
      }
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) return false;
      throw error;
    }
    renewed(sent);
    return true;
  }

  /** Whether the lease is free, going by how long we have seen it unchanged. */
  function isFree(spec: LeaseSpec | undefined): boolean {
    if (!spec?.holderIdentity || spec.holderIdentity === identity) return true;
    const record = JSON.stringify(spec);
    if (seen?.record !== record) seen = { record, since: clock.monotonic() };
    return clock.monotonic() - seen.since >= Math.max(durationMs, (spec.leaseDurationSeconds ?? 0) * 1000);
  }

  async function tryToTake(signal: AbortSignal): Promise<boolean> {
    const lease = await client.find<Lease>(LEASES, at, { signal, timeoutMs: renewDeadlineMs, retry: false });
    return isFree(lease?.spec) ? take(lease) : false;
  }

  async function renew(): Promise<void> {
    const sent = now();
    const call = { signal: shut.signal, timeoutMs: renewDeadlineMs, retry: false };
    try {
      await client.patch(LEASES, at, renewal(identity, sent.wall), { as: "json", ...call });
      renewed(sent);
    } catch (error) {
      if (shut.signal.aborted) return;
      log.warn({ err: error }, "the lease could not be renewed; it is tried again");
      if (isRefusal(error)) await lookAgain().catch((err) => log.warn({ err }, "the lease could not be read"));
    }
  }

  /** The lease is gone, or is another's: the latter ends our leadership at once. */
  async function lookAgain(): Promise<void> {
    const lease = await client.find<Lease>(LEASES, at, {
      signal: shut.signal,
      timeoutMs: renewDeadlineMs,
      retry: false,
    });
    const holder = lease?.spec?.holderIdentity;
    if (lease && holder !== identity) lose(holder ? `"${holder}" holds it now.` : "it was released by someone else.");
    else if (!lease && !expired()) await take(undefined);
  }

  /** Renewals go out at a steady pace, whether or not those before were answered. */
  async function keep(): Promise<void> {
    const mine = {};
    keeper = mine;
    while (keeper === mine) {
      void renew();
      await sleep(clock, pause(), shut.signal).catch(() => {});
    }
  }

  /**
   * Where answers are slow, most of the deadline is over when the lease was taken; so leadership begins with the first
   * renewal, when renewals are already coming in at their pace.
   */
  async function begin(): Promise<boolean> {
    const slow = clock.monotonic() - renewedAt.monotonic > retryMs;
    const first = new Promise<void>((resolve) => {
      onRenewed = resolve;
    });
    void keep();
    if (slow) await Promise.race([first, sleep(clock, renewDeadlineMs, shut.signal).catch(() => {})]);
    held = keeper !== undefined && !expired() && !shut.signal.aborted;
    if (!held) keeper = undefined;
    return held;
  }

  return {
    identity,
    fence: { check, signal: shut.signal },
    lost: lost.promise,
    isLeader: () => held && !expired(),
    async acquire(signal) {
      log.info("waiting for the lease");
      for (;;) {
        if (shut.signal.aborted) throw shut.signal.reason;
        const taken = await tryToTake(signal).catch((error) => {
          if (signal.aborted) throw signal.reason;
          log.warn({ err: error }, "the lease could not be read or taken; it is tried again");
          return false;
        });
        if (signal.aborted) throw signal.reason;
        if (taken && (await begin())) break;
        await sleep(clock, pause(), signal);
      }
      metrics?.leading(true);
      log.info("this process leads");
    },
    async release() {
      const wasHeld = held && !expired();
      end(new NotLeaderError(`This process gave the lease "${namespace}/${name}" back.`));
      if (!wasHeld) return;
      const call = { timeoutMs: retryMs, retry: false };
      await client
        .patch(LEASES, at, handover(identity, clock.now()), { as: "json", ...call })
        .then(() => log.info("the lease was given back"))
        .catch((err) => log.warn({ err }, "the lease could not be given back; it expires by itself"));
    },
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && [404, 409, 422].includes(error.status);
}
