import type { Leaves } from "../../controllers/leaf/wants.ts";
import type { CloudConnection, Place, WhoAmI } from "../../operator/provider/cloud.ts";
import { bucketProvider } from "./bucket.ts";
import { createClients } from "./clients.ts";
import { principalOf } from "./credentials.ts";
import { encryptionKeyProvider } from "./encryptionkey.ts";
import { endpointOf } from "./endpoints.ts";
import { createEventarc } from "./eventarc.ts";
import { eventRuleProvider } from "./eventrule.ts";
import { createFirestore } from "./firestore.ts";
import type { Gcp } from "./gcp.ts";
import { identityProvider } from "./identity.ts";
import { shared } from "./impersonation.ts";
import { createKms } from "./kms.ts";
import { gkePlatform } from "./platform.ts";
import { createPolicyEditor } from "./policy.ts";
import { createProjects } from "./projects.ts";
import { createPubSub } from "./pubsub.ts";
import { queueProvider } from "./queue.ts";
import { createScheduler } from "./scheduler.ts";
import { secretProvider } from "./secret.ts";
import { createSecretManager } from "./secret-manager.ts";
import { createServiceAccounts } from "./service-accounts.ts";
import { createStorage } from "./storage.ts";
import { tableProvider } from "./table.ts";
import { tableItemProvider } from "./tableitem.ts";
import { topicProvider } from "./topic.ts";
import { createTransfer } from "./transfer.ts";
import { workflowProvider } from "./workflow.ts";
import { createWorkflows } from "./workflows.ts";

export interface Deps {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A connection to the project and region of a Place. Nothing is called, and no client made, before it is used. */
export function connectGcp(given: Place, { now }: Deps): CloudConnection<Leaves> {
  const place = shared(given, now);
  const clients = createClients(place);
  const pubsub = createPubSub(clients);
  const kms = createKms(clients);
  const projects = createProjects(clients);
  const storage = createStorage(place);
  const secretManager = createSecretManager(clients);
  let number: string | undefined;

  const projectNumber = async (signal: AbortSignal): Promise<string> => {
    number ??= await projects.numberOf(place.account, signal);
    return number;
  };
  const gcp: Gcp = {
    place,
    clients,
    pubsub,
    firestore: createFirestore(clients),
    storage,
    transfer: createTransfer(place),
    kms,
    kmsPolicies: createPolicyEditor(kms),
    secretManager,
    secretPolicies: createPolicyEditor(secretManager),
    scheduler: createScheduler(clients),
    eventarc: createEventarc(place),
    workflows: createWorkflows(place),
    serviceAccounts: createServiceAccounts(place),
    pubsubPolicies: createPolicyEditor(pubsub),
    storagePolicies: createPolicyEditor(storage),
    projectPolicies: createPolicyEditor(projects),
    projectNumber,
    now,
  };
  return {
    cloud: "gcp",
    async whoAmI(signal): Promise<WhoAmI> {
      const service = "resourcemanager";
      const emulated = endpointOf(place, service)?.tls === false;
      // Asked apart: gRPC would tell only a part of why there are no credentials.
      if (!emulated) await place.accessToken?.();
      // Asked anew each time: it is how the Environment learns that the project still answers.
      number = await projects.numberOf(place.account, signal);
      const principal = await principalOf(place, clients.auth(service), emulated, signal);
      return { account: place.account, accountNumber: number, principal };
    },
    providers: {
      Queue: queueProvider(gcp),
      Table: tableProvider(gcp),
      TableItem: tableItemProvider(gcp),
      Bucket: bucketProvider(gcp),
      EncryptionKey: encryptionKeyProvider(gcp),
      ManagedSecret: secretProvider(gcp),
      EventRule: eventRuleProvider(gcp),
      Topic: topicProvider(gcp),
      Workflow: workflowProvider(gcp),
      WorkloadIdentity: identityProvider(gcp),
    },
    platform: gkePlatform(place),
    close: () => clients.close(),
  };
}
