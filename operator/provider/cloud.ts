import type { Cloud, Provider, Unsupported, Wanted } from "./provider.ts";

/** Where a cluster stands, from the Environment object: what an adapter needs to reach its cloud. */
export interface Place {
  /** Name of the Environment: part of every ownership mark. */
  readonly environment: string;
  readonly cluster: string;
  readonly region: string;
  /** AWS: 12-digit account id. GCP: project id. */
  readonly account: string;
  /** Issuer of the cluster's ServiceAccount tokens, for IRSA. */
  readonly oidcIssuer?: string | undefined;
  /** How workloads get their identity. `Native`: EKS Pod Identity, GKE Workload Identity Federation. */
  readonly workloadIdentity: "Native" | "Irsa";
  /** AWS: ARN of the IAM policy that must bound every role that is made. */
  readonly permissionsBoundary?: string | undefined;
  /** URLs by service (`sqs`, `dynamodb`, `pubsub`, …) or `default`, for emulators and private endpoints. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** From a Secret, for development. Without them and without `identity`: the ambient workload identity of the operator. */
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  /** Whom every call is made as. With it neither `credentials` nor what is ambient is ever used. */
  readonly identity?: Identity | undefined;
}

/** A ServiceAccount of the cluster, and what the cloud gives for its tokens. */
export interface Identity {
  readonly serviceAccount: ServiceAccountName;
  /** Who the tokens are for. */
  readonly audience: string;
  readonly as: AssumedRole | ImpersonatedAccount;
  /**
   * A new token, from the API server. It is nobody's credential but the ServiceAccount's: it goes to the cloud's token
   * service, and nowhere else.
   * @throws ProviderError
   */
  token(signal: AbortSignal): Promise<IdentityToken>;
}

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/** An IAM role of AWS. */
export interface AssumedRole {
  readonly roleArn: string;
}

/** A service account of Google Cloud. */
export interface ImpersonatedAccount {
  /** `projects/N/locations/global/workloadIdentityPools/P/providers/X` */
  readonly provider: string;
  /** Its email. */
  readonly serviceAccount: string;
}

/** A token of a ServiceAccount, a JSON web token. */
export interface IdentityToken {
  readonly token: string;
  readonly expires: Date;
}

/** Who we are in a cloud. */
export interface WhoAmI {
  /** AWS: account id. GCP: project id. */
  readonly account: string;
  /** GCP: project number; absent on AWS. */
  readonly accountNumber?: string | undefined;
  /** AWS: caller ARN. GCP: the service account or principal, as far as it can be told. */
  readonly principal: string;
}

/** What differs between EKS and GKE in the objects that a workload is made of (parity rules by name). */
export interface Platform {
  /** KEDA trigger and authentication for the backlog of a queue. Rules `scaler-trigger`, `scaler-auth`. */
  backlogTrigger(
    queue: { outputs: Readonly<Record<string, string>> },
    perReplica: number,
    activation: number,
  ): BacklogTrigger;
  /** NetworkPolicy egress to the endpoint that hands out workload credentials. Rule `np-metadata`. */
  credentialEgress(): readonly EgressRule[];
  /** Annotations of a workload's ServiceAccount. Rule `sa-annotation`. */
  serviceAccountAnnotations(identity: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** Environment variables for SDKs in the container (region, project, emulator endpoints). Rule `env-values`: equal names. */
  workloadEnv(): Readonly<Record<string, string>>;
}

export interface BacklogTrigger {
  readonly type: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** `spec` of the TriggerAuthentication, or null when the trigger needs none. */
  readonly authentication: Readonly<Record<string, unknown>> | null;
  /** Extra Secret-backed parameters are never used: KEDA gets its identity from the platform. */
}

/** networking.k8s.io/v1 NetworkPolicyEgressRule, as far as we use it. */
export interface EgressRule {
  readonly to: readonly { readonly ipBlock: { readonly cidr: string } }[];
  readonly ports: readonly { readonly protocol: "TCP" | "UDP"; readonly port: number }[];
}

/** A connection to one cloud: made from a Place, closed when the Place changes. */
export interface CloudConnection<
  Kinds extends Record<keyof Kinds, { want: Wanted; outputs: Readonly<Record<string, string>> }>,
> {
  readonly cloud: Cloud;
  whoAmI(signal: AbortSignal): Promise<WhoAmI>;
  readonly providers: { readonly [K in keyof Kinds]: Provider<Kinds[K]["want"], Kinds[K]["outputs"]> | Unsupported };
  readonly platform: Platform;
  close(): void;
}
