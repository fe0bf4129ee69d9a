import type { v1 as FirestoreV1 } from "@google-cloud/firestore-api";
import type { v1 as KmsV1 } from "@google-cloud/kms";
import type { v1 as PubSubV1 } from "@google-cloud/pubsub";
import type { v3 as ProjectsV3 } from "@google-cloud/resource-manager";
import type { v1 as SchedulerV1 } from "@google-cloud/scheduler";
import type { v1 as SecretManagerV1 } from "@google-cloud/secret-manager";
import type { AuthClient, GoogleAuth } from "google-auth-library";
import { grpc, Status } from "google-gax";
import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { credentialsOf } from "./credentials.ts";
import { endpointOf } from "./endpoints.ts";
import { toProviderError } from "./errors.ts";
import { failure } from "./rest.ts";

/**
 * Google's own clients, made when first used: an operator that only has queues never loads Firestore. Each is ready
 * to call when its promise resolves; a failed start is forgotten, so the next call tries again. Taken by `default`: a
 * bundled CommonJS library has no other name.
 *
 * Every method throws ProviderError.
 */
export interface Clients {
  publisher(): Promise<PubSubV1.PublisherClient>;
  subscriber(): Promise<PubSubV1.SubscriberClient>;
  firestoreAdmin(): Promise<FirestoreV1.FirestoreAdminClient>;
  firestore(): Promise<FirestoreV1.FirestoreClient>;
  kms(): Promise<KmsV1.KeyManagementServiceClient>;
  scheduler(): Promise<SchedulerV1.CloudSchedulerClient>;
  projects(): Promise<ProjectsV3.ProjectsClient>;
  secretManager(): Promise<SecretManagerV1.SecretManagerServiceClient>;
  auth(service: string): GoogleAuth<AuthClient>;
  close(): void;
}

interface Client {
  initialize(): Promise<unknown>;
  close(): Promise<void>;
}

export function createClients(place: Place): Clients {
  const made = new Map<string, Promise<Client>>();
  const channels = new Map<string, Channel>();
  let closed = false;

  const channel = (service: string): Channel => {
    const known = channels.get(service);
    if (known) return known;
    const fresh = openChannel(place, service);
    channels.set(service, fresh);
    return fresh;
  };

  function once<C extends Client>(
    name: string,
    service: string,
    api: string,
    make: (options: never) => Promise<C>,
  ): Promise<C> {
    const known = made.get(name) as Promise<C> | undefined;
    if (known) return known;
    const start = async () => {
      const client = await make(channel(service).options as never);
      // Without this the client's first call would start it and lose an error as an unhandled rejection.
      await client.initialize();
      const iam = (client as { iamClient?: { initialize(): Promise<unknown> } }).iamClient;
      await iam?.initialize();
      if (closed) await client.close();
      return client;
    };
    const starting = start().catch((error: unknown) => {
      made.delete(name);
      channels.delete(service);
      throw toProviderError(error, api);
    });
    made.set(name, starting);
    return starting;
  }

  return {
    publisher: () =>
      once("publisher", "pubsub", "Pub/Sub", async (options) => {
        const { v1 } = (await import("@google-cloud/pubsub")).default;
        return new v1.PublisherClient(options);
      }),
    subscriber: () =>
      once("subscriber", "pubsub", "Pub/Sub", async (options) => {
        const { v1 } = (await import("@google-cloud/pubsub")).default;
        return new v1.SubscriberClient(options);
      }),
    firestoreAdmin: () =>
      once("firestoreAdmin", "firestore", "Firestore", async (options) => {
        const { v1 } = (await import("@google-cloud/firestore-api")).default;
        return new v1.FirestoreAdminClient(options);
      }),
    firestore: () =>
      once("firestore", "firestore", "Firestore", async (options) => {
        const { v1 } = (await import("@google-cloud/firestore-api")).default;
        return new v1.FirestoreClient(options);
      }),
    kms: () =>
      once("kms", "cloudkms", "Cloud KMS", async (options) => {
        const { v1 } = (await import("@google-cloud/kms")).default;
        return new v1.KeyManagementServiceClient(options);
      }),
    scheduler: () =>
      once("scheduler", "cloudscheduler", "Cloud Scheduler", async (options) => {
        const { v1 } = (await import("@google-cloud/scheduler")).default;
        return new v1.CloudSchedulerClient(options);
      }),
    projects: () =>
      once("projects", "resourcemanager", "Resource Manager", async (options) => {
        const { v3 } = (await import("@google-cloud/resource-manager")).default;
        return new v3.ProjectsClient(options);
      }),
    secretManager: () =>
      once("secretManager", "secretmanager", "Secret Manager", async (options) => {
        const { v1 } = (await import("@google-cloud/secret-manager")).default;
        return new v1.SecretManagerServiceClient(options);
      }),
    auth: (service) => channel(service).auth,
    close() {
      closed = true;
      for (const client of made.values())
        client.then(
          (ready) => ready.close(),
          () => undefined,
        );
      made.clear();
    },
  };
}

interface Channel {
  readonly auth: GoogleAuth<AuthClient>;
  /** Options of a generated client: each package declares its own copy of gax's types. Clients with the same `sslCreds` share their connections. */
  readonly options: object;
}

/** What goes with each call of gRPC. */
export const callCredentials = (auth: Pick<GoogleAuth<AuthClient>, "getRequestHeaders">): grpc.CallCredentials =>
  grpc.credentials.createFromGoogleCredential({
    async getRequestHeaders(url?: string) {
      const headers = await auth.getRequestHeaders(url).catch(asGrpc);
      return Object.fromEntries(headers.entries());
    },
  });

/** gRPC knows an error by its number, and takes one without for a fault of its own. */
function asGrpc(error: unknown): never {
  if (!(error instanceof ProviderError)) throw error;
  throw failure(error.fault === "denied" ? Status.PERMISSION_DENIED : Status.UNAVAILABLE, error.message);
}

function openChannel(place: Place, service: string): Channel {
  const endpoint = endpointOf(place, service);
  const auth = credentialsOf(place, endpoint !== undefined && !endpoint.tls);
  const sslCreds =
    endpoint && !endpoint.tls
      ? grpc.credentials.createInsecure()
      : grpc.credentials.combineChannelCredentials(grpc.credentials.createSsl(), callCredentials(auth));
  return {
    auth,
    options: {
      auth,
      sslCreds,
      projectId: place.account,
      ...(endpoint ? { apiEndpoint: endpoint.host, port: endpoint.port } : {}),
    },
  };
}
