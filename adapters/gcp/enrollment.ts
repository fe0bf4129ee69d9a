import type { EventRuleOutputs, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { sideBySide, step } from "../../operator/provider/fault.ts";
import { jointOwner } from "../../operator/provider/joint-owner.ts";
import { HOLDER_MARKS, mergeTags, ownerOf, type Tags } from "../../operator/provider/owner.ts";
import type { Call, Present, Provider } from "../../operator/provider/provider.ts";
import {
  actualEnrollment,
  fitEnrollment,
  outputsOf,
  type Parts,
  PIPELINE_MASK,
  toEnrollment,
  toPipeline,
} from "./enrollment-shape.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Enrollment, Pipeline } from "./eventarc.ts";
import type { Operation } from "./firestore.ts";
import type { Gcp } from "./gcp.ts";
import { sameLabels } from "./labels.ts";
import { ensureMessageBus, messageBusName } from "./message-bus.ts";
import { eventarcName, shortName } from "./names.ts";
import { marksOf, refuseForeign, without } from "./owner.ts";
import { holds, withMember } from "./policy.ts";
import { createProgress, type Running } from "./progress.ts";
import { asStarter } from "./workflow-start.ts";

type Seen = Present<EventRuleWant, EventRuleOutputs>;
type Needs = Pick<Gcp, "place" | "eventarc" | "pubsubPolicies" | "projectNumber" | "now">;

const PUBLISHER = "roles/pubsub.publisher";
const DOING = { create: "making", change: "changing", delete: "deleting" } as const;

/**
 * An EventRule with a pattern: an enrollment on the message bus of its Environment, and a pipeline of the same name that
 * publishes to the target's topic as Eventarc's service agent, or starts a workflow. Bus, right, pipeline and enrollment are
 * made in this order, each by an operation; what is not yet through or was cut off is found by the next look and made by
 * `update`. The delete goes backwards. The agent's right to publish stays: it opens nothing by itself, and other rules may
 * need it.
 */
export function enrollmentProvider(gcp: Needs): Provider<EventRuleWant, EventRuleOutputs> {
  const { place, eventarc, pubsubPolicies } = gcp;
  const bus = messageBusName(place);
  const idOf = (name: string) => eventarcName(place.account, place.region, "enrollments", name);
  const pipelineOf = (id: string) => eventarcName(place.account, place.region, "pipelines", shortName(id));
  const progress = createProgress(eventarc, gcp.now);

  const through = (id: string, doing: Running["doing"], begun: Operation | undefined, call: Call): Promise<boolean> =>
    progress.through(id, doing, begun, call.signal);

  const partsOf = async (id: string, call: Call): Promise<Parts> => {
    const [enrollment, pipeline] = await sideBySide([
      eventarc.get("enrollments", id, call.signal),
      eventarc.get("pipelines", pipelineOf(id), call.signal),
    ]);
    return { enrollment, pipeline };
  };

  const agent = async (call: Call) => ({
    role: PUBLISHER,
    member: `serviceAccount:service-${await gcp.projectNumber(call.signal)}@gcp-sa-eventarc.iam.gserviceaccount.com`,
  });

  /** A workflow is started by an account that somebody else gives the right to. */
  async function letPublish({ target: { id: topic }, targetIs }: EventRuleWant, call: Call): Promise<void> {
    if (targetIs.kind === "Workflow") return;
    await step(`let Eventarc publish to ${topic}`, async () => {
      const member = await agent(call);
      await pubsubPolicies.edit(topic, (policy) => withMember(policy, member), call.signal);
    });
  }

  /** A topic that is gone lets nobody publish: the target is then what differs. Who may start a workflow isn't looked up. */
  async function maySend(pipeline: Pipeline | undefined, call: Call): Promise<boolean> {
    const topic = pipeline?.destinations?.[0]?.topic;
    if (topic === undefined) return true;
    const [member, policy] = [await agent(call), await pubsubPolicies.read(topic, call.signal).catch(gone)];
    return policy !== undefined && holds(policy, member);
  }

  /** Creates a part, or finds the one that a crash left there. False: Eventarc still works on it. */
  async function makePart(
    collection: "enrollments" | "pipelines",
    id: string,
    part: Enrollment | Pipeline,
    call: Call,
  ): Promise<boolean> {
    const name = part.name ?? "";
    const { name: _name, ...body } = part;
    try {
      return await asStarter(place.account, async () => {
        const made = await step(`create ${name}`, () => eventarc.create(collection, name, body, call.signal));
        return through(id, "create", made, call);
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      refuseForeign(name, await eventarc.get(collection, name, call.signal), call.owner);
      return true;
    }
  }

  /** False: Eventarc still works on it, and the next look goes on. */
  async function makeMissing(id: string, want: EventRuleWant, parts: Parts, call: Call): Promise<boolean> {
    if (parts.enrollment && parts.pipeline) return true;
    await step(`make the message bus ${bus}`, () => ensureMessageBus(eventarc, place, call));
    await letPublish(want, call);
    const labels = mergeTags({}, want.tags);
    const pipeline = toPipeline(pipelineOf(id), want, labels);
    if (!parts.pipeline && !(await makePart("pipelines", id, pipeline, call))) return false;
    if (parts.enrollment) return true;
    return makePart("enrollments", id, toEnrollment(id, bus, pipelineOf(id), want, labels), call);
  }

  async function updatePipeline(id: string, pipeline: Pipeline, mask: readonly string[], call: Call): Promise<void> {
    if (mask.length === 0) return;
    const name = pipelineOf(id);
    await asStarter(place.account, async () => {
      const update = () => eventarc.update("pipelines", { ...pipeline, name }, mask, call.signal);
      await through(id, "change", await step(`update ${name}`, update), call);
    });
  }

  async function updateEnrollment(id: string, part: Enrollment, mask: readonly string[], call: Call): Promise<void> {
    if (mask.length === 0) return;
    await through(
      id,
      "change",
      await step(`update ${id}`, () => eventarc.update("enrollments", { ...part, name: id }, mask, call.signal)),
      call,
    );
  }

  /** Labels are replaced as a whole: only ours are changed. Empty: nothing to do. */
  const labelMask = (found: Enrollment | Pipeline | undefined, tags: Tags): readonly string[] =>
    found && !sameLabels(found.labels ?? {}, mergeTags(found.labels ?? {}, tags)) ? ["labels"] : [];

  async function mark(seen: Seen, tags: Tags, call: Call): Promise<void> {
    const { enrollment, pipeline } = await partsOf(seen.id, call);
    const labelled = (found: Enrollment | Pipeline | undefined) => ({ labels: mergeTags(found?.labels ?? {}, tags) });
    await updatePipeline(seen.id, labelled(pipeline), labelMask(pipeline, tags), call);
    await updateEnrollment(seen.id, labelled(enrollment), labelMask(enrollment, tags), call);
  }

  return {
    service: "eventarc",
    ids: "derived",
    immutable: [],
    fit: (want) => fitEnrollment(place.account, want),
    foresee: (name) => outputsOf(idOf(name), place.region),

    async observe(at, call) {
      const id = at.id ?? idOf(at.name);
      const [parts, doing] = await sideBySide([partsOf(id, call), progress.running(id, call.signal)]);
      const { enrollment, pipeline } = parts;
      const outputs = outputsOf(id, place.region);
      const working = doing && `Eventarc is ${DOING[doing.doing]} parts of ${id}.`;
      if (!enrollment && !pipeline) {
        // What is being made can't be seen yet; it was this process that asked for it.
        if (doing?.doing !== "create") return { exists: false };
        return { exists: true, id, owner: call.owner, phase: "pending", message: working, actual: {}, outputs };
      }
      const owners = [enrollment, pipeline].flatMap((part) => (part ? [ownerOf(part.labels ?? {})] : []));
      return {
        exists: true,
        id,
        owner: jointOwner(owners, call.owner),
        phase: doing ? "pending" : "ready",
        ...(working !== undefined
          ? { message: working }
          : (!enrollment || !pipeline) && {
              message: `The ${enrollment ? "pipeline" : "enrollment"} of ${id} is missing.`,
            }),
        actual: actualEnrollment(parts, { bus, pipeline: pipelineOf(id) }, await maySend(pipeline, call)),
        outputs,
      };
    },

    async list({ signal }) {
      const found = await eventarc.list("enrollments", idOf("").replace(/\/enrollments\/$/, ""), signal);
      return found.map(({ name = "" }) => ({ name: shortName(name), id: name }));
    },

    async create(name, want, call) {
      const id = idOf(name);
      const made = await makeMissing(id, want, { enrollment: undefined, pipeline: undefined }, call);
      return { id, ...(made && { outputs: outputsOf(id, place.region) }) };
    },

    async update(seen, want, changed, call) {
      const { id } = seen;
      const parts = await partsOf(id, call);
      const { enrollment, pipeline } = parts;
      if (enrollment && enrollment.messageBus !== bus) {
        // The bus of an enrollment is fixed; the next look finds none and makes it anew.
        await through(id, "delete", await step(`delete ${id}`, () => eventarc.delete(id, call.signal)), call);
        return;
      }
      if (!(await makeMissing(id, want, parts, call))) return;
      if (pipeline) {
        if (changed.has("target")) await letPublish(want, call);
        const fields = (["target", "overrides"] as const).filter((field) => changed.has(field));
        const labels = changed.has("tags") ? labelMask(pipeline, want.tags) : [];
        const next = toPipeline(pipelineOf(id), want, mergeTags(pipeline.labels ?? {}, want.tags));
        await updatePipeline(id, next, [...fields.flatMap((field) => PIPELINE_MASK[field]), ...labels], call);
      }
      if (enrollment) {
        const next = toEnrollment(id, bus, pipelineOf(id), want, mergeTags(enrollment.labels ?? {}, want.tags));
        const mask = [
          ...(next.celMatch === enrollment.celMatch ? [] : ["cel_match"]),
          ...(next.destination === enrollment.destination ? [] : ["destination"]),
          ...(changed.has("tags") ? labelMask(enrollment, want.tags) : []),
        ];
        await updateEnrollment(id, next, mask, call);
      }
    },

    async delete(seen, _at, call) {
      const enrollment = await step(`delete ${seen.id}`, () => eventarc.delete(seen.id, call.signal));
      // The pipeline goes once nothing uses it: the next look finds it and comes here again.
      if (!(await through(seen.id, "delete", enrollment, call))) return;
      const pipeline = pipelineOf(seen.id);
      const going = await step(`delete ${pipeline}`, () => eventarc.delete(pipeline, call.signal));
      await through(seen.id, "delete", going, call);
    },

    adopt: (seen, want, call) => mark(seen, marksOf(want.tags), call),
    release: (seen, call) => mark(seen, without(HOLDER_MARKS), call),
  };
}

function gone(error: unknown): undefined {
  if (isGone(error)) return undefined;
  throw error;
}

const isGone = (error: unknown): boolean => (error as { fault?: unknown }).fault === "notFound";
