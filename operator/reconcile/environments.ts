import { isDeepStrictEqual } from "node:util";
import type { CloudConnection, Identity, IdentityToken, Place, Platform, WhoAmI } from "../provider/cloud.ts";
import { ProviderError } from "../provider/fault.ts";
import type { Cloud, Unsupported } from "../provider/provider.ts";
import type { AnyProvider, EnvironmentProblem, Environments, EnvironmentView } from "./environment-view.ts";

/** The spec of an Environment, as far as core reads it. */
export interface EnvironmentSpec {
  readonly cloud: Cloud;
  readonly region: string;
  readonly account: string;
  readonly clusterName: string;
  readonly oidcIssuer?: string | undefined;
  readonly workloadIdentity: "Native" | "Irsa";
  readonly aws?: { readonly permissionsBoundary?: string | undefined } | undefined;
  readonly credentials?: EnvironmentCredentials | undefined;
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
  readonly namePrefix?: string | undefined;
  readonly imageRegistry?: string | undefined;
  readonly defaultTags?: Readonly<Record<string, string>> | undefined;
  readonly defaultDeletionPolicies?: Readonly<Record<string, "Delete" | "Retain" | "Block">> | undefined;
  readonly apiBudget?: Readonly<Record<string, number>> | undefined;
  readonly successorOf?: readonly string[] | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly default: boolean;
}

/** Exactly one of the two references. */
export interface EnvironmentCredentials {
  readonly secretRef?: { readonly namespace: string; readonly name: string } | undefined;
  readonly serviceAccountRef?:
    | { readonly namespace: string; readonly name: string; readonly audience?: string | undefined }
    | undefined;
  readonly aws?: { readonly roleArn: string } | undefined;
  readonly gcp?: { readonly workloadIdentityProvider: string; readonly serviceAccount: string } | undefined;
}

/** Where tokens of ServiceAccounts come from. @throws ProviderError */
export type Tokens = (identity: Omit<Identity, "token">, signal: AbortSignal) => Promise<IdentityToken>;

/** A connection whose kinds core takes as they come. */
export type AnyConnection = Omit<CloudConnection<Record<never, never>>, "providers"> & {
  readonly providers: Readonly<Record<string, AnyProvider | Unsupported>>;
};

/** Makes a connection to a cloud, having loaded its adapter if need be. Given by main, which alone knows the adapters. */
export type Connect = (cloud: Cloud, place: Place) => AnyConnection | Promise<AnyConnection>;

/** Puts budget, metrics, traces and the audit record round a provider. */
export type Wrap = (
  kind: string,
  provider: AnyProvider,
  place: Place,
  budget: EnvironmentSpec["apiBudget"],
) => AnyProvider;

/** An Environment whose cloud has answered. */
export interface LiveEnvironment extends EnvironmentView {
  readonly spec: EnvironmentSpec;
  readonly platform: Platform;
}

/** The Environments of this cluster and their connections. The Environment controller fills it, all others read. */
export interface EnvironmentRegistry extends Environments {
  get(name: string | undefined): LiveEnvironment | EnvironmentProblem;
  /**
   * The connection for this spec: the same one while spec and credentials stay, a new one otherwise (the old one is
   * closed). Not to be asked for the same name again before it has answered.
   * @param tokens for a spec that names a ServiceAccount; without it there are none
   */
  connection(
    name: string,
    spec: EnvironmentSpec,
    credentials: Place["credentials"],
    tokens?: Tokens,
  ): Promise<AnyConnection>;
  /** The cloud has answered: from now on `get` gives it. */
  ready(name: string, spec: EnvironmentSpec, who: WhoAmI): void;
  /**
   * It can't be used; `get` gives the problem. `provisional`: that may be over in a moment, so one that was not looked at yet
   * stays unsettled, and nobody is told.
   */
  failed(
    name: string,
    spec: EnvironmentSpec,
    problem: EnvironmentProblem["problem"],
    options?: { readonly provisional?: boolean },
  ): void;
  forget(name: string): void;
  /** Whether each of them was looked at since the process began: before that, `get` can't tell missing from unknown. */
  settled(names: readonly string[]): boolean;
  /** Calls `listener` with the name when an Environment became usable, unusable, or another. @returns how to end that */
  subscribe(listener: (name: string) => void): () => void;
}

interface Entry {
  spec: EnvironmentSpec;
  place: Place;
  connection?: AnyConnection;
  state: LiveEnvironment | EnvironmentProblem;
}

/** @param wrap is called once a connection and kind, not once a call */
export function createEnvironmentRegistry(connect: Connect, wrap: Wrap): EnvironmentRegistry {
  const entries = new Map<string, Entry>();
  const looked = new Set<string>();
  const listeners = new Set<(name: string) => void>();

  const become = (name: string, spec: EnvironmentSpec, state: Entry["state"]) => {
    const entry = entries.get(name);
    if (!entry) return;
    const changed = !looked.has(name) || !isDeepStrictEqual(entry.spec, spec) || !sameState(entry.state, state);
    looked.add(name);
    if (!changed) return;
    entry.spec = spec;
    entry.state = state;
    for (const listener of listeners) listener(name);
  };
  const live = (name: string, spec: EnvironmentSpec, who: WhoAmI, entry: Entry): Entry["state"] => {
    const { connection } = entry;
    if (!connection) return entry.state;
    const wrapped = new Map<string, AnyProvider | Unsupported>();
    return {
      name,
      spec,
      who,
      cloud: spec.cloud,
      place: entry.place,
      platform: connection.platform,
      prefix: spec.namePrefix ?? name,
      defaultTags: spec.defaultTags ?? {},
      deletionPolicies: spec.defaultDeletionPolicies ?? {},
      succeeds: spec.successorOf ?? [],
      namespaces: spec.namespaces,
      provider(kind) {
        const known = wrapped.get(kind);
        if (known) return known;
        const raw = connection.providers[kind] ?? { unsupported: `the ${spec.cloud} adapter has no such kind` };
        const made = "unsupported" in raw ? raw : wrap(kind, raw, entry.place, spec.apiBudget);
        wrapped.set(kind, made);
        return made;
      },
    };
  };

  return {
    get(name) {
      if (name !== undefined)
        return entries.get(name)?.state ?? absent(`Environment "${name}" does not exist or was not looked at yet.`);
      const defaults = [...entries.values()].filter((entry) => entry.spec.default);
      if (defaults.length === 1 && defaults[0]) return defaults[0].state;
      if (defaults.length === 0)
        return absent(
          "The cluster has no default Environment. Make one with spec.default: true, or set spec.environmentRef.",
        );
      return problem(
        "EnvironmentNotReady",
        "The cluster has more than one default Environment. Leave spec.default: true on one of them.",
      );
    },
    async connection(name, spec, credentials, tokens) {
      const place = placeOf(name, spec, credentials, identityOf(spec.credentials, tokens));
      const known = entries.get(name);
      if (known?.connection && known.spec.cloud === spec.cloud && isSamePlace(known.place, place))
        return known.connection;
      const connection = await connect(spec.cloud, place);
      known?.connection?.close();
      const state = problem("EnvironmentNotReady", `Environment "${name}" was not reached yet.`);
      entries.set(name, { spec, place, connection, state });
      looked.delete(name);
      return connection;
    },
    ready(name, spec, who) {
      const entry = entries.get(name);
      if (entry) become(name, spec, live(name, spec, who, entry));
    },
    failed(name, spec, why, { provisional = false } = {}) {
      const entry = entries.get(name) ?? {
        spec,
        place: placeOf(name, spec, undefined, undefined),
        state: { problem: why },
      };
      entries.set(name, entry);
      if (provisional && !looked.has(name)) entry.state = { problem: why };
      else become(name, spec, { problem: why });
    },
    forget(name) {
      entries.get(name)?.connection?.close();
      if (entries.delete(name)) for (const listener of listeners) listener(name);
      looked.delete(name);
    },
    settled: (names) => names.every((name) => looked.has(name)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The same to everyone who asks: who we are, or why not. The spec is compared apart. */
function sameState(a: Entry["state"], b: Entry["state"]): boolean {
  if ("problem" in a || "problem" in b)
    return "problem" in a && "problem" in b && isDeepStrictEqual(a.problem, b.problem);
  return isDeepStrictEqual(a.who, b.who) && isDeepStrictEqual(a.place, b.place);
}

/** How a token is asked for says nothing of where or as whom we are. */
const isSamePlace = (a: Place, b: Place): boolean => isDeepStrictEqual(withoutToken(a), withoutToken(b));

const withoutToken = ({ identity, ...place }: Place) => ({
  ...place,
  identity: identity && { serviceAccount: identity.serviceAccount, audience: identity.audience, as: identity.as },
});

function placeOf(
  name: string,
  spec: EnvironmentSpec,
  credentials: Place["credentials"],
  identity: Place["identity"],
): Place {
  return {
    environment: name,
    cluster: spec.clusterName,
    region: spec.region,
    account: spec.account,
    oidcIssuer: spec.oidcIssuer,
    workloadIdentity: spec.workloadIdentity,
    permissionsBoundary: spec.aws?.permissionsBoundary,
    endpoints: spec.endpoints ?? {},
    credentials,
    identity,
  };
}

/** Where there is no cluster to ask. */
export const noTokens: Tokens = async ({ serviceAccount: { namespace, name } }) => {
  const message = `No token of ServiceAccount ${namespace}/${name} (spec.credentials.serviceAccountRef) can be had without its cluster.`;
  throw new ProviderError("denied", message, { code: "NoTokens" });
};

function identityOf(credentials: EnvironmentCredentials | undefined, tokens = noTokens): Identity | undefined {
  if (!credentials?.serviceAccountRef) return undefined;
  const { namespace, name, audience } = credentials.serviceAccountRef;
  const as = assumed(credentials);
  const identity = { serviceAccount: { namespace, name }, audience: audience ?? defaultAudience(as), as };
  return { ...identity, token: (signal) => tokens(identity, signal) };
}

/** @throws ProviderError for what the schema refuses: a ServiceAccount alone must not be read as no identity */
function assumed({ aws, gcp }: EnvironmentCredentials): Identity["as"] {
  if (aws) return { roleArn: aws.roleArn };
  if (gcp) return { provider: gcp.workloadIdentityProvider, serviceAccount: gcp.serviceAccount };
  const message = "spec.credentials.serviceAccountRef needs spec.credentials.aws or spec.credentials.gcp.";
  throw new ProviderError("invalid", message, { code: "CredentialsIncomplete" });
}

const defaultAudience = (as: Identity["as"]): string =>
  "roleArn" in as ? "sts.amazonaws.com" : `//iam.googleapis.com/${as.provider}`;

const absent = (message: string): EnvironmentProblem => ({
  problem: { reason: "EnvironmentNotReady", message, absent: true },
});
const problem = (reason: EnvironmentProblem["problem"]["reason"], message: string): EnvironmentProblem => ({
  problem: { reason, message },
});
