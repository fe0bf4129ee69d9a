import type { IdentityOutputs, IdentityWant } from "../../controllers/leaf/wants.ts";
import type { At, Call, Created, Observation, Present, Provider } from "../../operator/provider/provider.ts";
import type { Gcp } from "./gcp.ts";
import {
  parseRight,
  parseTrace,
  parseWorkload,
  principalOf,
  rightsOf,
  rightText,
  startDeviations,
  type Trace,
  traceText,
  type Workload,
  workloadText,
} from "./grants.ts";
import { createMemberships, type Held } from "./memberships.ts";

type Seen = Present<IdentityWant, IdentityOutputs>;

/**
 * A WorkloadIdentity is what the principal of one ServiceAccount may do. The principal itself is a name that Google
 * derives from namespace and ServiceAccount, so there is nothing to make but memberships in the policies of topics,
 * subscriptions, keys, secrets, buckets and (for tables and workflows) the project. Each is a line of the footprint,
 * which core records before we write it; so what was granted is found again after any crash, and nothing else is
 * looked at.
 *
 * Policies carry no marks: what the footprint names is ours. An identity that holds nothing is there as long as status
 * knows its id, since nothing in the cloud could show it.
 */
export function identityProvider(gcp: Gcp): Provider<IdentityWant, IdentityOutputs> {
  const { place } = gcp;
  const memberships = createMemberships(gcp);
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
  const heldBy = (traces: readonly Trace[], projectNumber: string): readonly (Held & Trace)[] =>
    traces.map((trace) => ({ ...trace, member: principalOf(trace.workload, projectNumber) }));

  async function observe(at: At, call: Call): Promise<Observation<IdentityWant, IdentityOutputs>> {
    const traces = parseTraces(at.footprint);
    if (traces.length === 0 && at.id === undefined) return { exists: false };
    const projectNumber = await gcp.projectNumber(call.signal);
    const all = await memberships.standing(heldBy(traces, projectNumber), call.signal);
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

  async function change(add: readonly Trace[], remove: readonly Trace[], call: Call): Promise<void> {
    if (add.length + remove.length === 0) return;
    const projectNumber = await gcp.projectNumber(call.signal);
    await memberships.change(heldBy(add, projectNumber), heldBy(remove, projectNumber), call.signal);
  }

  return {
    service: "iam",
    ids: "derived",
    immutable: [],
    fit(want) {
      const rights = rightsOf(want.grants, place.account);
      return {
        want: {
          ...want,
          permissions: rights.map(rightText),
          trust: [workloadText(workloadOf(want))],
          overrides: {},
        },
        deviations: startDeviations(rights, { field: "grants", what: "Its grants" }, "the ServiceAccount"),
      };
    },
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
