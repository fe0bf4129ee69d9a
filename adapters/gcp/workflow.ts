import type { WorkflowOutputs, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { jointOwner } from "../../operator/provider/joint-owner.ts";
import { HOLDER_MARKS, mergeTags, ownerOf, type Tags } from "../../operator/provider/owner.ts";
import { marksIn, withoutHolder } from "../../operator/provider/owner-text.ts";
import type { At, Call, Present, Provider } from "../../operator/provider/provider.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Operation } from "./firestore.ts";
import type { Gcp } from "./gcp.ts";
import { parseRight, type Right, rightText } from "./grants.ts";
import { sameLabels } from "./labels.ts";
import { createMemberships, type Held } from "./memberships.ts";
import { shortName, workflowName } from "./names.ts";
import { marksOf, mayTake, refuseForeign, without } from "./owner.ts";
import { createProgress, type Running } from "./progress.ts";
import type { ServiceAccount } from "./service-accounts.ts";
import { accountOf, described, memberOf, ownerIn, toAccount } from "./workflow-account.ts";
import { workflowRuns } from "./workflow-runs.ts";
import {
  actualWorkflow,
  compiledFor,
  fitWorkflow,
  MASK,
  outputsOf,
  runsAsItself,
  stateOf,
  toWorkflow,
} from "./workflow-shape.ts";
import type { Workflow, WorkflowField } from "./workflows.ts";

type Seen = Present<WorkflowWant, WorkflowOutputs>;
type Needs = Pick<Gcp, "place" | "workflows" | "serviceAccounts" | "now"> & Parameters<typeof createMemberships>[0];

const DOING = { create: "making", change: "changing", delete: "deleting" } as const;

/** What a workflow is made of, as found. */
interface Parts {
  readonly workflow: Workflow | undefined;
  readonly account: ServiceAccount | undefined;
}

/**
 * A Workflow: a workflow of Cloud Workflows, and the service account that its runs act as, which holds just the rights that its
 * tasks need. Account, rights and workflow are made in this order; what was cut off is found by the next look, as its name
 * follows from the workflow's, and made by `update`. The delete goes backwards: a right of an account that is gone would stay in
 * policies as `deleted:…`.
 */
export function workflowProvider(gcp: Needs): Provider<WorkflowWant, WorkflowOutputs> {
  const { place, workflows, serviceAccounts } = gcp;
  const memberships = createMemberships(gcp);
  const progress = createProgress(workflows, gcp.now);
  const idOf = (name: string) => workflowName(place.account, place.region, name);
  const heldBy = (id: string, rights: readonly Right[]): readonly Held[] =>
    rights.map((right) => ({ right, member: memberOf(accountOf(id)) }));

  const partsOf = async (id: string, call: Call): Promise<Parts> => {
    const [workflow, account] = await sideBySide([
      workflows.get(id, call.signal),
      serviceAccounts.get(accountOf(id), call.signal),
    ]);
    return { workflow, account };
  };

  const through = (id: string, doing: Running["doing"], begun: Operation | undefined, call: Call): Promise<boolean> =>
    progress.through(id, doing, begun, call.signal);

  /** Creates the account, or finds the one that a crash left there. */
  async function ensureAccount(id: string, want: WorkflowWant, found: ServiceAccount | undefined, call: Call) {
    const email = accountOf(id);
    if (found) return refuseAccount(email, found, call);
    try {
      await step(`create the account ${email}`, () =>
        serviceAccounts.create(email, toAccount(id, want.tags), call.signal),
      );
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      refuseAccount(email, await serviceAccounts.get(email, call.signal), call);
    }
  }

  /** False: Workflows still works on it. */
  async function makeWorkflow(id: string, want: WorkflowWant, call: Call): Promise<boolean> {
    const { source } = compiledFor(place, want);
    try {
      const begun = await step(`create ${id}`, () =>
        workflows.create(id, toWorkflow(id, source, want, mergeTags({}, want.tags)), call.signal),
      );
      return await through(id, "create", begun, call);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      refuseForeign(id, await workflows.get(id, call.signal), call.owner);
      return true;
    }
  }

  const change = (id: string, workflow: Workflow, mask: readonly WorkflowField[], call: Call): Promise<boolean> =>
    mask.length === 0
      ? Promise.resolve(true)
      : step(`update ${id}`, async () =>
          through(id, "change", await workflows.update(id, workflow, mask, call.signal), call),
        );

  async function takeBack(id: string, rights: readonly Right[], call: Call): Promise<void> {
    await memberships.change([], heldBy(id, rights), call.signal);
    const email = accountOf(id);
    await step(`delete the account ${email}`, () => serviceAccounts.delete(email, call.signal));
  }

  /** Labels are replaced as a whole: only ours are changed. */
  async function mark(seen: Seen, labels: Tags, marks: (account: ServiceAccount) => Tags, call: Call): Promise<void> {
    const { workflow, account } = await partsOf(seen.id, call);
    if (workflow) {
      const next = mergeTags(workflow.labels ?? {}, labels);
      await change(seen.id, { labels: next }, sameLabels(workflow.labels ?? {}, next) ? [] : ["labels"], call);
    }
    if (account) await markAccount(seen.id, account, marks(account), call);
  }

  async function markAccount(id: string, { description = "" }: ServiceAccount, marks: Tags, call: Call): Promise<void> {
    const next = described(description, marks);
    const email = accountOf(id);
    if (next !== description)
      await step(`describe the account ${email}`, () => serviceAccounts.describe(email, next, call.signal));
  }

  return {
    service: "workflows",
    ids: "derived",
    immutable: [],
    fit: (want) => fitWorkflow(place, want),
    // All are rights of the account, whose name follows from that of the workflow.
    footprint: ({ permissions }) => permissions,
    foresee: (name) => outputsOf(idOf(name), place.region),

    async observe(at, call) {
      const id = at.id ?? idOf(at.name);
      const [parts, doing] = await knowing(id, () =>
        sideBySide([partsOf(id, call), progress.running(id, call.signal)]),
      );
      const { workflow, account } = parts;
      const outputs = outputsOf(id, place.region);
      const working = doing && `Workflows is ${DOING[doing.doing]} ${id}.`;
      if (!workflow && !account) {
        // What is being made can't be seen yet; it was this process that asked for it.
        if (doing?.doing !== "create") return { exists: false };
        return { exists: true, id, owner: call.owner, phase: "pending", message: working, actual: {}, outputs };
      }
      const owner = account && ownerIn(account, call.owner);
      const owners = [...(workflow ? [ownerOf(workflow.labels ?? {})] : []), ...(account ? [owner] : [])];
      const held = account ? await memberships.standing(heldBy(id, rightsIn(at)), call.signal) : [];
      const state = workflow ? stateOf(workflow) : ({ phase: "ready" } as const);
      return {
        exists: true,
        id,
        owner: jointOwner(owners, call.owner),
        phase: doing ? "pending" : state.phase,
        message: working ?? state.message ?? missing(id, parts),
        actual: actualWorkflow(id, {
          workflow,
          account: account && { owner },
          rights: held.map(({ right }) => right),
        }),
        outputs,
      };
    },

    async list({ signal }) {
      const found = await workflows.list(idOf("").replace(/\/workflows\/$/, ""), signal);
      return found.map(({ name = "" }) => ({ name: shortName(name), id: name }));
    },

    async create(name, want, call) {
      const id = idOf(name);
      const { workflow, account } = await partsOf(id, call);
      if (workflow) refuseForeign(id, workflow, call.owner);
      return knowing(id, async () => {
        await ensureAccount(id, want, account, call);
        await memberships.change(heldBy(id, compiledFor(place, want).rights), [], call.signal);
        if (workflow) return { id };
        const made = await makeWorkflow(id, want, call).catch(async (error: unknown) => {
          // Somebody else's came in between: what was made for it has no use.
          if (!account && isConflict(error)) await takeBack(id, compiledFor(place, want).rights, call);
          throw error;
        });
        return { id, ...(made && { outputs: outputsOf(id, place.region) }) };
      });
    },

    async update(seen, want, changed, call) {
      const { id } = seen;
      const { workflow, account } = await partsOf(id, call);
      const { source, rights } = compiledFor(place, want);
      const had = account ? new Set(seen.actual.permissions) : new Set<string>();
      await knowing(id, async () => {
        await ensureAccount(id, want, account, call);
        const missing = rights.filter((right) => !had.has(rightText(right)));
        await memberships.change(heldBy(id, missing), [], call.signal);
        if (account && changed.has("tags")) await markAccount(id, account, marksOf(want.tags), call);
        // What runs keeps its rights until there is a program that needs others.
        if (!(await changeWorkflow())) return;
        const wanted = new Set(rights.map(rightText));
        const idle = rightsOf(seen).filter((right) => !wanted.has(rightText(right)));
        await memberships.change([], heldBy(id, idle), call.signal);
      });

      async function changeWorkflow(): Promise<boolean> {
        if (!workflow) return makeWorkflow(id, want, call);
        const next = toWorkflow(id, source, want, mergeTags(workflow.labels ?? {}, want.tags));
        const mask: readonly WorkflowField[] = [
          ...[...changed].flatMap((field) => MASK[field] ?? []),
          // An account of the same name that was made anew is another one to Google.
          ...(account && runsAsItself(id, workflow) ? [] : (["serviceAccount"] as const)),
          ...(changed.has("tags") && !sameLabels(workflow.labels ?? {}, next.labels ?? {})
            ? (["labels"] as const)
            : []),
        ];
        return change(id, Object.fromEntries(mask.map((field) => [field, next[field]])), mask, call);
      }
    },

    async delete(seen, at, call) {
      const { id } = seen;
      const going = await step(`delete ${id}`, () => workflows.delete(id, call.signal));
      // Its runs may need the account to their end: the next look comes here again.
      if (!(await through(id, "delete", going, call))) return;
      const rights = new Map([...rightsIn(at), ...rightsOf(seen)].map((right) => [rightText(right), right]));
      await takeBack(id, [...rights.values()], call);
    },

    adopt: (seen, want, call) => {
      const marks = marksOf(want.tags);
      return mark(seen, marks, () => marks, call);
    },
    release: (seen, call) =>
      mark(seen, without(HOLDER_MARKS), ({ description = "" }) => withoutHolder(marksIn(description)), call),
    runs: workflowRuns(gcp),
  };
}

const isConflict = (error: unknown): boolean => error instanceof ProviderError && error.fault === "conflict";

const rightsIn = ({ footprint }: At): readonly Right[] => footprint.flatMap((line) => parseRight(line) ?? []);
const rightsOf = ({ actual }: Seen): readonly Right[] =>
  (actual.permissions ?? []).flatMap((line) => parseRight(line) ?? []);

function missing(id: string, { workflow, account }: Parts): string | undefined {
  if (workflow && account) return undefined;
  return workflow ? `The account ${accountOf(id)} of ${id} is missing.` : `${id} is missing; its account is there.`;
}

/** What was found in its place must be ours: then a crash left it there. @throws ProviderError */
function refuseAccount(email: string, found: ServiceAccount | undefined, { owner }: Call): void {
  if (!found)
    throw new ProviderError("transient", `${email} exists and can't be seen yet.`, { code: "ALREADY_EXISTS" });
  if (mayTake(ownerIn(found, owner), owner)) return;
  throw new ProviderError("conflict", `The account ${email} exists and does not carry our marks. It was left alone.`, {
    code: "ALREADY_EXISTS",
  });
}

/**
 * A new account is not known everywhere at once, and whoever has a workflow run as it must be let (iam.serviceAccounts.actAs):
 * Google's errors for the two name the account and don't say what to do.
 *
 * @throws ProviderError
 */
async function knowing<T>(id: string, run: () => Promise<T>): Promise<T> {
  const email = accountOf(id);
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ProviderError) || !error.message.includes(email)) throw error;
    const { code, requestId, step: at } = error;
    const more = { code, requestId, step: at, cause: error };
    if (error.fault === "invalid" && /does not exist|is invalid|not found/i.test(error.message))
      throw new ProviderError("transient", `The account ${email} was just made and is not known everywhere yet.`, more);
    if (error.fault !== "denied") throw error;
    throw new ProviderError(
      "denied",
      `${error.message} The operator must be let have workflows run as it: docs/guides/google-cloud.md.`,
      more,
    );
  }
}
