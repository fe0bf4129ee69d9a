/** Notifications through Pub/Sub: https://cloud.google.com/storage/docs/pubsub-notifications */
import { z } from "zod";
import type { Message } from "../../engine/messages.ts";
import type { World } from "../../engine/world.ts";
import { allows } from "../iam/grants.ts";
import { TOPIC } from "../pubsub/topics.ts";
import type { Stored } from "./bucket-rules.ts";
import { refuseForeign, touch } from "./buckets.ts";
import { AGENT, agentOf, bucketName, bucketOf, NOTIFICATION, rfc3339 } from "./names.ts";
import { type Generation, shownObject } from "./objects.ts";
import { absent, bad, forbidden } from "./refusals.ts";
import type { Methods, StorageCall } from "./routes.ts";

const EVENTS = ["OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"] as const;
export type Event = (typeof EVENTS)[number];

/** Tells the topics that want it. What can't be delivered is lost, as a topic that is gone is not Cloud Storage's to mend. */
export type Notify = (
  bucket: Stored,
  event: Event,
  object: Generation,
  base: string,
  attributes: Readonly<Record<string, string>>,
) => Promise<void>;

const MAXIMUM = 100;
const PER_EVENT = 10;
const SERVICE = "//pubsub.googleapis.com/";

const schema = z.strictObject({
  topic: z.string(),
  payload_format: z.enum(["JSON_API_V1", "NONE"]),
  event_types: z.array(z.enum(EVENTS)).optional(),
  object_name_prefix: z.string().max(1024).optional(),
  custom_attributes: z.record(z.string().max(256), z.string().max(1024)).optional(),
});

interface Configuration extends z.infer<typeof schema> {
  readonly [field: string]: unknown;
  readonly id: string;
}

const configurationsOf = (view: StorageCall["view"], bucket: string): readonly Configuration[] =>
  view.list(NOTIFICATION, `${bucketName(bucket)}/notificationConfigs/`) as readonly Configuration[];

const shown = (base: string, bucket: string, one: Configuration) => ({
  kind: "storage#notification",
  selfLink: `${base}/storage/v1/b/${bucket}/notificationConfigs/${one.id}`,
  ...one,
  etag: one.id,
});

/** The name of the topic, as Pub/Sub has it. */
const topicOf = ({ topic }: Pick<Configuration, "topic">): string => topic.slice(SERVICE.length);

function create(call: StorageCall) {
  const { world, body } = call;
  const { store, project } = world;
  const { bucket: id } = call.parameters;
  refuseForeign(call, id, "storage.buckets.update");
  const bucket = bucketOf(store, id);
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw bad(`Invalid notification: ${z.prettifyError(parsed.error)}`);
  const sent = parsed.data;
  if (!/^\/\/pubsub\.googleapis\.com\/projects\/[^/]+\/topics\/[^/]+$/.test(sent.topic))
    throw bad(`Invalid Google Cloud Pub/Sub topic. It should look like '${SERVICE}projects/*/topics/*'.`);
  if (Object.keys(sent.custom_attributes ?? {}).length > 5) throw bad("At most 5 custom attributes are allowed.");
  const others = configurationsOf(store, id);
  if (others.length >= MAXIMUM) throw bad(`A bucket has at most ${String(MAXIMUM)} notification configurations.`);
  for (const event of sent.event_types ?? EVENTS)
    if (others.filter(({ event_types }) => (event_types ?? EVENTS).includes(event)).length >= PER_EVENT)
      throw bad(`Too many overlapping notification configurations for ${event}: at most ${String(PER_EVENT)}.`);
  const agent = agentOf(project.number);
  if (store.get(TOPIC, topicOf(sent)) === undefined)
    throw bad(`Cloud Pub/Sub topic '${sent.topic}' not found, or user '${agent}' does not have permission to it.`);
  if (!allows(world, `serviceAccount:${agent}`, "pubsub.topics.publish", topicOf(sent)))
    throw forbidden(
      `The service account '${agent}' does not have permission to publish messages to to the Cloud Pub/Sub topic '${sent.topic}', or that topic does not exist.`,
    );
  const next = String(Math.max(0, ...others.map((one) => Number(one.id))) + 1);
  const made = { ...sent, id: next } as Configuration;
  store.put(NOTIFICATION, `${bucketName(id)}/notificationConfigs/${next}`, made);
  touch(world, bucket);
  return shown(call.base, id, made);
}

function found(call: StorageCall, view: StorageCall["view"]): Configuration {
  const { bucket, notification } = call.parameters;
  bucketOf(view, bucket);
  const one = view.get(NOTIFICATION, `${bucketName(bucket)}/notificationConfigs/${notification}`);
  if (one === undefined) throw absent(`The specified notification configuration does not exist: ${notification}.`);
  return one as Configuration;
}

function list(call: StorageCall) {
  const { bucket } = call.parameters;
  refuseForeign(call, bucket, "storage.buckets.get");
  bucketOf(call.view, bucket);
  const items = configurationsOf(call.view, bucket).map((one) => shown(call.base, bucket, one));
  return { kind: "storage#notifications", ...(items.length > 0 ? { items } : {}) };
}

function remove(call: StorageCall) {
  const { world } = call;
  const { bucket } = call.parameters;
  refuseForeign(call, bucket, "storage.buckets.update");
  const { id } = found(call, world.store);
  world.store.delete(NOTIFICATION, `${bucketName(bucket)}/notificationConfigs/${id}`);
  touch(world, bucketOf(world.store, bucket));
  return undefined;
}

function serviceAccount(call: StorageCall) {
  const { project } = call.parameters;
  const { id, number } = call.world.project;
  if (project !== id && project !== number)
    throw forbidden(
      `The caller does not have resourcemanager.projects.get access to the Google Cloud project ${project}.`,
    );
  const email = agentOf(number);
  call.world.store.put(AGENT, `serviceAccount:${email}`, { email });
  return { kind: "storage#serviceAccount", email_address: email };
}

const at = "/storage/v1/b/{bucket}/notificationConfigs";
export const notificationMethods: Methods = [
  { name: "CreateNotificationConfig", at: `POST ${at}`, run: create },
  { name: "ListNotificationConfigs", at: `GET ${at}`, run: list },
  {
    name: "GetNotificationConfig",
    at: `GET ${at}/{notification}`,
    run: (call) => shown(call.base, call.parameters.bucket, found(call, call.view)),
  },
  { name: "DeleteNotificationConfig", at: `DELETE ${at}/{notification}`, run: remove },
  { name: "GetServiceAccount", at: "GET /storage/v1/projects/{project}/serviceAccount", run: serviceAccount },
];

/** @param publish to a topic that exists */
export function newNotify(
  world: World,
  publish: (topic: string, messages: readonly Message[]) => Promise<unknown>,
): Notify {
  const agent = `serviceAccount:${agentOf(world.project.number)}`;
  return async (bucket, event, object, base, attributes) => {
    const { name, generation } = object.resource;
    const wanted = configurationsOf(world.store, bucket.name).filter(
      ({ event_types, object_name_prefix }) =>
        (event_types ?? EVENTS).includes(event) && name.startsWith(object_name_prefix ?? ""),
    );
    for (const one of wanted) {
      const topic = topicOf(one);
      const open = world.store.get(TOPIC, topic) && allows(world, agent, "pubsub.topics.publish", topic);
      if (!open) continue;
      const message = {
        ...(one.payload_format === "NONE" ? {} : { data: Buffer.from(JSON.stringify(shownObject(object, base))) }),
        attributes: {
          ...one.custom_attributes,
          notificationConfig: `${bucketName(bucket.name)}/notificationConfigs/${one.id}`,
          eventType: event,
          payloadFormat: one.payload_format,
          bucketId: bucket.name,
          objectId: name,
          objectGeneration: generation,
          eventTime: rfc3339(world.clock.now()),
          ...attributes,
        },
      };
      await publish(topic, [message]);
    }
  };
}
