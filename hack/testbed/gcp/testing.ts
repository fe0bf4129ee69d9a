/** A cloud for one test file, with Google's own clients pointed at it. */
import firestore, { Firestore } from "@google-cloud/firestore";
import { KeyManagementServiceClient } from "@google-cloud/kms";
import { v1 as pubsub } from "@google-cloud/pubsub";
import { ProjectsClient } from "@google-cloud/resource-manager";
import { CloudSchedulerClient } from "@google-cloud/scheduler";
import { v1 as secretmanager } from "@google-cloud/secret-manager";
import { Storage } from "@google-cloud/storage";
import grpc from "@grpc/grpc-js";
import { startPstest } from "./pstest.ts";
import { type Gcp, type GcpOptions, startGcp } from "./start.ts";

export interface TestCloud {
  readonly gcp: Gcp;
  readonly publisher: pubsub.PublisherClient;
  readonly subscriber: pubsub.SubscriberClient;
  readonly firestoreAdmin: InstanceType<typeof firestore.v1.FirestoreAdminClient>;
  readonly projects: ProjectsClient;
  readonly storage: Storage;
  readonly kms: KeyManagementServiceClient;
  readonly secretManager: secretmanager.SecretManagerServiceClient;
  readonly scheduler: CloudSchedulerClient;
  /** The client for documents of one database. */
  documents(database: string): Firestore;
  /** Sets the policy of a topic or subscription. */
  setPolicy(resource: string, policy: object): Promise<Json>;
  /** A REST call; the body is sent as JSON. */
  rest(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }>;
  close(): Promise<void>;
}

/** Parsed JSON whose fields tests look at without ceremony. */
// biome-ignore lint/suspicious/noExplicitAny: tests compare answers whole; types would say nothing more.
export type Json = any;

export const PROJECT = "projects/demo-project";

export interface TestCloudOptions extends Partial<GcpOptions> {
  /** Starts pstest too, without which nothing can be published and pulled. */
  readonly messages?: boolean;
}

/** Refuses connections: whoever publishes without asking for messages is told so. */
const NOBODY = "127.0.0.1:1";

/** Starts the cloud. Operations are through at once unless the settings say otherwise. */
export async function startTestCloud({ messages, ...options }: TestCloudOptions = {}): Promise<TestCloud> {
  // Google's clients look for a metadata server even when they are given credentials.
  process.env.METADATA_SERVER_DETECTION = "none";
  const pstest = messages ? await startPstest() : undefined;
  const gcp = await startGcp({ pubsub: pstest?.address ?? NOBODY, settings: { operationMillis: 0 }, ...options });
  const [host = "", port = ""] = gcp.grpc.split(":");
  const client = {
    apiEndpoint: host,
    servicePath: host,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    projectId: gcp.project,
  };
  const publisher = new pubsub.PublisherClient(client);
  const subscriber = new pubsub.SubscriberClient(client);
  const firestoreAdmin = new firestore.v1.FirestoreAdminClient(client);
  const projects = new ProjectsClient(client);
  const storage = new Storage({ apiEndpoint: gcp.rest, projectId: gcp.project, retryOptions: { autoRetry: false } });
  const kms = new KeyManagementServiceClient(client);
  const secretManager = new secretmanager.SecretManagerServiceClient(client);
  const scheduler = new CloudSchedulerClient(client);
  const opened: Firestore[] = [];
  return {
    gcp,
    publisher,
    subscriber,
    firestoreAdmin,
    projects,
    storage,
    kms,
    secretManager,
    scheduler,
    documents(database) {
      const documents = new Firestore({ projectId: gcp.project, databaseId: database, host: gcp.grpc, ssl: false });
      opened.push(documents);
      return documents;
    },
    async setPolicy(resource, policy) {
      // The client's type asks for an instance of a class that it doesn't export.
      const [set] = await publisher.setIamPolicy({ resource, policy } as never);
      return set;
    },
    async rest(method, path, body) {
      const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const response = await fetch(`${gcp.rest}${path}`, { ...init, headers: { "content-type": "application/json" } });
      return { status: response.status, body: await response.json() };
    },
    async close() {
      await Promise.all(opened.map((documents) => documents.terminate()));
      await Promise.all(
        [publisher, subscriber, firestoreAdmin, projects, kms, secretManager].map((one) => one.close()),
      );
      await Promise.all([publisher, subscriber, firestoreAdmin, projects, kms, scheduler].map((one) => one.close()));
      await gcp.close();
      await pstest?.stop();
    },
  };
}

/** What a call was refused with. Throws when it was not. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await call;
  } catch (error) {
    const { code, details, message } = error as { code?: number; details?: string; message: string };
    return { code: code === undefined ? "none" : (grpc.status[code] ?? String(code)), message: details ?? message };
  }
  throw new Error("the call was not refused");
}
