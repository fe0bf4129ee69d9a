import { setTimeout as rest } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { CREDENTIALS } from "../../hack/platform/environment.ts";
import { type Cluster, startCluster } from "../../hack/testbed/index.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import type { Cloud } from "../../operator/provider/provider.ts";
import { type Api, apiOf } from "../support/api.ts";
import { type ApiserverControl, controlApiserver } from "../support/apiserver.ts";
import { applyTo, installKinds } from "../support/managed.ts";
import { environmentOf, namespace, type Side, secretOf, startSide } from "../support/side.ts";
import { createSkippingClock, type SkippingClock } from "../support/skipping-clock.ts";
import { createEvidence, type Evidence } from "./evidence.ts";
import { openWire, type Wire } from "./wire.ts";
import { createWork, type Work } from "./work.ts";

/** A cluster and a cloud in which operators live and die. Everything runs in this process but the servers. */
export interface Lane {
  readonly side: Side;
  readonly kinds: readonly Tried[];
  readonly cluster: Cluster;
  /** Straight to the API server: what users do, and what they see. */
  readonly api: Api;
  readonly apiserver: ApiserverControl;
  /** The time of all operators of the lane. */
  readonly clock: SkippingClock;
  readonly wire: Wire;
  readonly work: Work;
  /**
   * Ports of the operators' gates, by what is behind them: one operator has them after the other, so that what they tell of
   * addresses stays the same.
   */
  readonly gates: Map<string, number>;
  readonly evidence: Evidence;
  /** Texts that are secret: they must turn up nowhere but in Secrets. */
  readonly canaries: string[];
  /** A new namespace. */
  namespace(): Promise<string>;
  /** Has a namespace deleted, with all that is in it, and waits for nothing. */
  leave(namespace: string): Promise<void>;
  /**
   * Waits until something holds. While nothing passes between the operator and its servers, its time is leapt over.
   * @throws Error after two minutes of real time, or one in which an hour of the lane's went by
   */
  until(what: string, holds: () => Promise<boolean> | boolean, options?: UntilOptions): Promise<void>;
  stop(): Promise<void>;
}

export interface UntilOptions {
  /** More to say when the time is over. */
  readonly explain?: () => string;
  /** How much time is leapt over at once, in ms; 15,000 if left out. */
  readonly stepMs?: number;
}

const REAL_LIMIT_MS = 120_000;
const LANE_LIMIT_MS = 3_600_000;
/** Kubernetes' garbage collector, whose time is the real one, rests for up to 30 s after kinds were added. */
const REAL_AT_LEAST_MS = 60_000;
/** Nobody is at work who says nothing for so long. */
const QUIET_MS = 40;
/** What is due later than that is not called before what is due now has been at work. */
const STEP_MS = 15_000;

export async function startLane(cloud: Cloud, run: string): Promise<Lane> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const cluster = await startCluster({ name: run, parts: ["controllers"] });
    stops.push(() => cluster.stop());
    const apiserver = controlApiserver(cluster, { serviceAccounts: true });
    stops.push(() => apiserver.stop());
    const side = await startSide(cloud, run);
    stops.push(() => side.stop());
    await installKinds(cluster);
    const api = apiOf(cluster);
    stops.push(() => api.transport.close());
    const wire = await openWire({ server: cluster.server, tls: tlsOf(cluster) }, side);
    stops.push(() => wire.stop());
    const canary = `canary-${process.pid}-k8w3v9`;
    await applyTo(cluster, namespace(CREDENTIALS.namespace));
    const secret = secretOf({ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: canary });
    await applyTo(cluster, secret, environmentOf(side.cloud));
    const clock = createSkippingClock();
    const work = createWork();
    let namespaces = 0;
    return {
      side,
      kinds: side.kinds,
      cluster,
      api,
      apiserver,
      clock,
      wire,
      work,
      gates: new Map(),
      evidence: createEvidence(),
      canaries: [canary],
      async namespace() {
        const name = `n-${++namespaces}`;
        await applyTo(cluster, namespace(name));
        return name;
      },
      leave: async (namespace) =>
        void (await cluster.kubectl(["delete", "namespace", namespace, "--wait=false", "--ignore-not-found"])),
      async until(what, holds, { explain, stepMs = STEP_MS } = {}) {
        const [real, own] = [performance.now(), clock.monotonic()];
        let leapt = real;
        while (!(await holds())) {
          const waited = performance.now() - real;
          const passed = clock.monotonic() - own;
          if (waited > REAL_LIMIT_MS || (waited > REAL_AT_LEAST_MS && passed > LANE_LIMIT_MS)) {
            throw new Error(`${what}: not within ${Math.round(passed / 1000)} s${explain ? `: ${explain()}` : ""}`);
          }
          const quiet = Math.min(wire.quietMs(), performance.now() - leapt);
          if (quiet >= QUIET_MS && !work.isUnderWay()) {
            clock.skip(stepMs);
            leapt = performance.now();
          }
          await rest(5);
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tlsOf(cluster: Cluster) {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const bytes = (data: string | undefined) => Buffer.from(data ?? "", "base64");
  const user = config.getCurrentUser();
  return {
    ca: bytes(config.getCurrentCluster()?.caData),
    cert: bytes(user?.certData),
    key: bytes(user?.keyData),
  };
}
