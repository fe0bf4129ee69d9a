/** What the peers in JavaScript ask of the cloud's stand-in: just as much of SQS's JSON protocol as it understands. */

/** What the peers read of a Queue. */
export interface Queue {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly generation: number;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly processingTimeout: string };
  readonly status?: { readonly externalId?: string; readonly observedGeneration?: number };
}

/** Sends a body to the stand-in. */
export type Post = (
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<{ status: number; text: string }>;

/** With Node's own fetch. */
export const fetchTo =
  (endpoint: string): Post =>
  async (headers, body) => {
    const reply = await fetch(endpoint, { method: "POST", headers, body });
    return { status: reply.status, text: await reply.text() };
  };

export function sqs(post: Post) {
  async function call(action: string, body: object): Promise<Record<string, string>> {
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` };
    const { status, text } = await post(headers, JSON.stringify(body));
    if (status !== 200) throw new Error(`${action}: ${status} ${text}`);
    return JSON.parse(text) as Record<string, string>;
  }
  return {
    /** Makes the queue, or changes the one that there is. @returns its URL */
    async put({ metadata, spec, status }: Queue): Promise<string> {
      const Attributes = { VisibilityTimeout: spec.processingTimeout.replace(/s$/, "") };
      const QueueUrl = status?.externalId;
      if (QueueUrl === undefined) {
        const QueueName = `bench-${metadata.namespace}-${metadata.name}`;
        return (await call("CreateQueue", { QueueName, Attributes })).QueueUrl as string;
      }
      await call("SetQueueAttributes", { QueueUrl, Attributes });
      return QueueUrl;
    },
    async delete({ status }: Queue): Promise<void> {
      if (status?.externalId !== undefined) await call("DeleteQueue", { QueueUrl: status.externalId });
    },
  };
}

/** Whether the cloud has what spec asks for, as far as status tells. */
export const isDone = ({ metadata, status }: Queue): boolean =>
  status?.externalId !== undefined && status.observedGeneration === metadata.generation;

/** The status of a Queue that was made: the same from each peer. */
export function readyStatus(generation: number, url: string) {
  const ready = { type: "Ready", status: "True", reason: "Available", message: "made" };
  return {
    observedGeneration: generation,
    externalId: url,
    conditions: [{ ...ready, lastTransitionTime: new Date().toISOString(), observedGeneration: generation }],
  };
}
