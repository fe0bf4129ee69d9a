import { ProviderError } from "../../operator/provider/fault.ts";

/** The last part of a resource name: `projects/P/topics/T` → `T`. */
export const shortName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** The project of a resource name. */
export const projectOf = (name: string): string => /^projects\/([^/]+)/.exec(name)?.[1] ?? "";

export const topicName = (project: string, queue: string): string => `projects/${project}/topics/${queue}`;
export const subscriptionName = (project: string, queue: string): string =>
  `projects/${project}/subscriptions/${queue}`;
export const databaseName = (project: string, database: string): string => `projects/${project}/databases/${database}`;
/** As google/storage/v2/storage.proto names it: buckets belong to no project by name. */
export const bucketName = (bucket: string): string => `projects/_/buckets/${bucket}`;

export const keyRingName = (project: string, location: string, ring: string): string =>
  `projects/${project}/locations/${location}/keyRings/${ring}`;
export const keyName = (ring: string, key: string): string => `${ring}/cryptoKeys/${key}`;
export const jobName = (project: string, location: string, job: string): string =>
  `projects/${project}/locations/${location}/jobs/${job}`;
export const workflowName = (project: string, location: string, workflow: string): string =>
  `projects/${project}/locations/${location}/workflows/${workflow}`;
/** Email of a service account of the project. A project of a domain, `example.com:p`, has it last. */
export const accountEmail = (project: string, id: string): string =>
  `${id}@${project.split(":").reverse().join(".")}.iam.gserviceaccount.com`;
export const accountName = (project: string, email: string): string => `projects/${project}/serviceAccounts/${email}`;
export const eventarcName = (
  project: string,
  location: string,
  collection: "messageBuses" | "enrollments" | "pipelines",
  id: string,
): string => `projects/${project}/locations/${location}/${collection}/${id}`;

const SUBSCRIPTION = /^projects\/([^/]+)\/subscriptions\/([^/]+)$/;
const TOPIC = /^projects\/([^/]+)\/topics\/([^/]+)$/;
const CRYPTO_KEY = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;
const WORKFLOW = /^projects\/[^/]+\/locations\/[^/]+\/workflows\/[^/]+$/;
const DATABASE = /^projects\/([^/]+)\/databases\/([^/]+)$/;

/** The topic of a queue, by its QUEUE_ID: a queue's topic and subscription have the same name. */
export function topicOfQueue(queueId: string): string {
  const [, project, queue] = SUBSCRIPTION.exec(queueId) ?? [];
  if (!project || !queue) throw notA("queue", queueId, "projects/<project>/subscriptions/<name>");
  return topicName(project, queue);
}

/** The QUEUE_ID of the queue that has this topic. What is no topic's name (`_deleted-topic_`) comes back as it is. */
export function queueOfTopic(topic: string): string {
  const [, project, queue] = TOPIC.exec(topic) ?? [];
  return project && queue ? subscriptionName(project, queue) : topic;
}

/** The topic that a target publishes to: a Topic's own, or that of a Queue. @throws ProviderError invalid */
export const targetTopic = (id: string): string => (id.includes("/subscriptions/") ? topicOfQueue(id) : topicOf(id));

/** A TOPIC_ID that is one. @throws ProviderError invalid */
export function topicOf(topicId: string): string {
  if (!TOPIC.test(topicId)) throw notA("topic", topicId, "projects/<project>/topics/<name>");
  return topicId;
}

/** Project and id of a database, by its TABLE_ID. */
export function databaseOfTable(tableId: string): { project: string; database: string } {
  const [, project, database] = DATABASE.exec(tableId) ?? [];
  if (!project || !database) throw notA("table", tableId, "projects/<project>/databases/<id>");
  return { project, database };
}

/** A WORKFLOW_ID that is one. @throws ProviderError invalid */
export function workflowOf(workflowId: string): string {
  if (!isWorkflow(workflowId))
    throw notA("workflow", workflowId, "projects/<project>/locations/<location>/workflows/<name>");
  return workflowId;
}

export const isWorkflow = (id: string): boolean => WORKFLOW.test(id);

/** The KEY_ID itself, once it is seen to be one. */
export function checkedKey(keyId: string): string {
  if (CRYPTO_KEY.test(keyId)) return keyId;
  throw notA("key", keyId, "projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>");
}

const notA = (what: string, id: string, form: string) =>
  new ProviderError("invalid", `"${id}" is no id of a ${what} on Google Cloud: ${form} is expected.`, { code: "ID" });
