import type { Place } from "../../operator/provider/cloud.ts";
import type { Clients } from "./clients.ts";
import type { Eventarc } from "./eventarc.ts";
import type { Firestore } from "./firestore.ts";
import type { Kms } from "./kms.ts";
import type { PolicyEditor } from "./policy.ts";
import type { PubSub } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SecretManager } from "./secret-manager.ts";
import type { ServiceAccounts } from "./service-accounts.ts";
import type { Storage } from "./storage.ts";
import type { Transfer } from "./transfer.ts";
import type { Workflows } from "./workflows.ts";

/** What the kinds need of one connection. */
export interface Gcp {
  readonly place: Place;
  readonly clients: Clients;
  readonly pubsub: PubSub;
  readonly firestore: Firestore;
  readonly kms: Kms;
  readonly secretManager: SecretManager;
  /** Policies of secrets. */
  readonly secretPolicies: PolicyEditor;
  readonly scheduler: Scheduler;
  readonly eventarc: Eventarc;
  readonly workflows: Workflows;
  readonly serviceAccounts: ServiceAccounts;
  /** Policies of topics and subscriptions. */
  readonly pubsubPolicies: PolicyEditor;
  /** Policies of crypto keys. */
  readonly kmsPolicies: PolicyEditor;
  readonly storage: Storage;
  readonly transfer: Transfer;
  /** Policies of buckets. */
  readonly storagePolicies: PolicyEditor;
  /** Policies of projects. */
  readonly projectPolicies: PolicyEditor;
  /** The project's number, asked once. @throws ProviderError */
  projectNumber(signal: AbortSignal): Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
