import type { IdentityOutputs, IdentityWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import type { At, Call, Created, Observation, Present, Provider } from "../../operator/provider/provider.ts";
import type { Gcp } from "./gcp.ts";
import {
  membershipOf,
  parseRight,
  parseTrace,
  parseWorkload,
  policyPlace,
  principalOf,
  rightsOf,
  rightText,
  type Trace,
  traceText,
  type Workload,
  workloadText,
} from "./grants.ts";
import { holds, type Policy, type PolicyEditor, withMember, withoutMember } from "./policy.ts";

type Seen = Present<IdentityWant, IdentityOutputs>;

/**
 * A WorkloadIdentity is what the principal of one ServiceAccount may do. The principal itself is a name that Google
 * derives from namespace and ServiceAccount, so there is nothing to make but memberships in the policies of topics,
 * subscriptions, keys, secrets, buckets and (for tables) the project. Each is a line of the footprint, which core records before we write it;
 * so what was granted is found again after any crash, and nothing else is looked at.
 *
 * Policies carry no marks: what the footprint names is ours. An identity that holds nothing is there as long as status
 * knows its id, since nothing in the cloud could show it.
 */
export function identityProvider(gcp: Gcp): Provider<IdentityWant, IdentityOutputs> {
  const { place } = gcp;
  const pool = `${place.account}.svc.id.goog`;

  const workloadOf = ({ serviceAccount }: IdentityWant): Workload => ({
    pool,
    namespace: serviceAccount.namespace,
    serviceAccount: serviceAccount.name,
  });
  const wantedTraces = (want: IdentityWant): readonly Trace[] => {
    const workload = workloadOf(want);
    return rightsOf(want.grants, place.account).map((right) => ({ right, workload }));
  };
  const editorOf = (resource: string): PolicyEditor => {
    if (/^projects\/[^/]+$/.test(resource)) return gcp.projectPolicies;
    if (resource.includes("/secrets/")) return gcp.secretPolicies;
    if (resource.includes("/buckets/")) return gcp.storagePolicies;
    return resource.includes("/cryptoKeys/") ? gcp.kmsPolicies : gcp.pubsubPolicies;
  };

  async function observe(at: At, call: Call): Promise<Observation<IdentityWant, IdentityOutputs>> {
    const traces = parseTraces(at.footprint);
    if (traces.length === 0 && at.id === undefined) return { exists: false };
    const projectNumber = await gcp.projectNumber(call.signal);
    const byResource = [...Map.groupBy(traces, ({ right }) => policyPlace(right).resource)];
    const held = await sideBySide(
      byResource.map(async ([resource, here]) => {
        const policy = await policyOrNone(editorOf(resource), resource, call.signal);
        return here.filter((trace) => holds(policy, membershipOf(trace, projectNumber)));
      }),
    );
    const all = held.flat();
    const [first] = all;
    const principal = at.id ?? (first && principalOf(first.workload, projectNumber));
    if (principal === undefined) return { exists: false };
    return {
      exists: true,
      id: principal,
      owner: call.owner,
      phase: "ready",
      actual: {
        permissions: unique(all.map(({ right }) => rightText(right))),
        ...(first ? { trust: unique(all.map(({ workload }) => workloadText(workload))) } : {}),
        overrides: {},
      },
      outputs: { IDENTITY: principal },
    };
  }

  /** Adds and removes memberships, one write a policy. A policy that is gone needs nothing removed. */
  async function change(add: readonly Trace[], remove: readonly Trace[], call: Call): Promise<void> {
    if (add.length + remove.length === 0) return;
    const projectNumber = await gcp.projectNumber(call.signal);
    const resourceOf = ({ right }: Trace) => policyPlace(right).resource;
    for (const resource of new Set([...add, ...remove].map(resourceOf))) {
      const adding = add.filter((trace) => resourceOf(trace) === resource);
      const removing = remove.filter((trace) => resourceOf(trace) === resource);
      const edit = (policy: Policy) => {
        const less = removing.reduce((now, trace) => withoutMember(now, membershipOf(trace, projectNumber)), policy);
        return adding.reduce((now, trace) => withMember(now, membershipOf(trace, projectNumber)), less);
      };
      await step(`${adding.length > 0 ? "grant rights" : "take back rights"} on ${resource}`, async () => {
        try {
          await editorOf(resource).edit(resource, edit, call.signal);
        } catch (error) {
          if (adding.length > 0 || !isGone(error)) throw explainMissingRole(error, place.account);
        }
      });
    }
  }

  return {
    service: "iam",
    ids: "derived",
    immutable: [],
    fit: (want) => ({
      want: {
        ...want,
        permissions: rightsOf(want.grants, place.account).map(rightText),
        trust: [workloadText(workloadOf(want))],
        overrides: {},
      },
      deviations: [],
    }),
    footprint: (want) => wantedTraces(want).map(traceText),
    observe,
    async create(_name, want, call): Promise<Created<IdentityOutputs>> {
      const principal = principalOf(workloadOf(want), await gcp.projectNumber(call.signal));
      await change(wantedTraces(want), [], call);
      return { id: principal, outputs: { IDENTITY: principal } };
    },
    async update(seen, want, _changed, call) {
      const wanted = wantedTraces(want);
      const keep = new Set(wanted.map(traceText));
      const had = new Set(tracesOf(seen).map(traceText));
      await change(
        wanted.filter((trace) => !had.has(traceText(trace))),
        tracesOf(seen).filter((trace) => !keep.has(traceText(trace))),
        call,
      );
    },
    async delete(seen, at, call) {
      const all = new Map([...parseTraces(at.footprint), ...tracesOf(seen)].map((trace) => [traceText(trace), trace]));
      await change([], [...all.values()], call);
    },
    // What the footprint names is ours from the start: there are no marks to put on it.
    adopt: async () => undefined,
  };
}

const parseTraces = (lines: readonly string[]): readonly Trace[] => lines.flatMap((line) => parseTrace(line) ?? []);

/** Every right that was seen, for every workload that was seen: at least all that is there. */
function tracesOf({ actual }: Seen): readonly Trace[] {
  const rights = (actual.permissions ?? []).flatMap((text) => parseRight(text) ?? []);
  const workloads = (actual.trust ?? []).flatMap((text) => parseWorkload(text) ?? []);
  return workloads.flatMap((workload) => rights.map((right) => ({ right, workload })));
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();

async function policyOrNone(editor: PolicyEditor, resource: string, signal: AbortSignal): Promise<Policy> {
  try {
    return await editor.read(resource, signal);
  } catch (error) {
    if (isGone(error)) return {};
    throw error;
  }
}

const isGone = (error: unknown): boolean => error instanceof ProviderError && error.fault === "notFound";

/** Our roles are made at install; a project that lacks them gets an error that says how to make them. */
function explainMissingRole(error: unknown, project: string): unknown {
  if (!(error instanceof ProviderError) || error.fault !== "invalid") return error;
  const [role] = /projects\/[^\s/]+\/roles\/onyx\.\w+/.exec(error.message) ?? [];
  if (!role || !/does not exist|not supported|not valid/i.test(error.message)) return error;
  return new ProviderError(
    "denied",
    `The role ${role} does not exist. Make the operator's roles with: node adapters/gcp/install.ts --project ${project}`,
    { code: error.code, cause: error.cause },
  );
}
