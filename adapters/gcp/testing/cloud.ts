/** A cloud for one test file, and the adapter connected to it. */
import type { Leaves } from "../../../controllers/leaf/wants.ts";
import { startPstest } from "../../../hack/testbed/gcp/pstest.ts";
import { type Gcp as Cloud, startGcp } from "../../../hack/testbed/gcp/start.ts";
import type { CloudConnection, Place } from "../../../operator/provider/cloud.ts";
import { type Owner, ownerTags } from "../../../operator/provider/owner.ts";
import type { At, Call, Observation, Present, Provider, Wanted } from "../../../operator/provider/provider.ts";
import { createClients } from "../clients.ts";
import { connectGcp } from "../connect.ts";
import { createFirestore } from "../firestore.ts";
import { createProjects } from "../projects.ts";
import { createPubSub } from "../pubsub.ts";
import { ensureRoles } from "../roles.ts";

export const PROJECT = "demo-project";
export const REGION = "europe-west1";

interface AdapterOptions {
  readonly operationMillis?: number;
  /** Where an engine answers that runs what is deployed, and whose runs publish to the cloud. Absent: nothing runs. */
  readonly workflowEngine?: string;
}

/** A running cloud with the operator's roles made, and a connection to it. */
export async function startAdapter({ workflowEngine, ...settings }: AdapterOptions = {}) {
  const pstest = await startPstest();
  const cloud = await startGcp({
    pubsub: pstest.address,
    project: PROJECT,
    settings: { operationMillis: 0, ...settings },
    workflowEngine,
  });
  const place: Place = {
    environment: "dev",
    cluster: "gke",
    region: REGION,
    account: PROJECT,
    workloadIdentity: "Native",
    endpoints: {
      default: `http://${cloud.grpc}`,
      iam: cloud.rest,
      monitoring: cloud.rest,
      storage: cloud.rest,
      eventarc: cloud.rest,
      workflows: cloud.rest,
      workflowexecutions: cloud.rest,
      ...(workflowEngine !== undefined && { "pubsub-rest": cloud.rest, "firestore-rest": cloud.rest }),
      storagetransfer: cloud.rest,
    },
  };
  const connect = (): CloudConnection<Leaves> => connectGcp(place, { now: Date.now });
  const clients = createClients(place);
  const connection = connect();
  return {
    cloud,
    place,
    connection,
    /** A second operator, or the first one after a restart: it shares nothing but the cloud. */
    connect,
    /** The same cloud without the adapter's verbs, for what other people do. */
    direct: { pubsub: createPubSub(clients), firestore: createFirestore(clients), projects: createProjects(clients) },
    async prepare() {
      await cloud.control.reset();
      await ensureRoles(place, AbortSignal.timeout(10_000));
      cloud.control.journal.clear();
    },
    /** Calls that change something, since the last time it was asked: `CreateTopic`, `UpdateSubscription`, … */
    writes(): readonly string[] {
      const made = cloud.control.journal.entries().filter(({ mutating, code }) => mutating && code === "OK");
      cloud.control.journal.clear();
      return made.map(({ method }) => method.slice(method.lastIndexOf(".") + 1));
    },
    /** Requests of calls of this method that were answered, in order. */
    requests(method: string): readonly unknown[] {
      return cloud.control.journal
        .entries()
        .filter((entry) => entry.method.endsWith(`.${method}`))
        .map(({ request }) => request);
    },
    async close() {
      connection.close();
      clients.close();
      await cloud.close();
      await pstest.stop();
    },
  };
}

export type Adapter = Awaited<ReturnType<typeof startAdapter>>;
export type { Cloud };

export function owner(kind: string, name: string, change: Partial<Owner> = {}): Owner {
  return { environment: "dev", cluster: "gke", namespace: "onyx", kind, name, uid: "u-1", ...change };
}

/** The owner as labels give it back: they are lower case. */
export const owned = (kind: string, name: string, change: Partial<Owner> = {}): Owner => ({
  ...owner(kind, name, change),
  kind: kind.toLowerCase(),
});

export function call(kind: string, name: string, change: Partial<Owner> = {}): Call {
  return { signal: AbortSignal.timeout(20_000), token: "t", owner: owner(kind, name, change) };
}

export const marks = (kind: string, name: string, change: Partial<Owner> = {}) => ownerTags(owner(kind, name, change));

/** Where a first pass looks. */
export const at = (name: string, footprint: readonly string[] = []): At => ({ name, footprint });

/** The provider of a kind, which this adapter has. */
export function providerOf<K extends keyof Leaves>(
  connection: CloudConnection<Leaves>,
  kind: K,
): Provider<Leaves[K]["want"], Leaves[K]["outputs"]> {
  const provider = connection.providers[kind];
  if ("unsupported" in provider) throw new Error(provider.unsupported);
  return provider;
}

/** What was observed, which must be there. */
export function present<W extends Wanted, O>(observation: Observation<W, O>): Present<W, O> {
  if (!observation.exists) throw new Error("It is not there.");
  return observation;
}
