/** google.cloud.eventarc.v1 and google.cloud.eventarc.publishing.v1: buses that events are really handed on by. */
import { CloudError, httpStatus, invalid, notFound, toCloudError, unimplemented } from "../../engine/errors.ts";
import { child, list, type Message, millisOf, text } from "../../engine/messages.ts";
import type { Handler, World } from "../../engine/world.ts";
import { allows } from "../iam/grants.ts";
import type { ServiceModule } from "../module.ts";
import { inTurn } from "../turns.ts";
import { type CallWorkflows, checkAccount } from "../workflows/http-call.ts";
import { boundBody, isMatch } from "./cel.ts";
import { type CloudEvent, readCloudEvent } from "./cloud-event.ts";
import { BUS, buses, ENROLLMENT, enrollments, PIPELINE, pipelines } from "./resources.ts";

export interface EventarcParts {
  readonly world: World;
  /** @returns message ids */
  publish(topic: string, messages: readonly Message[]): Promise<string[]>;
  readonly callWorkflows: CallWorkflows;
}

const SERVICE = "google.cloud.eventarc.v1.Eventarc";
const PUBLISHER = "google.cloud.eventarc.publishing.v1.Publisher";
const TICK_MILLIS = 1000;

/** An event on its way through a pipeline. */
interface Delivery {
  readonly pipeline: string;
  readonly event: CloudEvent;
  readonly attempts: number;
  /** Milliseconds since the epoch, by the cloud's clock. */
  readonly due: number;
}

/** What an endpoint answers that is tried again: https://cloud.google.com/eventarc/advanced/docs/retry-events */
const TRANSIENT = [408, 409, 429, 500, 502, 503, 504];

/** Of what is published nothing is said there: it is always tried again. */
const isTransient = (pipeline: Message, error: unknown): boolean =>
  !child(list(pipeline, "destinations")[0] ?? {}, "httpEndpoint") ||
  TRANSIENT.includes(httpStatus(toCloudError(error).code));

export function eventarc({ world, publish, callWorkflows }: EventarcParts): ServiceModule {
  const { store, clock } = world;
  let waiting: readonly Delivery[] = [];

  const agent = `serviceAccount:service-${world.project.number}@gcp-sa-eventarc.iam.gserviceaccount.com`;

  async function deliver(destination: Message, event: CloudEvent): Promise<void> {
    const endpoint = child(destination, "httpEndpoint");
    if (endpoint) callEndpoint(endpoint, child(destination, "authenticationConfig") ?? {}, event);
    else await publishTo(text(destination, "topic"), event);
  }

  /** With a token of the account that the pipeline names, which the service agent of Eventarc needs the right to make. */
  function callEndpoint(endpoint: Message, config: Message, event: CloudEvent): void {
    const account = child(config, "oauthToken")?.serviceAccount as string | undefined;
    if (account !== undefined) {
      const name = checkAccount(world, account);
      if (!allows(world, agent, "iam.serviceAccounts.getAccessToken", name))
        throw new CloudError("PERMISSION_DENIED", `${agent} may not make tokens of ${account}.`);
    }
    const body = boundBody(text(endpoint, "messageBindingTemplate"), event);
    callWorkflows(text(endpoint, "uri"), body, account);
  }

  /** As the service agent of Eventarc, which needs the right to. */
  async function publishTo(topic: string, { attributes, data }: CloudEvent): Promise<void> {
    if (!allows(world, agent, "pubsub.topics.publish", topic))
      throw new CloudError("PERMISSION_DENIED", `${agent} may not publish to ${topic}.`);
    const named = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]);
    await publish(topic, [{ ...(data.length > 0 ? { data } : {}), attributes: Object.fromEntries(named) }]);
  }

  /** What is left to do with it: nothing once it is through or refused for good, its pipeline is gone, or it was tried often enough. */
  async function attempt(delivery: Delivery): Promise<Delivery | undefined> {
    const pipeline = store.get(PIPELINE, delivery.pipeline);
    if (pipeline === undefined) return undefined;
    try {
      await deliver(list(pipeline, "destinations")[0] ?? {}, delivery.event);
      return undefined;
    } catch (error) {
      if (!isTransient(pipeline, error)) return undefined;
      const attempts = delivery.attempts + 1;
      const retry = child(pipeline, "retryPolicy") ?? {};
      if (attempts >= Number(retry.maxAttempts)) return undefined;
      const delay = (field: string) => millisOf(child(retry, field) ?? {});
      const wait = Math.min(delay("minRetryDelay") * 2 ** (attempts - 1), delay("maxRetryDelay"));
      return { ...delivery, attempts, due: clock.now() + wait };
    }
  }

  const run = inTurn(async () => {
    const now = clock.now();
    const due = waiting.filter((one) => one.due <= now);
    waiting = waiting.filter((one) => one.due > now);
    for (const one of due) {
      const left = await attempt(one);
      if (left !== undefined) waiting = [...waiting, left];
    }
  });

  const publishEvent: Handler = ({ request }) => {
    const bus = text(request, "messageBus");
    if (store.get(BUS, bus) === undefined) throw notFound(bus);
    if (request.protoMessage !== undefined || request.avroMessage !== undefined)
      throw unimplemented("The test bed's buses take events in JSON only.");
    if (text(request, "jsonMessage") === "") throw invalid("A message is required.", "json_message");
    const event = readCloudEvent(text(request, "jsonMessage"));
    const matched = store
      .list(ENROLLMENT, "projects/")
      .filter((one) => one.messageBus === bus && isMatch(text(one, "celMatch"), event.attributes));
    const due = clock.now();
    waiting = [...waiting, ...matched.map((one) => ({ pipeline: text(one, "destination"), event, attempts: 0, due }))];
    void run();
    return {};
  };

  const lacking: Handler = () => {
    throw unimplemented("The test bed's Eventarc has no channels.");
  };

  const timer = setInterval(() => void run(), TICK_MILLIS).unref();
  return {
    services: [SERVICE, PUBLISHER],
    semantics: { [BUS]: buses, [ENROLLMENT]: enrollments, [PIPELINE]: pipelines },
    unary: {
      [`${PUBLISHER}.Publish`]: publishEvent,
      [`${PUBLISHER}.PublishEvents`]: lacking,
      [`${PUBLISHER}.PublishChannelConnectionEvents`]: lacking,
    },
    advanced: () => void run(),
    async reset() {
      waiting = [];
      await run.idle();
    },
    async close() {
      clearInterval(timer);
      waiting = [];
      await run.idle();
    },
  };
}
