import { isDeepStrictEqual } from "node:util";
import type { CloudConnection, Place, Platform, WhoAmI } from "../provider/cloud.ts";
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
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
  readonly namePrefix?: string | undefined;
  readonly imageRegistry?: string | undefined;
  readonly defaultTags?: Readonly<Record<string, string>> | undefined;
  readonly defaultDeletionPolicies?: Readonly<Record<string, "Delete" | "Retain" | "Block">> | undefined;
  readonly apiBudget?: Readonly<Record<string, number>> | undefined;
  readonly successorOf?: readonly string[] | undefined;
  readonly default: boolean;
}

/** A connection whose kinds core takes as they come. */
export type AnyConnection = Omit<CloudConnection<Record<never, never>>, "providers"> & {
  readonly providers: Readonly<Record<string, AnyProvider | Unsupported>>;
};

/** Makes a connection to a cloud. Given by main, which alone knows the adapters. */
export type Connect = (cloud: Cloud, place: Place) => AnyConnection;

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
   * closed).
   */
  connection(name: string, spec: EnvironmentSpec, credentials: Place["credentials"]): AnyConnection;
  /** The cloud has answered: from now on `get` gives it. */
  ready(name: string, spec: EnvironmentSpec, who: WhoAmI): void;
  /** It can't be used; `get` gives the problem. */
  failed(name: string, spec: EnvironmentSpec, problem: EnvironmentProblem["problem"]): void;
  forget(name: string): void;
}

interface Entry {
  spec: EnvironmentSpec;
  place: Place;
  connection: AnyConnection;
  state: LiveEnvironment | EnvironmentProblem;
}

/** @param wrap is called once a connection and kind, not once a call */
export function createEnvironmentRegistry(connect: Connect, wrap: Wrap): EnvironmentRegistry {
  const entries = new Map<string, Entry>();

  const live = (name: string, spec: EnvironmentSpec, who: WhoAmI, entry: Entry): LiveEnvironment => {
    const wrapped = new Map<string, AnyProvider | Unsupported>();
    return {
      name,
      spec,
      who,
      cloud: spec.cloud,
      place: entry.place,
      platform: entry.connection.platform,
      prefix: spec.namePrefix ?? name,
      defaultTags: spec.defaultTags ?? {},
      deletionPolicies: spec.defaultDeletionPolicies ?? {},
      succeeds: spec.successorOf ?? [],
      provider(kind) {
        const known = wrapped.get(kind);
        if (known) return known;
        const raw = entry.connection.providers[kind] ?? { unsupported: `the ${spec.cloud} adapter has no such kind` };
        const made = "unsupported" in raw ? raw : wrap(kind, raw, entry.place, spec.apiBudget);
        wrapped.set(kind, made);
        return made;
      },
    };
  };

  return {
    get(name) {
      if (name !== undefined)
        return (
          entries.get(name)?.state ??
          problem("EnvironmentNotReady", `Environment "${name}" does not exist or was not looked at yet.`)
        );
      const defaults = [...entries.values()].filter((entry) => entry.spec.default);
      if (defaults.length === 1 && defaults[0]) return defaults[0].state;
      if (defaults.length === 0)
        return problem(
          "EnvironmentNotReady",
          "The cluster has no default Environment. Make one with spec.default: true, or set spec.environmentRef.",
        );
      return problem(
        "EnvironmentNotReady",
        "The cluster has more than one default Environment. Leave spec.default: true on one of them.",
      );
    },
    connection(name, spec, credentials) {
      const place = placeOf(name, spec, credentials);
      const known = entries.get(name);
      if (known && known.spec.cloud === spec.cloud && isDeepStrictEqual(known.place, place)) return known.connection;
      known?.connection.close();
      const connection = connect(spec.cloud, place);
      const state = problem("EnvironmentNotReady", `Environment "${name}" was not reached yet.`);
      entries.set(name, { spec, place, connection, state });
      return connection;
    },
    ready(name, spec, who) {
      const entry = entries.get(name);
      if (!entry) return;
      const before = entry.state;
      if (!("problem" in before) && isDeepStrictEqual(before.who, who) && isDeepStrictEqual(entry.spec, spec)) return;
      entry.spec = spec;
      entry.state = live(name, spec, who, entry);
    },
    failed(name, spec, why) {
      const entry = entries.get(name);
      if (entry) {
        entry.spec = spec;
        entry.state = { problem: why };
      }
    },
    forget(name) {
      entries.get(name)?.connection.close();
      entries.delete(name);
    },
  };
}

function placeOf(name: string, spec: EnvironmentSpec, credentials: Place["credentials"]): Place {
  return {
    environment: name,
    cluster: spec.clusterName,
    region: spec.region,
    account: spec.account,
    oidcIssuer: spec.oidcIssuer,
    workloadIdentity: spec.workloadIdentity,
    endpoints: spec.endpoints ?? {},
    credentials,
  };
}

const problem = (reason: EnvironmentProblem["problem"]["reason"], message: string): EnvironmentProblem => ({
  problem: { reason, message },
});
