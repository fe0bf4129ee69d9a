import { connectGcp } from "../../../adapters/gcp/index.ts";
import { ensureRoles } from "../../../adapters/gcp/roles.ts";
import { startTestCloud, type TestCloud } from "../../../hack/testbed/gcp/testing.ts";
import type {
  AnyConnection,
  CloudUnderTest,
  Trouble,
} from "../../../operator/provider/conformance/cloud-under-test.ts";

export const REGION = "europe-west1";

/** Google's status for each trouble; the others are done to the reply. */
const CODES = { denied: "PERMISSION_DENIED", throttled: "RESOURCE_EXHAUSTED", unavailable: "UNAVAILABLE" } as const;

/** Methods that only look. */
const READS = ["Get*", "List*", "BatchGet*", "Search*", "RunQuery", "TestIamPermissions"];

/** GCP with Google's own clients pointed at it. */
export interface GcpUnderTest extends CloudUnderTest {
  /** For looking: what it changes must go through `byOthers`. */
  readonly eyes: TestCloud;
  /** Runs what other people do: its calls are not counted as the operator's. */
  byOthers<T>(run: (eyes: TestCloud) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export async function gcpUnderTest(): Promise<GcpUnderTest> {
  const eyes = await startTestCloud({ messages: true });
  const { gcp } = eyes;
  const { faults, journal, settings } = gcp.control;
  const place = {
    environment: "conformance",
    cluster: "conformance",
    region: REGION,
    account: gcp.project,
    workloadIdentity: "Native",
    endpoints: {
      default: `http://${gcp.grpc}`,
      iam: gcp.rest,
      monitoring: gcp.rest,
      storage: gcp.rest,
      eventarc: gcp.rest,
      workflows: gcp.rest,
      workflowexecutions: gcp.rest,
      storagetransfer: gcp.rest,
    },
  } as const;
  await ensureRoles(place, AbortSignal.timeout(30_000));
  let moved = 0;
  const notOurs = new Set<number>();

  return {
    cloud: "gcp",
    place,
    who: { account: gcp.project, accountNumber: gcp.projectNumber, principal: "conformance" },
    eyes,
    async byOthers(run) {
      const before = journal.entries().length;
      try {
        return await run(eyes);
      } finally {
        for (const { sequence } of journal.entries().slice(before)) notOurs.add(sequence);
      }
    },
    connect: () => connectGcp(place, { now: () => Date.now() + moved }) as AnyConnection,
    writes: () =>
      journal
        .entries()
        .filter(({ mutating, sequence }) => mutating && !notOurs.has(sequence))
        .map(({ method, code, request }) => ({
          operation: method.slice(method.lastIndexOf(".") + 1),
          ok: code === "OK",
          request,
        })),
    troubles: new Set<Trouble>(["denied", "throttled", "unavailable", "lost"]),
    troubleReads(trouble) {
      for (const method of READS) faults.add({ method, ...effect(trouble) });
    },
    troubleSome: (trouble, share) => void faults.add({ probability: share, ...effect(trouble) }),
    troubleWrite: (method, trouble, skip = 0, times = 1) =>
      void faults.add({ method, skip, ...(times === Number.POSITIVE_INFINITY ? {} : { times }), ...effect(trouble) }),
    freezeReads: () => void faults.add({ freezeReads: true }),
    heal: () => faults.clear(),
    advance(ms) {
      moved += ms;
      gcp.control.advance(ms);
    },
    operationsTake(ms) {
      settings.operationMillis = ms;
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    stop: () => eyes.close(),
  };
}

function effect(trouble: Trouble) {
  if (trouble in CODES) return { error: { code: CODES[trouble as keyof typeof CODES] } };
  if (trouble === "lost") return { dropReply: true };
  throw new Error(`The GCP cloud can't make a reply ${trouble}.`);
}
